//! `data "aws_ssm_parameters_by_path"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::Client;
use crate::api::Explain;

/// All values under a path of the Parameter Store.
///
/// ```hcl
/// data "aws_ssm_parameters_by_path" "vault" {
///   path      = "/vault"
///   recursive = true
/// }
/// ```
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ssm_parameters_by_path")]
pub(crate) struct SsmParametersByPath {
    /// ARNs.
    #[schema(computed)]
    arns: Option<Vec<String>>,
    /// The path again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Names, in the order of `arns`.
    #[schema(computed)]
    names: Option<Vec<String>>,
    /// Path.
    #[schema(required)]
    path: Option<String>,
    /// Those too that are further down.
    #[schema(optional)]
    recursive: Option<bool>,
    /// Types.
    #[schema(computed)]
    types: Option<Vec<String>>,
    /// Values.
    #[schema(computed, sensitive)]
    values: Option<Vec<String>>,
    /// Decrypts each `SecureString`; true when unset.
    #[schema(optional)]
    with_decryption: Option<bool>,
}

impl DataSource for SsmParametersByPath {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let call = client.ssm().get_parameters_by_path().set_path(config.path.clone()).set_recursive(config.recursive);
        let pages = call.with_decryption(config.with_decryption.unwrap_or(true)).into_paginator().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await.api("ssm:GetParametersByPath")?;
        let mut shown = Self { id: config.path.clone(), arns: Some(Vec::new()), names: Some(Vec::new()), types: Some(Vec::new()), values: Some(Vec::new()), ..config };
        for parameter in found.into_iter().flat_map(|page| page.parameters.unwrap_or_default()) {
            let add = |list: &mut Option<Vec<String>>, text: Option<String>| list.get_or_insert_default().push(text.unwrap_or_default());
            add(&mut shown.arns, parameter.arn);
            add(&mut shown.names, parameter.name);
            add(&mut shown.types, parameter.r#type.map(|kind| kind.as_str().to_owned()));
            add(&mut shown.values, parameter.value);
        }
        Ok(shown)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::lab;

    #[tokio::test]
    async fn near_and_far() {
        let lab = lab().await;
        for (name, kind) in [("/by-path/a", "String"), ("/by-path/b", "SecureString"), ("/by-path/far/c", "String"), ("/by-pathology", "String")] {
            lab.make("aws_ssm_parameter", json!({"name": name, "type": kind, "value": format!("value of {name}")})).await;
        }
        let near = lab.data("aws_ssm_parameters_by_path", json!({"path": "/by-path"})).await.expect("parameters");
        assert_eq!(format!("{:?}", near.get("names").expect("names")), r#"["/by-path/a", "/by-path/b"]"#);
        assert_eq!(format!("{:?}", near.get("types").expect("types")), r#"["String", "SecureString"]"#);
        let all = lab.data("aws_ssm_parameters_by_path", json!({"path": "/by-path", "recursive": true})).await.expect("parameters");
        assert_eq!(all.get("arns").expect("arns").length(), Some(3));
        assert!(format!("{:?}", all.get("values").expect("values")).contains("value of /by-path/b"), "{all:?}");
        let none = lab.data("aws_ssm_parameters_by_path", json!({"path": "/by-path/none"})).await.expect("parameters");
        assert_eq!(none.get("values").expect("values").length(), Some(0));
    }
}
