//! Values.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::{Marks, Number, Path, PathStep, Refinement, SetValue, Type, Unknown};

/// A value of the language.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// No value, of a type ([`Type::Dynamic`] for a bare `null`).
    Null(Type),
    /// Not known yet.
    Unknown(Arc<Unknown>),
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text, NFC-normalised.
    String(Arc<str>),
    /// A list: the type of its elements, and the elements.
    List(Type, Arc<[Value]>),
    /// A set.
    Set(SetValue),
    /// A map: the type of its elements, and the elements by key.
    Map(Type, Arc<BTreeMap<Arc<str>, Value>>),
    /// A tuple.
    Tuple(Arc<[Value]>),
    /// An object.
    Object(Arc<BTreeMap<Arc<str>, Value>>),
    /// A value with marks; never nested directly in another `Marked`, never with no mark.
    Marked(Arc<Marked>),
}

/// A value and its marks.
#[derive(Clone, PartialEq, Eq)]
pub struct Marked {
    /// At least one.
    pub marks: Marks,
    /// The value; its elements may have marks of their own.
    pub value: Value,
}

impl Value {
    /// Text; normalised to NFC.
    pub fn string(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if is_nfc(text) { Self::String(text.into()) } else { Self::String(text.nfc().collect::<String>().into()) }
    }
    /// A bare `null`.
    pub const fn null() -> Self {
        Self::Null(Type::Dynamic)
    }
    /// A value of that type of which nothing else is known.
    pub fn unknown(ty: Type) -> Self {
        Self::Unknown(Arc::new(Unknown { ty, refinement: Refinement::default(), cause: None }))
    }
    /// A value of that type that is not known yet and will not be null.
    pub fn unknown_not_null(ty: Type) -> Self {
        let refinement = Refinement { not_null: true, ..Refinement::default() };
        Self::Unknown(Arc::new(Unknown { ty, refinement, cause: None }))
    }
    /// A value that waits for `cause` (`gate.root_ca`).
    pub fn unknown_because(ty: Type, cause: impl Into<Arc<str>>) -> Self {
        Self::Unknown(Arc::new(Unknown { ty, refinement: Refinement::default(), cause: Some(cause.into()) }))
    }
    /// A list whose elements have the type `element` (not checked).
    pub fn list(element: Type, items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(element, items.into_iter().collect())
    }
    /// A list of strings.
    pub fn strings<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::list(Type::String, items.into_iter().map(Self::string))
    }
    /// A set whose elements have the type `element`; marks of elements move to the set.
    pub fn set(element: Type, items: impl IntoIterator<Item = Self>) -> Self {
        let mut marks = Marks::NONE;
        let items: Vec<Self> = items
            .into_iter()
            .map(|item| {
                let (item, inner) = item.unmark_deep();
                marks = marks.union(inner);
                item
            })
            .collect();
        Self::Set(SetValue::new(element, items)).with_marks(marks)
    }
    /// A map whose elements have the type `element` (not checked).
    pub fn map<K: Into<Arc<str>>>(element: Type, entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(element, Arc::new(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
    }
    /// A tuple.
    pub fn tuple(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Tuple(items.into_iter().collect())
    }
    /// An object.
    pub fn object<K: Into<Arc<str>>>(attributes: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(Arc::new(attributes.into_iter().map(|(name, value)| (name.into(), value)).collect()))
    }

    /// Its type.
    pub fn ty(&self) -> Type {
        match self {
            Self::Null(ty) => ty.clone(),
            Self::Unknown(unknown) => unknown.ty.clone(),
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::List(element, _) => Type::list(element.clone()),
            Self::Set(set) => Type::set(set.element.clone()),
            Self::Map(element, _) => Type::map(element.clone()),
            Self::Tuple(items) => Type::tuple(items.iter().map(Self::ty)),
            Self::Object(attributes) => Type::object(attributes.iter().map(|(name, value)| (name.clone(), value.ty()))),
            Self::Marked(marked) => marked.value.ty(),
        }
    }

    /// The marks of the value itself, not of its elements.
    pub fn marks(&self) -> Marks {
        if let Self::Marked(marked) = self { marked.marks } else { Marks::NONE }
    }
    /// The marks of the value and of everything in it.
    pub fn marks_deep(&self) -> Marks {
        match self {
            Self::Marked(marked) => marked.marks.union(marked.value.marks_deep()),
            _ => self.elements().fold(Marks::NONE, |marks, element| marks.union(element.marks_deep())),
        }
    }
    /// The value without its own marks, borrowed.
    pub fn unmarked(&self) -> &Self {
        if let Self::Marked(marked) = self { &marked.value } else { self }
    }
    /// The value and its own marks, apart.
    pub fn unmark(self) -> (Self, Marks) {
        match self {
            Self::Marked(marked) => (marked.value.clone(), marked.marks),
            other => (other, Marks::NONE),
        }
    }
    /// The value without any mark in it, and the union of what was there.
    pub fn unmark_deep(self) -> (Self, Marks) {
        let marks = self.marks_deep();
        if marks.is_empty() {
            return (self, marks);
        }
        (self.transform(&mut |_, value| value.unmark().0), marks)
    }
    /// The value with these marks added.
    #[must_use]
    pub fn with_marks(self, marks: Marks) -> Self {
        if marks.is_empty() {
            return self;
        }
        let (value, own) = self.unmark();
        Self::Marked(Arc::new(Marked { marks: own.union(marks), value }))
    }
    /// The value with that mark removed from its outside.
    #[must_use]
    pub fn without_marks(self, marks: Marks) -> Self {
        let (value, own) = self.unmark();
        value.with_marks(own.without(marks))
    }
    /// The content of a value whatever its marks: the one way out of the value world for what is sensitive or ephemeral. `reason` says
    /// for the reader of the code why the receiver may have it.
    pub fn expose(&self, reason: &'static str) -> Self {
        debug_assert!(!reason.is_empty(), "a reason is needed");
        self.clone().unmark_deep().0
    }

    /// True for null, marked or not.
    pub fn is_null(&self) -> bool {
        matches!(self.unmarked(), Self::Null(_))
    }
    /// True unless the value itself is unknown; its elements may be.
    pub fn is_known(&self) -> bool {
        !matches!(self.unmarked(), Self::Unknown(_))
    }
    /// True when nothing in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Marked(marked) => marked.value.is_wholly_known(),
            _ => self.elements().all(Self::is_wholly_known),
        }
    }
    /// What the first unknown part of it waits for.
    pub fn cause(&self) -> Option<Arc<str>> {
        match self {
            Self::Unknown(unknown) => unknown.cause.clone(),
            Self::Marked(marked) => marked.value.cause(),
            _ => self.elements().find_map(Self::cause),
        }
    }

    /// The direct elements, of whatever kind of container; none of a scalar.
    pub fn elements(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match self {
            Self::List(_, items) | Self::Tuple(items) => Box::new(items.iter()),
            Self::Set(set) => Box::new(set.items.iter()),
            Self::Map(_, entries) => Box::new(entries.values()),
            Self::Object(attributes) => Box::new(attributes.values()),
            Self::Marked(marked) => marked.value.elements(),
            _ => Box::new(std::iter::empty()),
        }
    }
    /// How many elements a known container has, or how many bytes… never of a string: `None`.
    pub fn length(&self) -> Option<usize> {
        match self.unmarked() {
            Self::List(_, items) | Self::Tuple(items) => Some(items.len()),
            Self::Set(set) => Some(set.items.len()),
            Self::Map(_, entries) => Some(entries.len()),
            Self::Object(attributes) => Some(attributes.len()),
            _ => None,
        }
    }
    /// An attribute of a known object or an element of a known map, with the marks of the container.
    pub fn get(&self, name: &str) -> Option<Self> {
        match self.unmarked() {
            Self::Object(entries) | Self::Map(_, entries) => entries.get(name).map(|value| value.clone().with_marks(self.marks())),
            _ => None,
        }
    }
    /// The value at a path, with the marks on the way; `None` where the path leads nowhere.
    pub fn at(&self, path: &Path) -> Option<Self> {
        let mut value = self.clone();
        for step in &path.0 {
            let marks = value.marks();
            let next = match (step, value.unmarked()) {
                (_, Self::Unknown(_)) => return Some(Self::unknown(Type::Dynamic).with_marks(marks)),
                (PathStep::Attr(name), Self::Object(entries) | Self::Map(_, entries)) => entries.get(name).cloned(),
                (PathStep::Index(key), Self::List(_, items) | Self::Tuple(items)) => key.as_u64().and_then(|at| items.get(at as usize)).cloned(),
                (PathStep::Index(key), Self::Map(_, entries) | Self::Object(entries)) => key.as_str().and_then(|key| entries.get(key)).cloned(),
                (PathStep::Index(key), Self::Set(set)) => set.items.iter().find(|item| *item == key).cloned(),
                _ => None,
            };
            value = next?.with_marks(marks);
        }
        Some(value)
    }

    /// The text of a known, non-null, unmarked string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }
    /// The truth of a known, non-null, unmarked bool.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }
    /// The number of a known, non-null, unmarked number.
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }
    /// A known whole number that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::to_i64)
    }
    /// A known whole number that is not negative and fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i64().and_then(|number| u64::try_from(number).ok())
    }

    /// Rebuilds the value from the inside out: `change` gets each value with its path after its elements were changed. A change must keep the
    /// type of an element of a list, set or map.
    #[must_use]
    pub fn transform(&self, change: &mut dyn FnMut(&Path, Self) -> Self) -> Self {
        let mut path = Path::root();
        self.transform_at(&mut path, change)
    }

    fn transform_at(&self, path: &mut Path, change: &mut dyn FnMut(&Path, Self) -> Self) -> Self {
        let rebuilt = match self {
            Self::Marked(marked) => {
                // The inner value takes part in the change together with its marks, as one.
                let inner = marked.value.transform_inside(path, change);
                Self::Marked(Arc::new(Marked { marks: marked.marks, value: inner }))
            }
            other => other.transform_inside(path, change),
        };
        change(path, rebuilt)
    }

    fn transform_inside(&self, path: &mut Path, change: &mut dyn FnMut(&Path, Self) -> Self) -> Self {
        let mut step = |step: PathStep, item: &Self| {
            path.0.push(step);
            let changed = item.transform_at(path, change);
            path.0.pop();
            changed
        };
        let number = |at: usize| PathStep::Index(Self::from(at as u64));
        let key = |key: &Arc<str>| PathStep::Index(Self::String(key.clone()));
        match self {
            Self::List(ty, items) => Self::List(ty.clone(), items.iter().enumerate().map(|(at, item)| step(number(at), item)).collect()),
            Self::Tuple(items) => Self::Tuple(items.iter().enumerate().map(|(at, item)| step(number(at), item)).collect()),
            Self::Set(set) => Self::set(set.element.clone(), set.items.iter().map(|item| step(PathStep::Index(item.clone()), item)).collect::<Vec<_>>()),
            Self::Map(ty, entries) => Self::map(ty.clone(), entries.iter().map(|(name, item)| (name.clone(), step(key(name), item))).collect::<Vec<_>>()),
            Self::Object(entries) => Self::object(entries.iter().map(|(name, item)| (name.clone(), step(PathStep::Attr(name.clone()), item))).collect::<Vec<_>>()),
            other => other.clone(),
        }
    }
}

/// For tests and logs: the content, except where it is sensitive or ephemeral.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null(ty) => write!(f, "null:{ty}"),
            Self::Unknown(unknown) => match &unknown.cause {
                Some(cause) => write!(f, "unknown:{}({cause})", unknown.ty),
                None => write!(f, "unknown:{}", unknown.ty),
            },
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::String(text) => write!(f, "{text:?}"),
            Self::List(_, items) | Self::Tuple(items) => f.debug_list().entries(items.iter()).finish(),
            Self::Set(set) => f.debug_set().entries(set.items.iter()).finish(),
            Self::Map(_, entries) | Self::Object(entries) => f.debug_map().entries(entries.iter()).finish(),
            Self::Marked(marked) if marked.marks.is_ephemeral() => f.write_str("(ephemeral)"),
            Self::Marked(_) => f.write_str("(sensitive)"),
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}
impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Number(i64::from(number).into())
    }
}
impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}
impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}
impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        if is_nfc(&text) { Self::String(text) } else { Self::string(&*text) }
    }
}
