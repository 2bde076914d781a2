//! Every schema is the incumbent's.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use weir_provider::{Attribute, Block, NestedBlock, Nesting, Schema};
use weir_value::Type;

const DATA: &str = include_str!("../testdata/aws-5.100.0.json");

fn ty(ty: &Type) -> Json {
    match ty {
        Type::Dynamic => json!("dynamic"),
        Type::Bool => json!("bool"),
        Type::Number => json!("number"),
        Type::String => json!("string"),
        Type::List(element) => json!(["list", self::ty(element)]),
        Type::Set(element) => json!(["set", self::ty(element)]),
        Type::Map(element) => json!(["map", self::ty(element)]),
        Type::Tuple(elements) => json!(["tuple", elements.iter().map(self::ty).collect::<Vec<_>>()]),
        Type::Object(object) => {
            json!(["object", object.attributes.iter().map(|(name, attribute)| (name.to_string(), self::ty(attribute))).collect::<Map<_, _>>()])
        }
    }
}

fn attribute(attribute: &Attribute) -> Json {
    let mut out = Map::new();
    let flags = [
        ("required", attribute.required),
        ("optional", attribute.optional),
        ("computed", attribute.computed),
        ("sensitive", attribute.sensitive),
        ("write_only", attribute.write_only),
        ("deprecated", attribute.deprecated.is_some()),
    ];
    out.extend(flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| (name.to_owned(), json!(true))));
    out.insert("type".into(), ty(&attribute.ty));
    Json::Object(out)
}

fn nested(nested: &NestedBlock) -> Json {
    let mode = match nested.nesting {
        Nesting::Single => "single",
        Nesting::Group => "group",
        Nesting::List => "list",
        Nesting::Set => "set",
        Nesting::Map => "map",
    };
    let mut out = Map::from_iter([("nesting_mode".to_owned(), json!(mode)), ("block".to_owned(), block(&nested.block))]);
    for (name, number) in [("min_items", nested.min), ("max_items", nested.max)] {
        if number > 0 {
            out.insert(name.to_owned(), json!(number));
        }
    }
    Json::Object(out)
}

fn block(block: &Block) -> Json {
    let mut out = Map::new();
    if !block.attributes.is_empty() {
        let attributes: Map<_, _> = block.attributes.iter().map(|(name, inner)| (name.to_string(), attribute(inner))).collect();
        out.insert("attributes".into(), Json::Object(attributes));
    }
    if !block.blocks.is_empty() {
        let blocks: Map<_, _> = block.blocks.iter().map(|(name, inner)| (name.to_string(), nested(inner))).collect();
        out.insert("block_types".into(), Json::Object(blocks));
    }
    Json::Object(out)
}

fn differences(path: &str, ours: &Json, theirs: &Json, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Json::Object(ours), Json::Object(theirs)) => {
            for name in ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name))) {
                let (ours, theirs) = (ours.get(name).unwrap_or(&Json::Null), theirs.get(name).unwrap_or(&Json::Null));
                differences(&format!("{path}.{name}"), ours, theirs, found);
            }
        }
        _ if ours != theirs => found.push(format!("{path}: {ours} should be {theirs}")),
        _ => {}
    }
}

fn compare(kind: &str, name: &str, schema: &Schema, theirs: &Json, found: &mut Vec<String>) {
    let ours = json!({"version": schema.version, "block": block(&schema.block)});
    if theirs.is_null() {
        found.push(format!("{kind} {name} is not the incumbent's"));
    } else {
        differences(name, &ours, theirs, found);
    }
}

#[test]
fn schemas_are_the_incumbents() {
    let theirs: Json = serde_json::from_str(DATA).expect("data");
    let ours = crate::provider().schema();
    let mut found = Vec::new();
    compare("provider", "aws", &ours.config, &theirs["provider"], &mut found);
    for (kind, types) in [("resource", &ours.resources), ("data", &ours.data_sources), ("ephemeral", &ours.ephemeral)] {
        for (name, schema) in types.iter() {
            let schema: &Arc<Schema> = schema;
            compare(kind, name, schema, &theirs[kind][&**name], &mut found);
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
