//! What tells the objects of a type apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_provider::Fault;
use weir_value::{Type, Value, convert};

use crate::protocol::tfplugin6::ResourceIdentitySchema;
use crate::schema::wire_type;

/// The identity of the objects of one type.
pub(crate) struct Identity {
    pub(crate) ty: Type,
    parts: BTreeMap<Arc<str>, Part>,
}

struct Part {
    ty: Type,
    /// Must be given to import an object.
    required: bool,
    /// May be given.
    optional: bool,
}

impl Identity {
    /// Reads what a plugin has told.
    pub(crate) fn new(of: &str, told: &ResourceIdentitySchema) -> Result<Self, Fault> {
        let mut parts: BTreeMap<Arc<str>, Part> = BTreeMap::new();
        for part in &told.identity_attributes {
            let ty = wire_type(&part.r#type).map_err(|reason| {
                let detail = format!("\"{}\" of the identity of {of} cannot be used: {reason}. This is a fault of the provider.", part.name);
                Fault::error("Provider has an invalid schema", detail)
            })?;
            parts.insert(Arc::from(part.name.as_str()), Part { ty, required: part.required_for_import, optional: part.optional_for_import });
        }
        let ty = Type::object(parts.iter().map(|(name, part)| (name.clone(), part.ty.clone())));
        Ok(Self { ty, parts })
    }

    /// The identity that a user has written, as the plugin wants it: complete.
    pub(crate) fn given(&self, of: &str, written: &Value) -> Result<Value, Fault> {
        let fault = |detail: String| Err(Fault::error("Invalid import identity argument", detail));
        let (Value::Object(given) | Value::Map(_, given)) = written else { return fault("The identity must be an object.".to_owned()) };
        let takes = || {
            let named: Vec<String> = self
                .parts
                .iter()
                .filter(|(_, part)| part.required || part.optional)
                .map(|(name, part)| if part.required { name.to_string() } else { format!("{name} (optional)") })
                .collect();
            format!("An object of the type {of} is imported by: {}.", named.join(", "))
        };
        if let Some(name) = given.keys().find(|name| !self.parts.get(*name).is_some_and(|part| part.required || part.optional)) {
            return fault(format!("\"{name}\" is no part of it. {}", takes()));
        }
        let mut whole = BTreeMap::new();
        for (name, part) in &self.parts {
            let value = given.get(name).filter(|value| !value.is_null());
            let value = match value {
                Some(value) => match convert(value, &part.ty) {
                    Ok(value) => value,
                    Err(error) => return fault(format!("\"{name}\" of it cannot be used: {error}.")),
                },
                None if part.required => return fault(format!("\"{name}\" of it is missing. {}", takes())),
                None => Value::Null(part.ty.clone()),
            };
            whole.insert(name.clone(), value);
        }
        Ok(Value::Object(Arc::new(whole)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::tfplugin6::resource_identity_schema::IdentityAttribute;

    #[test]
    fn an_identity_is_completed() {
        let part = |name: &str, ty: &str, required_for_import: bool, optional_for_import: bool| IdentityAttribute {
            name: name.to_owned(),
            r#type: ty.into(),
            required_for_import,
            optional_for_import,
            ..IdentityAttribute::default()
        };
        let parts = vec![part("name", "\"string\"", true, false), part("index", "\"number\"", false, true), part("serial", "\"string\"", false, false)];
        let identity = Identity::new("t", &ResourceIdentitySchema { version: 0, identity_attributes: parts }).unwrap();
        let given = |parts: Vec<(&str, Value)>| identity.given("t", &Value::object(parts)).map_err(|fault| fault.detail);
        let wanted = |index: Value| Value::object([("name", "a".into()), ("index", index), ("serial", Value::Null(Type::String))]);
        assert_eq!(given(vec![("name", "a".into())]), Ok(wanted(Value::Null(Type::Number))));
        assert_eq!(given(vec![("name", "a".into()), ("index", "3".into())]), Ok(wanted(3.into())));
        let wrong = |parts: Vec<(&str, Value)>, part: &str| assert!(given(parts).unwrap_err().contains(part), "{part}");
        wrong(vec![("index", 3.into())], "\"name\" of it is missing. An object of the type t is imported by: index (optional), name.");
        wrong(vec![("name", "a".into()), ("serial", "s".into())], "\"serial\" is no part of it");
        wrong(vec![("name", "a".into()), ("index", "x".into())], "\"index\" of it cannot be used");
        assert!(identity.given("t", &"a".into()).is_err());
    }
}
