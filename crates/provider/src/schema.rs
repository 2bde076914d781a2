//! Schemas: the shape of a provider's configuration, resources and data sources.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use weir_value::{Marks, Path, PathStep, Type, Value};

use crate::{FunctionSchema, Schemas};

/// All that a provider offers.
#[derive(Clone, Debug, Default)]
pub struct ProviderSchema {
    /// Its configuration block.
    pub config: Schema,
    /// Managed resource types by name.
    pub resources: Schemas,
    /// Data sources by name.
    pub data_sources: Schemas,
    /// Ephemeral resource types by name.
    pub ephemeral: Schemas,
    /// Functions by name.
    pub functions: BTreeMap<Arc<str>, Arc<FunctionSchema>>,
}

/// The shape of one kind of object.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// The version of the state format of the type.
    pub version: u64,
    /// Its attributes and blocks.
    pub block: Block,
    /// Computed attributes that give out what another argument holds: the attribute, then the argument. Such an attribute is as sensitive as its argument is.
    /// Native types only.
    pub mirrors: Vec<(&'static str, &'static str)>,
    ty: OnceLock<Type>,
}

impl Schema {
    /// A schema of that version.
    pub fn new(version: u64, block: Block) -> Self {
        Self { version, block, mirrors: Vec::new(), ty: OnceLock::new() }
    }

    /// The same schema, in which the attribute `of` gives out what the argument `from` holds.
    #[must_use]
    pub fn mirroring(mut self, of: &'static str, from: &'static str) -> Self {
        self.mirrors.push((of, from));
        self
    }

    /// An object of this schema in which what mirrors an argument has the marks of that argument: where they are, as far as the attribute has the same shape,
    /// else as a whole.
    pub fn mark_mirrors(&self, object: Value) -> Value {
        let Value::Object(entries) = &object else { return object };
        let mut changed = None;
        for (of, from) in &self.mirrors {
            let (Some(to), Some(argument)) = (entries.get(*of), entries.get(*from)) else { continue };
            if argument.marks_deep().is_empty() {
                continue;
            }
            let marked = mirrored(to, argument);
            changed.get_or_insert_with(|| BTreeMap::clone(entries)).insert(Arc::from(*of), marked);
        }
        changed.map_or(object, |entries| Value::Object(Arc::new(entries)))
    }

    /// The object type of a value of this schema; made once.
    pub fn ty(&self) -> &Type {
        self.ty.get_or_init(|| self.block.ty())
    }
}

fn mirrored(to: &Value, argument: &Value) -> Value {
    let mut places = Vec::new();
    let _ = argument.transform(&mut |path, value| {
        if !value.marks().is_empty() {
            places.push((path.clone(), value.marks()));
        }
        value
    });
    let mut there = Vec::new();
    let _ = to.transform(&mut |path, value| {
        if places.iter().any(|(place, _)| place == path) {
            there.push(path.clone());
        }
        value
    });
    let lost = places.iter().filter(|(path, _)| !there.contains(path)).fold(Marks::NONE, |all, (_, marks)| all.union(*marks));
    to.transform(&mut |path, value| {
        let here = places.iter().filter(|(at, _)| at == path).fold(if path.0.is_empty() { lost } else { Marks::NONE }, |all, (_, marks)| all.union(*marks));
        value.with_marks(here)
    })
}

/// Attributes and nested blocks.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Attributes by name.
    pub attributes: BTreeMap<Arc<str>, Attribute>,
    /// Nested block types by name.
    pub blocks: BTreeMap<Arc<str>, NestedBlock>,
    /// What it is, for the reference page.
    pub description: &'static str,
}

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its type.
    pub ty: Type,
    /// What it is, for the reference page.
    pub description: &'static str,
    /// Must be set.
    pub required: bool,
    /// May be set.
    pub optional: bool,
    /// Is set by the provider when it is not set.
    pub computed: bool,
    /// Its value is never shown.
    pub sensitive: bool,
    /// Its value is given to the provider and kept nowhere.
    pub write_only: bool,
    /// Why it should not be used any more.
    pub deprecated: Option<&'static str>,
    /// A change replaces the object. Native types only: a plugin says so in its plan.
    pub force_new: bool,
    /// The value of an unset attribute. Native types only.
    pub default: Option<Value>,
}

