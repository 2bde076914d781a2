//! `data "aws_iam_policy_document"`

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};
use weir_value::Path;

use crate::{Client, name};

/// A policy written in HCL instead of JSON. Asks nobody.
///
/// ```hcl
/// data "aws_iam_policy_document" "read" {
///   statement {
///     actions   = ["s3:GetObject"]
///     resources = ["arn:aws:s3:::bucket/*"]
///   }
/// }
/// ```
///
/// The JSON is, byte by byte, that of the incumbent: lists in descending order, a list of one as a string, `&{` as `${`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_policy_document")]
pub(crate) struct IamPolicyDocument {
    /// Checksum of the JSON.
    #[schema(optional, computed)]
    id: Option<String>,
    /// The policy, indented.
    #[schema(computed)]
    json: Option<String>,
    /// The policy without white space.
    #[schema(computed)]
    minified_json: Option<String>,
    /// A policy whose statements go before those here.
    #[schema(optional, deprecated = "override_json is deprecated. Use the attribute \"override_policy_documents\" instead.")]
    override_json: Option<String>,
    /// Policies whose statements go before those here, the last ones first.
    #[schema(optional)]
    override_policy_documents: Option<Vec<String>>,
    /// Id of the policy.
    #[schema(optional)]
    policy_id: Option<String>,
    /// A policy to begin with.
    #[schema(optional, deprecated = "source_json is deprecated. Use the attribute \"source_policy_documents\" instead.")]
    source_json: Option<String>,
    /// Policies to begin with; their statement ids must differ.
    #[schema(optional)]
    source_policy_documents: Option<Vec<String>>,
    /// Version of the policy language.
    #[schema(optional)]
    version: Option<String>,
    /// Statements.
    #[schema(block)]
    statement: Vec<Written>,
}

/// One statement as it is written.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Written {
    /// Actions.
    #[schema(optional, set)]
    actions: Option<Vec<String>>,
    /// `Allow` or `Deny`.
    #[schema(optional)]
    effect: Option<String>,
    /// All actions but these.
    #[schema(optional, set)]
    not_actions: Option<Vec<String>>,
    /// All resources but these.
    #[schema(optional, set)]
    not_resources: Option<Vec<String>>,
    /// Resources.
    #[schema(optional, set)]
    resources: Option<Vec<String>>,
    /// Id of the statement.
    #[schema(optional)]
    sid: Option<String>,
    /// Conditions.
    #[schema(block, set)]
    condition: Vec<Condition>,
    /// Everybody but these.
    #[schema(block, set)]
    not_principals: Vec<Principals>,
    /// Who.
    #[schema(block, set)]
    principals: Vec<Principals>,
}

/// A condition.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Condition {
    /// Operator, such as `StringEquals`.
    #[schema(required)]
    test: String,
    /// Values, any of which fits.
    #[schema(required)]
    values: Vec<String>,
    /// Key, such as `aws:SourceArn`.
    #[schema(required)]
    variable: String,
}

/// Principals of one kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Principals {
    /// Identifiers.
    #[schema(required, set)]
    identifiers: Vec<String>,
    /// `AWS`, `Service`, `Federated`, `CanonicalUser` or `*`.
    #[schema(required)]
    r#type: String,
}

/// A policy as JSON has it; the order of fields is that of the document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Document {
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    statement: Vec<Statement>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Statement {
    #[serde(skip_serializing_if = "String::is_empty")]
    sid: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    effect: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Who>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_principal: Option<Who>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<String, BTreeMap<String, Json>>,
}

/// `"*"`, or identifiers by kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Who {
    All(String),
    Some(BTreeMap<String, Json>),
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Statement>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        Many(Vec<Statement>),
        One(Box<Statement>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::Many(statements) => statements,
        OneOrMany::One(statement) => vec![*statement],
    })
}

/// `&{` stands for `${`, which HCL would take for itself.
fn variables(text: &str) -> String {
    text.replace("&{", "${")
}

fn one_or_list(mut items: Vec<String>) -> Json {
    if items.len() == 1 { Json::from(items.remove(0)) } else { Json::from(items) }
}

fn descending(items: Option<&Vec<String>>) -> Option<Json> {
    let mut items: Vec<String> = items.into_iter().flatten().map(|item| variables(item)).collect();
    items.sort_by(|a, b| b.cmp(a));
    (!items.is_empty()).then(|| one_or_list(items))
}

