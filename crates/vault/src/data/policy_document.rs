//! `data "vault_policy_document"`

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::client::Client;

/// A policy written as blocks.
///
/// ```hcl
/// data "vault_policy_document" "reader" {
///   rule {
///     path         = "secret/data/app/*"
///     capabilities = ["read"]
///   }
/// }
/// ```
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_policy_document")]
pub(crate) struct PolicyDocument {
    /// A number that changes with the policy.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace; of no meaning for a text.
    #[schema(optional)]
    namespace: Option<String>,
    /// What may be done where.
    #[schema(block)]
    rule: Vec<Rule>,
    /// The policy, in Vault's policy language.
    #[schema(computed)]
    hcl: Option<String>,
}

/// What may be done at a path.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
pub(crate) struct Rule {
    /// The path; it may hold `*` at its end and `+` for a segment.
    #[schema(required)]
    path: String,
    /// `create`, `read`, `update`, `patch`, `delete`, `list`, `sudo` or `deny`.
    #[schema(required)]
    capabilities: Vec<String>,
    /// A comment on the rule.
    #[schema(optional)]
    description: Option<String>,
    /// Parameters that a request must have.
    #[schema(optional)]
    required_parameters: Option<Vec<String>>,
    /// Parameters and values that a request may have.
    #[schema(block)]
    allowed_parameter: Vec<Parameter>,
    /// Parameters and values that a request must not have.
    #[schema(block)]
    denied_parameter: Vec<Parameter>,
    /// Shortest wrapping of an answer.
    #[schema(optional)]
    min_wrapping_ttl: Option<String>,
    /// Longest wrapping of an answer.
    #[schema(optional)]
    max_wrapping_ttl: Option<String>,
}

/// A parameter and its values.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
pub(crate) struct Parameter {
    /// Its name.
    #[schema(required)]
    key: String,
    /// Its values; empty for any.
    #[schema(required)]
    value: Vec<String>,
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
}

fn parameters(out: &mut String, name: &str, parameters: &[Parameter]) {
    if parameters.is_empty() {
        return;
    }
    let _ = writeln!(out, "  {name} = {{");
    for parameter in parameters {
        let _ = writeln!(out, "    {} = {}", quoted(&parameter.key), list(&parameter.value));
    }
    out.push_str("  }\n");
}

fn text(rules: &[Rule]) -> String {
    let mut out = String::new();
    for (at, rule) in rules.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        for line in rule.description.iter().flat_map(|text| text.lines()) {
            let _ = writeln!(out, "# {line}");
        }
        let _ = writeln!(out, "path {} {{\n  capabilities = {}", quoted(&rule.path), list(&rule.capabilities));
        if let Some(required) = rule.required_parameters.as_ref().filter(|required| !required.is_empty()) {
            let _ = writeln!(out, "  required_parameters = {}", list(required));
        }
        parameters(&mut out, "allowed_parameters", &rule.allowed_parameter);
        parameters(&mut out, "denied_parameters", &rule.denied_parameter);
        for (name, ttl) in [("min_wrapping_ttl", &rule.min_wrapping_ttl), ("max_wrapping_ttl", &rule.max_wrapping_ttl)] {
            if let Some(ttl) = ttl.as_ref().filter(|ttl| !ttl.is_empty()) {
                let _ = writeln!(out, "  {name} = {}", quoted(ttl));
            }
        }
        out.push_str("}\n");
    }
    out
}

/// FNV-1a, 32 bits: any number that follows the text will do.
fn number(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl DataSource for PolicyDocument {
    type Client = Client;
    const OFFLINE: bool = true;

    async fn read(_: &Client, config: Self) -> Result<Self, Fault> {
        let hcl = text(&config.rule);
        Ok(Self { id: Some(number(&hcl).to_string()), hcl: Some(hcl), ..config })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_become_text() {
        let plain = Rule { path: "secret/*".into(), capabilities: vec!["read".into(), "list".into()], ..Rule::default() };
        let full = Rule {
            path: "a/\"b\"".into(),
            capabilities: vec!["update".into()],
            description: Some("Sign\nonly".into()),
            required_parameters: Some(vec!["csr".into()]),
            allowed_parameter: vec![Parameter { key: "ttl".into(), value: vec!["1h".into()] }, Parameter { key: "*".into(), value: Vec::new() }],
            min_wrapping_ttl: Some("1s".into()),
            ..Rule::default()
        };
        let wanted = r#"path "secret/*" {
  capabilities = ["read", "list"]
}

# Sign
# only
path "a/\"b\"" {
  capabilities = ["update"]
  required_parameters = ["csr"]
  allowed_parameters = {
    "ttl" = ["1h"]
    "*" = []
  }
  min_wrapping_ttl = "1s"
}
"#;
        assert_eq!(text(&[plain, full]), wanted);
    }
}
