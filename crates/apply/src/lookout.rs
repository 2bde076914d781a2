//! What a person has to look for when nobody can say whether an object was created.

use weir_addr::InstanceAddr;
use weir_value::Value;

/// So many arguments are enough to find an object by.
const SHOWN: usize = 4;

/// What to do about a creation whose end nobody knows. `planned` is the object as far as it was known, without secrets.
pub(crate) fn advice(addr: &InstanceAddr, planned: Option<&Value>) -> String {
    let marks = planned.map(described).filter(|marks| !marks.is_empty()).map(|marks| format!(" with {}", marks.join(", "))).unwrap_or_default();
    format!(
        "Look for an object of the type {}{marks}. If it is there, take it into the state with `weir import '{addr}' ID`, or remove it; else the next apply creates another one.",
        addr.resource.type_
    )
}

/// The arguments that tell the object from others: names first, then what else is known.
fn described(planned: &Value) -> Vec<String> {
    let Value::Object(entries) = planned else { return Vec::new() };
    let mut found: Vec<(u8, String)> = entries.iter().filter_map(|(name, value)| Some((rank(name, value), format!("{name} = {}", shown(value)?)))).collect();
    if let Some(name) = planned.get("tags").and_then(|tags| tags.get("Name")).as_ref().and_then(shown) {
        found.push((1, format!("the tag Name = {name}")));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, text)| text).take(SHOWN).collect()
}

fn rank(name: &str, value: &Value) -> u8 {
    match name {
        "id" | "name" => 0,
        _ if name.ends_with("name") || name.contains("identifier") => 1,
        _ if matches!(value, Value::String(_)) => 2,
        _ => 3,
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() && text.len() <= 100 => Some(format!("{text:?}")),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_addr::{ModulePath, ResourceAddr};
    use weir_value::Type;

    #[test]
    fn names_come_first() {
        let addr = ResourceAddr::managed(ModulePath::root(), "cloud_disk", "d").instance(None);
        let tags = Value::map(Type::String, [("Name", Value::from("data")), ("Team", Value::from("x"))]);
        let planned = Value::object([
            ("arn", Value::Null(Type::String)),
            ("display_name", "Data".into()),
            ("name", "data-1".into()),
            ("note", "x".repeat(200).as_str().into()),
            ("on", Value::Bool(true)),
            ("size", 3.into()),
            ("tags", tags),
        ]);
        let text = advice(&addr, Some(&planned));
        assert!(text.contains("the type cloud_disk with name = \"data-1\", display_name = \"Data\", the tag Name = \"data\", size = 3. If"), "{text}");
        assert!(text.contains("`weir import 'cloud_disk.d' ID`"), "{text}");
        assert!(advice(&addr, None).contains("the type cloud_disk. If"));
    }
}