fn who(blocks: &[Principals]) -> Option<Who> {
    match blocks {
        [] => return None,
        [block] if block.r#type == "*" && block.identifiers == ["*"] => return Some(Who::All("*".to_owned())),
        _ => {}
    }
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for block in blocks {
        kinds.entry(block.r#type.clone()).or_default().extend(block.identifiers.iter().map(|identifier| variables(identifier)));
    }
    let sorted = |mut identifiers: Vec<String>| {
        identifiers.sort_by(|a, b| b.cmp(a));
        one_or_list(identifiers)
    };
    Some(Who::Some(kinds.into_iter().map(|(kind, identifiers)| (kind, sorted(identifiers))).collect()))
}

fn statement(written: &Written) -> Statement {
    let mut conditions: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for block in &written.condition {
        let values = conditions.entry(block.test.clone()).or_default().entry(block.variable.clone()).or_default();
        values.extend(block.values.iter().map(|value| variables(value)));
    }
    let condition = conditions.into_iter().map(|(test, keys)| (test, keys.into_iter().map(|(key, values)| (key, one_or_list(values))).collect())).collect();
    Statement {
        sid: written.sid.clone().unwrap_or_default(),
        effect: written.effect.clone().unwrap_or_else(|| "Allow".to_owned()),
        action: descending(written.actions.as_ref()),
        not_action: descending(written.not_actions.as_ref()),
        resource: descending(written.resources.as_ref()),
        not_resource: descending(written.not_resources.as_ref()),
        principal: who(&written.principals),
        not_principal: who(&written.not_principals),
        condition,
    }
}

impl Document {
    fn parse(text: &str, argument: &str) -> Result<Self, Fault> {
        let mut document: Self = serde_json::from_str(text)
            .map_err(|error| Fault::attribute(Path::attr(argument), "Invalid policy document", format!("It is not the JSON of a policy: {error}.")))?;
        for values in document.statement.iter_mut().flat_map(|statement| statement.condition.values_mut()).flat_map(BTreeMap::values_mut) {
            if let Json::Bool(truth) = values {
                *values = Json::from(truth.to_string());
            }
        }
        Ok(document)
    }

    /// Takes over the statements of another policy; one with the same id is replaced where it stands.
    fn merge(&mut self, other: Self) {
        if !other.id.is_empty() {
            self.id = other.id;
        }
        self.version = std::mem::take(&mut self.version).max(other.version);
        for statement in other.statement {
            match self.statement.iter_mut().find(|old| !old.sid.is_empty() && old.sid == statement.sid) {
                Some(old) => *old = statement,
                None => self.statement.push(statement),
            }
        }
    }

    /// The texts: indented, and without white space.
    fn write(&self) -> Result<(String, String), Fault> {
        let fail = |error: serde_json::Error| Fault::error("Invalid policy document", error.to_string());
        // As the incumbent writes JSON: fit to stand in a web page. These letters stand only inside strings.
        let escape =
            |text: String| text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        Ok((escape(serde_json::to_string_pretty(self).map_err(fail)?), escape(serde_json::to_string(self).map_err(fail)?)))
    }
}

fn check_ids<'a>(ids: impl Iterator<Item = &'a str>, argument: &str) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for id in ids.filter(|id| !id.is_empty()) {
        if !seen.insert(id.to_owned()) {
            return Err(Fault::attribute(Path::attr(argument), "Duplicate statement id", format!("The id \"{id}\" stands twice; each statement needs its own.")));
        }
    }
    Ok(())
}

impl DataSource for IamPolicyDocument {
    type Client = Client;
    const OFFLINE: bool = true;

