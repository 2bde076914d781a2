//! What the provider offers.

use std::collections::HashMap;

use prost::Message;
use weir_plugin::protocol::tfplugin5;
use weir_plugin::protocol::tfplugin6::get_provider_schema::Response;
use weir_plugin::protocol::tfplugin6::schema::nested_block::NestingMode;
use weir_plugin::protocol::tfplugin6::schema::{Attribute, Block, NestedBlock, Object, object};
use weir_plugin::protocol::tfplugin6::{Function, Schema, ServerCapabilities, StringKind, function};

fn attribute(name: &str, ty: &str, flags: &str) -> Attribute {
    Attribute {
        name: name.to_owned(),
        r#type: ty.as_bytes().to_vec(),
        required: flags.contains('r'),
        optional: flags.contains('o'),
        computed: flags.contains('c'),
        sensitive: flags.contains('s'),
        write_only: flags.contains('w'),
        deprecated: flags.contains('d'),
        ..Attribute::default()
    }
}

fn nested(name: &str, nesting: NestingMode, attributes: Vec<Attribute>) -> NestedBlock {
    NestedBlock { type_name: name.to_owned(), block: Some(Block { attributes, ..Block::default() }), nesting: nesting.into(), min_items: 0, max_items: 0 }
}

fn schema(version: i64, attributes: Vec<Attribute>, block_types: Vec<NestedBlock>) -> Schema {
    Schema { version, block: Some(Block { attributes, block_types, ..Block::default() }) }
}

const TEXT: &str = "\"string\"";

fn thing() -> Schema {
    let attributes = vec![
        attribute("id", TEXT, "c"),
        Attribute { description: "What it is _called_.".to_owned(), description_kind: StringKind::Markdown.into(), ..attribute("name", TEXT, "r") },
        attribute("size", "\"number\"", "oc"),
        attribute("tags", "[\"map\",\"string\"]", "o"),
        attribute("ports", "[\"set\",\"number\"]", "o"),
        attribute("any", "\"dynamic\"", "o"),
        attribute("secret", TEXT, "os"),
        attribute("token", TEXT, "ow"),
        attribute("old", TEXT, "od"),
    ];
    let blocks = vec![
        nested("part", NestingMode::List, vec![attribute("label", TEXT, "r"), attribute("serial", TEXT, "c")]),
        nested("rule", NestingMode::Set, vec![attribute("port", "\"number\"", "r"), attribute("note", TEXT, "o")]),
        nested("limits", NestingMode::Single, vec![attribute("most", "\"number\"", "o")]),
        nested("label", NestingMode::Map, vec![attribute("text", TEXT, "o")]),
    ];
    schema(2, attributes, blocks)
}

/// Only version 6 has attributes with attributes.
fn settings() -> Attribute {
    let object = Object { attributes: vec![attribute("mode", TEXT, "o"), attribute("level", "\"number\"", "oc")], nesting: object::NestingMode::Single.into() };
    Attribute { nested_type: Some(object), ..attribute("settings", "", "o") }
}

fn functions() -> HashMap<String, Function> {
    let parameter = |name: &str| function::Parameter { name: name.to_owned(), r#type: TEXT.into(), ..function::Parameter::default() };
    let join = Function {
        parameters: vec![parameter("separator")],
        variadic_parameter: Some(parameter("parts")),
        r#return: Some(function::Return { r#type: TEXT.into() }),
        summary: "Joins texts.".to_owned(),
        description: "Puts a separator between texts.".to_owned(),
        deprecation_message: String::new(),
    };
    HashMap::from([("join".to_owned(), join)])
}

/// Everything that there is.
pub(crate) struct Offered {
    pub(crate) provider: Schema,
    pub(crate) resources: HashMap<String, Schema>,
    data_sources: HashMap<String, Schema>,
    ephemeral: HashMap<String, Schema>,
}

/// What version 6 has.
pub(crate) fn offered() -> Offered {
    let one = |name: &str, schema: Schema| HashMap::from([(name.to_owned(), schema)]);
    Offered {
        provider: schema(0, vec![attribute("region", TEXT, "o")], vec![]),
        resources: one("test_thing", thing()),
        data_sources: one("test_lookup", schema(0, vec![attribute("key", TEXT, "r"), attribute("found", TEXT, "c")], vec![])),
        ephemeral: one("test_ticket", schema(0, vec![attribute("value", TEXT, "c")], vec![])),
    }
}

/// Everything, as version 6 tells it.
pub(crate) fn version_6(schema_optional: bool) -> Response {
    let mut offered = offered();
    if let Some(block) = offered.resources.get_mut("test_thing").and_then(|schema| schema.block.as_mut()) {
        block.attributes.push(settings());
    }
    told(offered, &|schema| schema.encode_to_vec(), schema_optional)
}

fn told(offered: Offered, encode: &dyn Fn(Schema) -> Vec<u8>, schema_optional: bool) -> Response {
    let all = |schemas: HashMap<String, Schema>| schemas.into_iter().map(|(name, schema)| (name, encode(schema).into())).collect();
    Response {
        provider: encode(offered.provider).into(),
        resource_schemas: all(offered.resources),
        data_source_schemas: all(offered.data_sources),
        ephemeral_resource_schemas: all(offered.ephemeral),
        functions: functions().into_iter().map(|(name, function)| (name, function.encode_to_vec().into())).collect(),
        server_capabilities: Some(ServerCapabilities { plan_destroy: true, get_provider_schema_optional: schema_optional, move_resource_state: true }),
        diagnostics: vec![],
    }
}

/// The same, as far as version 5 can tell it.
pub(crate) fn version_5(schema_optional: bool) -> Response {
    fn block(from: Block) -> tfplugin5::schema::Block {
        let attributes = from.attributes.into_iter().map(|from| tfplugin5::schema::Attribute {
            name: from.name,
            r#type: from.r#type,
            required: from.required,
            optional: from.optional,
            computed: from.computed,
            sensitive: from.sensitive,
            deprecated: from.deprecated,
            write_only: from.write_only,
            description: from.description,
            description_kind: from.description_kind,
        });
        let blocks = from.block_types.into_iter().map(|from| tfplugin5::schema::NestedBlock {
            type_name: from.type_name,
            block: from.block.map(block),
            nesting: from.nesting,
            min_items: from.min_items,
            max_items: from.max_items,
        });
        tfplugin5::schema::Block { attributes: attributes.collect(), block_types: blocks.collect(), ..Default::default() }
    }
    told(offered(), &|schema| tfplugin5::Schema { version: schema.version, block: schema.block.map(block) }.encode_to_vec(), schema_optional)
}
