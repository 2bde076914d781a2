//! JSON documents: compact form, and policies compared by what they mean.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use weir_value::Value;

/// The document without white space, keys in order; `None` when it is no JSON.
pub(crate) fn compact(text: &str) -> Option<String> {
    serde_json::from_str::<BTreeMap<String, Json>>(text).map(|document| serde_json::to_string(&document)).ok()?.ok()
}

/// True when two attribute values hold policies that mean the same: the order of statements, actions, principals and values, one string or a list of one, and the
/// short and long form of an account make no difference. For `plan.suppress`.
pub(crate) fn same_policy(a: &Value, b: &Value) -> bool {
    let parse = |value: &Value| policy(value.as_str()?);
    matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
}

/// The text to keep in the state: the one before when it means the same as what the API shows.
pub(crate) fn keep_policy(prior: Option<&str>, remote: &str) -> String {
    match prior {
        Some(prior) if policy(prior).is_some_and(|a| policy(remote).is_some_and(|b| a == b)) => prior.to_owned(),
        _ => remote.to_owned(),
    }
}

/// A policy in one form: header, and statements as a set of their texts.
fn policy(text: &str) -> Option<(BTreeMap<String, Json>, BTreeSet<String>)> {
    let mut document: BTreeMap<String, Json> = serde_json::from_str(text).ok()?;
    let statements = match document.remove("Statement") {
        Some(Json::Array(statements)) => statements,
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    Some((document, statements.into_iter().map(|statement| normal_statement(statement).to_string()).collect()))
}

fn normal_statement(statement: Json) -> Json {
    let Json::Object(entries) = statement else { return statement };
    let mut normal = BTreeMap::new();
    for (key, value) in entries {
        let value = match key.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => strings(&value),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => conditions(value),
            "Sid" if value == Json::String(String::new()) => continue,
            _ => value,
        };
        normal.insert(key, value);
    }
    Json::from_iter(normal)
}

fn principals(value: Json) -> Json {
    match value {
        Json::Object(entries) => entries
            .into_iter()
            .map(|(kind, who)| {
                let who = strings(&who);
                let who = match &who {
                    Json::Array(items) if kind == "AWS" => strings(&items.iter().map(|item| Json::from(account(item.as_str().unwrap_or_default()))).collect()),
                    _ => who,
                };
                (kind, who)
            })
            .collect(),
        // Everybody, in its short form.
        Json::String(all) if all == "*" => serde_json::json!({"AWS": ["*"]}),
        other => other,
    }
}

/// The number of the account when the principal is a whole account.
fn account(principal: &str) -> &str {
    let parts: Vec<&str> = principal.split(':').collect();
    match parts[..] {
        ["arn", _, "iam", "", account, "root"] => account,
        _ => principal,
    }
}

fn conditions(value: Json) -> Json {
    let Json::Object(operators) = value else { return value };
    operators
        .into_iter()
        .map(|(operator, keys)| {
            let keys = match keys {
                // The keys of conditions are not case-sensitive.
                Json::Object(keys) => keys.into_iter().map(|(key, values)| (key.to_lowercase(), strings(&values))).collect(),
                other => other,
            };
            (operator, keys)
        })
        .collect()
}

/// A string or a list of strings (or numbers, or booleans) as a sorted list without repetition.
fn strings(value: &Json) -> Json {
    let text = |item: &Json| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    let items: BTreeSet<String> = match value {
        Json::Array(items) => items.iter().map(text).collect(),
        item => [text(item)].into(),
    };
    items.into_iter().map(Json::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(same: bool, a: &str, b: &str) {
        assert_eq!(same_policy(&Value::from(a), &Value::from(b)), same, "{a}\n{b}");
    }

    #[test]
    fn policies_by_meaning() {
        let one = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"*","Principal":"*"}}"#;
        check(true, one, r#"{"Statement":[{"Principal":{"AWS":["*"]},"Sid":"","Action":["s3:Get"], "Resource":["*"],"Effect":"Allow"}],"Version":"2012-10-17"}"#);
        check(false, one, r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:Get","Resource":"*","Principal":"*"}}"#);
        let two = r#"{"Statement":[{"Action":["b","a"],"Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Condition":{"Bool":{"aws:SecureTransport":false}}}]}"#;
        check(true, two, r#"{"Statement":[{"Action":["a","b"],"Principal":{"AWS":"123456789012"},"Condition":{"Bool":{"aws:securetransport":"false"}}}]}"#);
        check(false, two, "no json");
        check(false, "no json", "no json");
    }

    #[test]
    fn documents() {
        assert_eq!(compact("{\"b\": 1, \"a\": 2}").as_deref(), Some("{\"a\":2,\"b\":1}"));
        assert_eq!(keep_policy(Some("{\"Statement\": []}"), "{\"Statement\":[]}"), "{\"Statement\": []}");
    }
}