    async fn read(_client: &Client, mut config: Self) -> Result<Self, Fault> {
        let mut document = Document::default();
        let given = |text: &&String| !text.is_empty();
        for text in config.source_json.iter().filter(given) {
            document.merge(Document::parse(text, "source_json")?);
        }
        let mut sources = Vec::new();
        for text in config.source_policy_documents.iter().flatten().filter(given) {
            sources.push(Document::parse(text, "source_policy_documents")?);
        }
        let ids = sources.iter().flat_map(|source| source.statement.iter().map(|statement| statement.sid.as_str()));
        check_ids(ids, "source_policy_documents")?;
        for source in sources {
            document.merge(source);
        }
        for written in &mut config.statement {
            written.effect.get_or_insert_with(|| "Allow".to_owned());
        }
        check_ids(config.statement.iter().filter_map(|written| written.sid.as_deref()), "statement")?;
        let version = config.version.get_or_insert_with(|| "2012-10-17".to_owned()).clone();
        document.merge(Document { version, id: config.policy_id.clone().unwrap_or_default(), statement: config.statement.iter().map(statement).collect() });
        for text in config.override_policy_documents.iter().flatten().filter(given) {
            document.merge(Document::parse(text, "override_policy_documents")?);
        }
        for text in config.override_json.iter().filter(given) {
            document.merge(Document::parse(text, "override_json")?);
        }
        let (json, minified) = document.write()?;
        Ok(Self { id: Some(name::checksum(&json).to_string()), json: Some(json), minified_json: Some(minified), ..config })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::harness::{lab, text};

    async fn check(config: Json, id: &str, minified: &str) {
        let found = lab().await.data("aws_iam_policy_document", config).await.expect("document");
        assert_eq!(text(&found, "minified_json"), minified);
        assert_eq!(text(&found, "id"), id, "{}", text(&found, "json"));
    }

    /// The expected documents and ids are what hashicorp/aws 5.100 gives.
    #[tokio::test]
    async fn as_the_incumbent() {
        check(json!({}), "1132004489", r#"{"Version":"2012-10-17"}"#).await;
        check(
            json!({"statement": [{"actions": ["x"], "principals": [
                {"type": "AWS", "identifiers": ["*", "a"]}, {"type": "*", "identifiers": ["*"]},
            ]}]}),
            "3368524115",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"x","Principal":{"*":"*","AWS":["a","*"]}}]}"#,
        )
        .await;
        check(
            json!({"version": "2008-10-17", "source_policy_documents": [r#"{"Id":"q","Statement":[]}"#], "statement": [{"actions": ["x"]}]}),
            "1618198024",
            r#"{"Version":"2008-10-17","Id":"q","Statement":[{"Effect":"Allow","Action":"x"}]}"#,
        )
        .await;
        check(
            json!({"source_policy_documents": [r#"{"Statement":[{"Sid":"1","Effect":"Allow","Action":["z","a"],"Condition":{"Bool":{"t":true}}}]}"#]}),
            "1817489210",
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"1","Effect":"Allow","Action":["z","a"],"Condition":{"Bool":{"t":"true"}}}]}"#,
        )
        .await;
        let source = r#"{"Version":"2008-10-17","Id":"x","Statement":[{"Sid":"One","Effect":"Allow","Action":["z","a"],"Resource":"*","Principal":"*"},
            {"Sid":"","Effect":"Allow","Action":"q","Resource":["r"],"Principal":{"AWS":["b","a"],"Service":"s"},
             "Condition":{"StringEquals":{"k":["b","a"],"j":"v"},"Bool":{"t":"true"}}}]}"#;
        let over = r#"{"Statement":[{"Sid":"One","Effect":"Deny","Action":"over","Resource":"*"},{"Effect":"Deny","Action":["q"]},{"Sid":"Three","Effect":"Deny","Action":["q"]}]}"#;
        check(
            json!({"source_policy_documents": [source, ""], "override_policy_documents": [over], "statement": [{
                "sid": "Two", "actions": ["x"], "resources": ["*"],
                "condition": [
                    {"test": "StringEquals", "variable": "v", "values": ["&{aws:x}", "plain"]},
                    {"test": "StringEquals", "variable": "w", "values": []},
                ],
                "principals": [{"type": "AWS", "identifiers": []}],
                "not_principals": [{"type": "Federated", "identifiers": ["b&{x}", "a"]}],
            }]}),
            "4251170504",
            concat!(
                r#"{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"One","Effect":"Deny","Action":"over","Resource":"*"},{"Effect":"Allow","Action":"q","Resource":["r"],"#,
                r#""Principal":{"AWS":["b","a"],"Service":"s"},"Condition":{"Bool":{"t":"true"},"StringEquals":{"j":"v","k":["b","a"]}}},{"Sid":"Two","Effect":"Allow","Action":"x","#,
                r#""Resource":"*","Principal":{"AWS":[]},"NotPrincipal":{"Federated":["b${x}","a"]},"Condition":{"StringEquals":{"v":["${aws:x}","plain"],"w":[]}}},"#,
                r#"{"Effect":"Deny","Action":["q"]},{"Sid":"Three","Effect":"Deny","Action":["q"]}]}"#
            ),
        )
        .await;
    }

    #[tokio::test]
    async fn escapes_and_refuses() {
        let found = lab().await.data("aws_iam_policy_document", json!({"statement": [{"actions": ["a<é&\u{2028}", "b"]}]})).await.expect("document");
        assert!(text(&found, "json").contains("        \"b\",\n        \"a\\u003cé\\u0026\\u2028\"\n"), "{}", text(&found, "json"));
        let twice = json!({"statement": [{"sid": "a"}, {"sid": "a"}]});
        let faults = lab().await.data("aws_iam_policy_document", twice).await.expect_err("twice");
        assert_eq!(faults[0].summary, "Duplicate statement id");
        assert!(lab().await.data("aws_iam_policy_document", json!({"source_policy_documents": ["x"]})).await.is_err());
    }
}
