//! The schemas of a provider's types, each made when it is first asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;
use std::sync::{Arc, OnceLock};

use crate::{Fault, Schema};

/// Makes the schema of a type.
type Make = dyn Fn(&str) -> Result<Schema, Fault> + Send + Sync;

/// Schemas by the names of their types. A provider may have thousands, of which a run uses a few.
#[derive(Clone, Default)]
pub struct Schemas {
    types: BTreeMap<Arc<str>, OnceLock<Result<Arc<Schema>, Fault>>>,
    make: Option<Arc<Make>>,
}

impl Schemas {
    /// Schemas of these types, made by `make` as they are asked for.
    pub fn lazy(names: impl IntoIterator<Item = Arc<str>>, make: impl Fn(&str) -> Result<Schema, Fault> + Send + Sync + 'static) -> Self {
        Self { types: names.into_iter().map(|name| (name, OnceLock::new())).collect(), make: Some(Arc::new(make)) }
    }

    fn made(&self, name: &str) -> Option<&Result<Arc<Schema>, Fault>> {
        let made = self.types.get(name)?;
        match &self.make {
            Some(make) => Some(made.get_or_init(|| make(name).map(Arc::new))),
            None => made.get(),
        }
    }

    /// The schema of a type; `None` when there is no such type, or its schema is unusable.
    pub fn get(&self, name: &str) -> Option<&Arc<Schema>> {
        self.made(name)?.as_ref().ok()
    }

    /// Why the schema of a type that there is cannot be used.
    pub fn fault(&self, name: &str) -> Option<&Fault> {
        self.made(name)?.as_ref().err()
    }

    /// Whether there is such a type.
    pub fn contains_key(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// The names of the types, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.types.keys()
    }

    /// All types with their schemas: makes each.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Schema>)> {
        self.types.keys().filter_map(|name| Some((name, self.get(name)?)))
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

impl FromIterator<(Arc<str>, Arc<Schema>)> for Schemas {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Arc<Schema>)>>(schemas: I) -> Self {
        Self { types: schemas.into_iter().map(|(name, schema)| (name, OnceLock::from(Ok(schema)))).collect(), make: None }
    }
}

impl<'a> IntoIterator for &'a Schemas {
    type Item = (&'a Arc<str>, &'a Arc<Schema>);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;
    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

/// Panics when there is no such type, as all collections do.
impl Index<&str> for Schemas {
    type Output = Arc<Schema>;
    fn index(&self, name: &str) -> &Arc<Schema> {
        self.get(name).expect("no such type")
    }
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.types.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn schemas_are_made_once_and_when_asked_for() {
        let made = Arc::new(AtomicUsize::new(0));
        let counted = made.clone();
        let schemas = Schemas::lazy(["bad", "good", "other"].map(Arc::from), move |name| {
            counted.fetch_add(1, Ordering::Relaxed);
            if name == "bad" { Err(Fault::error("Bad schema", "")) } else { Ok(Schema::default()) }
        });
        assert_eq!((schemas.len(), schemas.contains_key("good"), made.load(Ordering::Relaxed)), (3, true, 0));
        assert!(schemas.get("good").is_some() && schemas.get("good").is_some() && schemas.get("none").is_none());
        assert_eq!(made.load(Ordering::Relaxed), 1);
        assert!(schemas.get("bad").is_none() && schemas.fault("good").is_none() && schemas.fault("none").is_none());
        assert_eq!(schemas.fault("bad").map(|fault| &*fault.summary), Some("Bad schema"));
        assert_eq!(schemas.iter().count(), 2);
    }
}
