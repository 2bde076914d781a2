//! What is recorded about one object, and about all objects of a resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_addr::{InstanceKey, ProviderConfigAddr, ResourceAddr};
use weir_value::{Marks, Path, Type, Value};

use crate::RawJson;

/// Members of a file that this version does not know, kept as they were read.
pub type Extra = Vec<(Arc<str>, RawJson)>;

/// Whether an object is as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Status {
    /// It is.
    #[default]
    Ready,
    /// Its creation did not come to its end: it is to be replaced.
    Tainted,
}

/// What is recorded about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Version of the schema that `attributes` follow.
    pub schema_version: u64,
    /// The attributes as the schema's type encodes them ([`RawJson::decode`]).
    pub attributes: RawJson,
    /// What in `attributes` is sensitive beyond what the schema says.
    pub sensitive_paths: Vec<Path>,
    /// What the provider keeps for itself, base64.
    pub private: Option<Arc<str>>,
    /// What must be destroyed after this object: resources, without instance keys.
    pub dependencies: Arc<[ResourceAddr]>,
    /// Whether its replacement was created before it was destroyed, so that what depends on it must do the same.
    pub create_before_destroy: bool,
    /// Ready or tainted.
    pub status: Status,
    /// Further members of the file: identity and what later versions bring.
    pub extra: Extra,
}

impl Record {
    /// A ready object with these attributes, and nothing else known.
    pub fn new(schema_version: u64, attributes: RawJson) -> Self {
        Self {
            schema_version,
            attributes,
            sensitive_paths: Vec::new(),
            private: None,
            dependencies: Arc::from([]),
            create_before_destroy: false,
            status: Status::Ready,
            extra: Vec::new(),
        }
    }

    /// The attributes as a value of the schema's type, with what `sensitive_paths` names marked.
    pub fn value(&self, ty: &Type) -> Result<Value, weir_value::JsonError> {
        let value = self.attributes.decode(ty)?;
        if self.sensitive_paths.is_empty() {
            return Ok(value);
        }
        Ok(value.transform(&mut |path, value| {
            if self.sensitive_paths.contains(path) { value.with_marks(Marks::SENSITIVE) } else { value }
        }))
    }
}

/// The objects of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceObjects {
    /// The object that the configuration means.
    pub current: Option<Arc<Record>>,
    /// Objects that were replaced and are still to be destroyed, by a key of eight hexadecimal digits.
    pub deposed: BTreeMap<Arc<str>, Arc<Record>>,
}

impl InstanceObjects {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.deposed.is_empty()
    }
}

/// All objects of one resource block in one module instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceState {
    /// The provider configuration that they were made with.
    pub provider: ProviderConfigAddr,
    /// The objects by instance key.
    pub instances: BTreeMap<Option<InstanceKey>, InstanceObjects>,
    /// Further members of the file.
    pub extra: Extra,
}

/// An output of the root module.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputValue {
    /// The value; marked when `sensitive`.
    pub value: Value,
    /// Its type in the file.
    pub ty: Type,
    /// Whether it is hidden.
    pub sensitive: bool,
    /// Further members of the file.
    pub extra: Extra,
}

impl OutputValue {
    /// An output of this value; sensitive if anything in it is.
    pub fn new(value: Value) -> Self {
        let (ty, sensitive) = (value.ty(), value.marks_deep().is_sensitive());
        Self { value, ty, sensitive, extra: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_paths_become_marks() {
        let mut record = Record::new(0, RawJson::parse(r#"{"a":"x","b":{"c":"y"}}"#).unwrap());
        record.sensitive_paths = vec![Path::attr("b").then("c")];
        let ty = Type::object([("a", Type::String), ("b", Type::object([("c", Type::String)]))]);
        let value = record.value(&ty).unwrap();
        assert!(value.get("b").unwrap().get("c").unwrap().marks().is_sensitive());
        assert!(value.get("a").unwrap().marks().is_empty());
        let output = OutputValue::new(value);
        assert!(output.sensitive && !format!("{output:?}").contains("\"y\""));
    }
}
