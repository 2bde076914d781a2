//! A way into a value: `.tags["Name"]`, `.rule[0].port`.

use std::fmt;
use std::sync::Arc;

use crate::Value;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// An attribute of an object.
    Attr(Arc<str>),
    /// An element of a list or tuple (number), map (string) or set (the element itself).
    Index(Value),
}

/// Steps from the outside in; empty is the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<PathStep>);

impl Path {
    /// The value itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of one attribute.
    pub fn attr(name: impl Into<Arc<str>>) -> Self {
        Self(vec![PathStep::Attr(name.into())])
    }

    /// This path and one attribute more.
    #[must_use]
    pub fn then(&self, name: impl Into<Arc<str>>) -> Self {
        let mut steps = self.0.clone();
        steps.push(PathStep::Attr(name.into()));
        Self(steps)
    }

    /// This path and one index more.
    #[must_use]
    pub fn index(&self, key: impl Into<Value>) -> Self {
        let mut steps = self.0.clone();
        steps.push(PathStep::Index(key.into()));
        Self(steps)
    }

    /// True when `self` is `other` or leads into it.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The first step when it is an attribute.
    pub fn first_attr(&self) -> Option<&Arc<str>> {
        match self.0.first() {
            Some(PathStep::Attr(name)) => Some(name),
            _ => None,
        }
    }
}

/// As the language writes it, with a leading dot.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                PathStep::Attr(name) => write!(f, ".{name}")?,
                PathStep::Index(key) => match key.unmarked() {
                    Value::Number(number) => write!(f, "[{number}]")?,
                    Value::String(text) => write!(f, "[{}]", crate::json_string(text))?,
                    _ => f.write_str("[…]")?,
                },
            }
        }
        Ok(())
    }
}
