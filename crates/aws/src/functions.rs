//! `provider::aws::…`

use std::collections::BTreeMap;

use weir_provider::FunctionFault;
use weir_provider::native::NativeFunction;
use weir_value::{Type, Value};

/// The fields of an ARN after `arn`, in their order.
const FIELDS: [&str; 5] = ["partition", "service", "region", "account_id", "resource"];

fn fields() -> Type {
    Type::object(FIELDS.map(|name| (name, Type::String)))
}

/// All functions.
pub(crate) fn all() -> Vec<NativeFunction> {
    let function = NativeFunction::of_texts;
    vec![
        function("arn_build", "The ARN with those fields.", &FIELDS, Type::String, build),
        function("arn_parse", "The fields of an ARN.", &["arn"], fields(), parse),
        function("trim_iam_role_path", "The ARN of a role without the role's path.", &["arn"], Type::String, trim),
    ]
}

fn text(arguments: &[Value], at: usize) -> &str {
    arguments.get(at).and_then(Value::as_str).unwrap_or_default()
}

fn fault(message: impl Into<String>) -> FunctionFault {
    FunctionFault { argument: Some(0), message: message.into() }
}

/// The resource is everything after the fifth colon.
fn split(arn: &str) -> Result<[&str; 5], FunctionFault> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, service, region, account, resource] => Ok([partition, service, region, account, resource]),
        ["arn", ..] => Err(fault(format!("\"{arn}\" is no ARN: it has {} of the six parts arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE", parts.len()))),
        _ => Err(fault(format!("\"{arn}\" is no ARN: it does not begin with \"arn:\""))),
    }
}

fn build(arguments: &[Value]) -> Result<Value, FunctionFault> {
    let parts: Vec<&str> = (0..FIELDS.len()).map(|at| text(arguments, at)).collect();
    Ok(Value::from(format!("arn:{}", parts.join(":")).as_str()))
}

fn parse(arguments: &[Value]) -> Result<Value, FunctionFault> {
    let parts = split(text(arguments, 0))?;
    Ok(Value::object(FIELDS.into_iter().zip(parts.map(Value::from)).collect::<BTreeMap<_, _>>()))
}

fn trim(arguments: &[Value]) -> Result<Value, FunctionFault> {
    let arn = text(arguments, 0);
    let [partition, service, region, account, resource] = split(arn)?;
    if service != "iam" {
        return Err(fault(format!("\"{arn}\" is no ARN of a role: its service is \"{service}\", not \"iam\"")));
    }
    if !region.is_empty() {
        return Err(fault(format!("\"{arn}\" is no ARN of a role: those have no region")));
    }
    let Some(role) = resource.strip_prefix("role/") else {
        return Err(fault(format!("\"{arn}\" is no ARN of a role: its resource does not begin with \"role/\"")));
    };
    let name = role.rsplit('/').next().unwrap_or(role);
    Ok(Value::from(format!("arn:{partition}:iam::{account}:role/{name}").as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[&str]) -> Result<String, String> {
        let arguments: Vec<Value> = arguments.iter().map(|text| Value::from(*text)).collect();
        crate::provider().call(name, &arguments).map(|value| format!("{value:?}")).map_err(|fault| fault.message)
    }

    #[test]
    fn arns() {
        let parsed = r#"{"account_id": "123", "partition": "aws", "region": "", "resource": "role/a:b", "service": "iam"}"#;
        assert_eq!(call("arn_parse", &["arn:aws:iam::123:role/a:b"]), Ok(parsed.to_owned()));
        assert_eq!(call("arn_build", &["aws", "iam", "", "123", "role/a:b"]), Ok(r#""arn:aws:iam::123:role/a:b""#.to_owned()));
        assert!(call("arn_parse", &["arn:aws:iam"]).is_err_and(|why| why.contains("3 of the six parts")));
        assert!(call("arn_parse", &["urn:aws:iam::123:role/a"]).is_err_and(|why| why.contains("begin with \"arn:\"")));
    }

    #[test]
    fn roles() {
        assert_eq!(call("trim_iam_role_path", &["arn:aws:iam::123:role/a/b/c"]), Ok(r#""arn:aws:iam::123:role/c""#.to_owned()));
        assert_eq!(call("trim_iam_role_path", &["arn:aws:iam::123:role/c"]), Ok(r#""arn:aws:iam::123:role/c""#.to_owned()));
        for (arn, why) in
            [("arn:aws:iam::123:user/a", "begin with \"role/\""), ("arn:aws:s3:::a", "not \"iam\""), ("arn:aws:iam:x:123:role/a", "no region"), ("role/a", "no ARN")]
        {
            assert!(call("trim_iam_role_path", &[arn]).is_err_and(|found| found.contains(why)), "{arn}");
        }
    }

    #[test]
    fn schemas_are_the_incumbents() {
        let schema = crate::provider().schema();
        let parse = &schema.functions["arn_parse"];
        assert_eq!((parse.parameters.len(), &parse.returns), (1, &fields()));
        assert_eq!(schema.functions["arn_build"].parameters.iter().map(|parameter| parameter.name).collect::<Vec<_>>(), FIELDS);
        assert_eq!(schema.functions.len(), 3);
    }
}