impl Attribute {
    /// An optional attribute of that type.
    pub fn optional(ty: Type) -> Self {
        Self {
            ty,
            description: "",
            required: false,
            optional: true,
            computed: false,
            sensitive: false,
            write_only: false,
            deprecated: None,
            force_new: false,
            default: None,
        }
    }
}

/// How a nested block type repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// At most once; null when absent.
    Single,
    /// At most once; an object of nulls when absent.
    Group,
    /// In order.
    List,
    /// Without order.
    Set,
    /// By label.
    Map,
}

/// A nested block type.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// How it repeats.
    pub nesting: Nesting,
    /// What stands in it.
    pub block: Block,
    /// Least number of blocks; 0 for none.
    pub min: u64,
    /// Greatest number of blocks; 0 for any.
    pub max: u64,
    /// A change in the number of blocks replaces the object. Native types only.
    pub force_new: bool,
    /// The provider fills it in when it is not written (an optional and computed list that is written as blocks). Native types only.
    pub computed: bool,
}

impl Block {
    /// The object type of a value of this block.
    pub fn ty(&self) -> Type {
        let attributes = self.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.ty.clone()));
        let blocks = self.blocks.iter().map(|(name, nested)| (name.clone(), nested.ty()));
        Type::object(attributes.chain(blocks))
    }

    /// The paths of everything in `value` that the schema calls sensitive and that is not null.
    pub fn sensitive_paths(&self, value: &Value) -> Vec<Path> {
        let mut found = Vec::new();
        self.collect(value, &mut Path::root(), &|attribute| attribute.sensitive, &mut found);
        found
    }

    /// The paths of the write-only attributes in `value` that are not null.
    pub fn write_only_paths(&self, value: &Value) -> Vec<Path> {
        let mut found = Vec::new();
        self.collect(value, &mut Path::root(), &|attribute| attribute.write_only, &mut found);
        found
    }

    /// True when some attribute in it, at any depth, fits the test.
    pub fn any(&self, test: &dyn Fn(&Attribute) -> bool) -> bool {
        self.attributes.values().any(test) || self.blocks.values().any(|nested| nested.block.any(test))
    }

    fn collect(&self, value: &Value, path: &mut Path, test: &dyn Fn(&Attribute) -> bool, found: &mut Vec<Path>) {
        let Value::Object(entries) = value.unmarked() else { return };
        for (name, attribute) in &self.attributes {
            if test(attribute) && entries.get(name).is_some_and(|value| !value.is_null()) {
                found.push(path.then(name.clone()));
            }
        }
        for (name, nested) in &self.blocks {
            if !nested.block.any(test) {
                continue;
            }
            let Some(inner) = entries.get(name) else { continue };
            path.0.push(PathStep::Attr(name.clone()));
            nested.each(inner, path, &mut |item, path| nested.block.collect(item, path, test, found));
            path.0.pop();
        }
    }
}

impl NestedBlock {
    /// The type of all blocks of this kind together.
    pub fn ty(&self) -> Type {
        let one = self.block.ty();
        match self.nesting {
            Nesting::Single | Nesting::Group => one,
            Nesting::List if one.has_dynamic() => Type::Dynamic,
            Nesting::Map if one.has_dynamic() => Type::Dynamic,
            Nesting::List => Type::list(one),
            Nesting::Set => Type::set(one),
            Nesting::Map => Type::map(one),
        }
    }

    /// Calls `visit` for each block in `value` (a value of [`NestedBlock::ty`]) with its path.
    pub fn each(&self, value: &Value, path: &mut Path, visit: &mut dyn FnMut(&Value, &mut Path)) {
        match (self.nesting, value.unmarked()) {
            (Nesting::Single | Nesting::Group, object) => visit(object, path),
            (_, Value::List(_, items) | Value::Tuple(items)) => {
                for (at, item) in items.iter().enumerate() {
                    path.0.push(PathStep::Index(Value::from(at as u64)));
                    visit(item, path);
                    path.0.pop();
                }
            }
            (_, Value::Set(set)) => {
                for item in set.items.iter() {
                    path.0.push(PathStep::Index(item.clone()));
                    visit(item, path);
                    path.0.pop();
                }
            }
            (_, Value::Map(_, entries) | Value::Object(entries)) => {
                for (key, item) in entries.iter() {
                    path.0.push(PathStep::Index(Value::String(key.clone())));
                    visit(item, path);
                    path.0.pop();
                }
            }
            _ => {}
        }
    }
}
