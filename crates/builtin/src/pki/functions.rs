//! `provider::pki::…`

use serde::Serialize;
use weir_provider::native::NativeFunction;
use weir_provider::{FunctionFault, to_value};
use weir_value::{Type, Value};

use super::X509Error;

fn certificate() -> Type {
    let (text, list) = (Type::String, Type::list(Type::String));
    Type::object([
        ("subject", text.clone()),
        ("issuer", text.clone()),
        ("common_name", text.clone()),
        ("serial_number", text.clone()),
        ("not_before", text.clone()),
        ("not_after", text.clone()),
        ("is_ca", Type::Bool),
        ("path_length", Type::Number),
        ("key_usage", list.clone()),
        ("ext_key_usage", list.clone()),
        ("dns_names", list),
        ("public_key_pem", text.clone()),
        ("fingerprint_sha256", text),
        ("self_signed", Type::Bool),
    ])
}

fn verdict() -> Type {
    Type::object([("ok", Type::Bool), ("error", Type::String), ("path", Type::list(Type::String))])
}

/// All functions.
pub(super) fn all() -> Vec<NativeFunction> {
    let function = NativeFunction::of_texts;
    vec![
        function("certificates", "What the certificates in a PEM text say, in order.", &["pem"], Type::list(certificate()), certificates),
        function(
            "verify",
            "Whether a certificate verifies up to the self-signed root that a chain holds, and if not why.",
            &["leaf_pem", "chain_pem"],
            verdict(),
            verify,
        ),
        function(
            "key_matches",
            "Whether a certificate is of a key: a private key, a public key or a certificate request.",
            &["cert_pem", "key_pem"],
            Type::Bool,
            key_matches,
        ),
        function("contains_private_key", "Whether a text holds a private key.", &["text"], Type::Bool, contains_private_key),
    ]
}

fn text(arguments: &[Value], at: usize) -> &str {
    arguments.get(at).and_then(Value::as_str).unwrap_or_default()
}

fn fault(argument: usize) -> impl Fn(X509Error) -> FunctionFault {
    move |error| FunctionFault { argument: Some(argument), message: error.to_string() }
}

fn value<T: Serialize>(data: &T, ty: &Type) -> Result<Value, FunctionFault> {
    to_value(data, ty).map_err(|fault| FunctionFault { argument: None, message: fault.to_string() })
}

fn certificates(arguments: &[Value]) -> Result<Value, FunctionFault> {
    let list = super::certificates(text(arguments, 0)).map_err(fault(0))?;
    value(&list, &Type::list(certificate()))
}

fn verify(arguments: &[Value]) -> Result<Value, FunctionFault> {
    let (ok, error, path) = match super::verify(text(arguments, 0), text(arguments, 1)) {
        Ok(path) => (true, String::new(), path),
        Err(error) => (false, error.to_string(), Vec::new()),
    };
    value(&serde_json::json!({ "ok": ok, "error": error, "path": path }), &verdict())
}

fn key_matches(arguments: &[Value]) -> Result<Value, FunctionFault> {
    // Which of the two cannot be read is in the message.
    super::key_matches(text(arguments, 0), text(arguments, 1)).map(Value::from).map_err(|error| FunctionFault { argument: None, message: error.to_string() })
}

fn contains_private_key(arguments: &[Value]) -> Result<Value, FunctionFault> {
    Ok(Value::from(super::contains_private_key(text(arguments, 0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::World;
    use crate::pki::{Pki, Subject, make_root};

    #[tokio::test]
    async fn every_function() {
        let world = World::new::<Pki>().await;
        let (key, root) = make_root(&Subject::new("Root", None), 1, None).unwrap();
        let (key, root) = (Value::from(key.as_str()), Value::from(root.as_str()));
        let list = world.call("certificates", std::slice::from_ref(&root)).unwrap();
        assert_eq!(list.ty(), Type::list(certificate()));
        let first = list.elements().next().unwrap();
        assert_eq!((first.get("subject"), first.get("path_length")), (Some(Value::from("CN=Root")), Some(Value::Null(Type::Number))));
        let good = world.call("verify", &[root.clone(), root.clone()]).unwrap();
        assert_eq!(format!("{good:?}"), r#"{"error": "", "ok": true, "path": ["CN=Root"]}"#);
        let bad = world.call("verify", &[root.clone(), Value::from("")]).unwrap();
        assert_eq!(format!("{bad:?}"), r#"{"error": "the chain holds no certificate", "ok": false, "path": []}"#);
        assert_eq!(world.call("key_matches", &[root.clone(), key.clone()]), Ok(Value::from(true)));
        assert_eq!(world.call("key_matches", &[root.clone(), Value::from("")]), Err("there is no key, certificate or certificate request in PEM".into()));
        assert_eq!(world.call("contains_private_key", &[key]), Ok(Value::from(true)));
        assert_eq!(world.call("certificates", &[Value::from("x")]), Err("there is no PEM block \"CERTIFICATE\"".into()));
    }
}
