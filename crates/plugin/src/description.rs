//! What a provider offers, in the form that `providers schema -json` prints.

use std::collections::{BTreeMap, HashMap};

use prost::Message;
use prost::bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use weir_provider::{Fault, FunctionSchema, Nesting, ProviderSchema};
use weir_value::Type;

use crate::protocol::tfplugin6::{self as wire, StringKind, schema};
use crate::schema::{decoded, unreadable};

/// All that a provider offers, with everything that it says for people to read.
#[derive(Debug, Serialize)]
pub struct Description {
    provider: Described,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resource_schemas: BTreeMap<String, Described>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    data_source_schemas: BTreeMap<String, Described>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    ephemeral_resource_schemas: BTreeMap<String, Described>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    functions: BTreeMap<String, Function>,
}

#[derive(Debug, Serialize)]
struct Described {
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<Block>,
}

#[derive(Debug, Serialize)]
struct Block {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, Attribute>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    block_types: BTreeMap<String, NestedBlock>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    description_kind: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    deprecated: bool,
}

#[derive(Debug, Serialize)]
struct Attribute {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nested_type: Option<Object>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    description_kind: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    deprecated: bool,
    #[serde(skip_serializing_if = "is_false")]
    required: bool,
    #[serde(skip_serializing_if = "is_false")]
    optional: bool,
    #[serde(skip_serializing_if = "is_false")]
    computed: bool,
    #[serde(skip_serializing_if = "is_false")]
    sensitive: bool,
    #[serde(skip_serializing_if = "is_false")]
    write_only: bool,
}

#[derive(Debug, Serialize)]
struct Object {
    attributes: BTreeMap<String, Attribute>,
    nesting_mode: &'static str,
}

#[derive(Debug, Serialize)]
struct NestedBlock {
    nesting_mode: &'static str,
    block: Block,
    #[serde(skip_serializing_if = "is_zero")]
    min_items: u64,
    #[serde(skip_serializing_if = "is_zero")]
    max_items: u64,
}

#[derive(Debug, Serialize)]
struct Function {
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    summary: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    deprecation_message: String,
    return_type: Box<RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variadic_parameter: Option<Parameter>,
}

#[derive(Debug, Serialize)]
struct Parameter {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "is_false")]
    is_nullable: bool,
    #[serde(rename = "type")]
    ty: Box<RawValue>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn kind(kind: StringKind) -> &'static str {
    match kind {
        StringKind::Plain => "plain",
        StringKind::Markdown => "markdown",
    }
}

fn type_text(bytes: Vec<u8>) -> Result<Box<RawValue>, Fault> {
    let invalid = |why: String| Fault::error("Provider has an invalid schema", format!("One of its types is not JSON: {why}. This is a fault of the provider."));
    let text = String::from_utf8(bytes).map_err(|error| invalid(error.to_string()))?;
    RawValue::from_string(text).map_err(|error| invalid(error.to_string()))
}

/// A count on the wire, which is never less than nothing.
fn count(items: i64) -> u64 {
    u64::try_from(items).unwrap_or(0)
}

impl Description {
    /// What a plugin of that version of the protocol has said.
    pub(crate) fn of_plugin(version: u8, answer: wire::get_provider_schema::Response) -> Result<Self, Fault> {
        let all = |schemas: HashMap<String, Bytes>| -> Result<BTreeMap<String, Described>, Fault> {
            schemas.into_iter().map(|(name, bytes)| Ok((name, described(decoded(version, &bytes)?)?))).collect()
        };
        let functions = answer.functions.into_iter().map(|(name, bytes)| {
            let offered = wire::Function::decode(bytes).map_err(|error| unreadable(&name, &error))?;
            Ok((name, function(offered)?))
        });
        Ok(Self {
            provider: described(decoded(version, &answer.provider)?)?,
            functions: functions.collect::<Result<_, Fault>>()?,
            resource_schemas: all(answer.resource_schemas)?,
            data_source_schemas: all(answer.data_source_schemas)?,
            ephemeral_resource_schemas: all(answer.ephemeral_resource_schemas)?,
        })
    }

    /// What a native provider offers.
    pub fn of_native(schema: &ProviderSchema) -> Result<Self, Fault> {
        fn one(schema: &weir_provider::Schema) -> Result<Described, Fault> {
            let block = &schema.block;
            let is_empty = block.attributes.is_empty() && block.blocks.is_empty();
            Ok(Described { version: schema.version, block: if is_empty { None } else { Some(native_block(block)?) } })
        }
        fn all<'a, N: ToString + 'a, S: AsRef<weir_provider::Schema> + 'a>(
            schemas: impl IntoIterator<Item = (&'a N, &'a S)>,
        ) -> Result<BTreeMap<String, Described>, Fault> {
            schemas.into_iter().map(|(name, schema)| Ok((name.to_string(), one(schema.as_ref())?))).collect()
        }
        Ok(Self {
            provider: one(&schema.config)?,
            resource_schemas: all(&schema.resources)?,
            data_source_schemas: all(&schema.data_sources)?,
            ephemeral_resource_schemas: all(&schema.ephemeral)?,
            functions: schema.functions.iter().map(|(name, offered)| Ok((name.to_string(), native_function(offered)?))).collect::<Result<_, Fault>>()?,
        })
    }
}

fn described(schema: wire::Schema) -> Result<Described, Fault> {
    Ok(Described { version: count(schema.version), block: schema.block.map(block).transpose()? })
}

fn block(from: schema::Block) -> Result<Block, Fault> {
    let description_kind = kind(from.description_kind());
    let nested = from.block_types.into_iter().map(|nested| {
        let nesting_mode = match nested.nesting() {
            schema::nested_block::NestingMode::Single => "single",
            schema::nested_block::NestingMode::Group => "group",
            schema::nested_block::NestingMode::List => "list",
            schema::nested_block::NestingMode::Set => "set",
            schema::nested_block::NestingMode::Map => "map",
            schema::nested_block::NestingMode::Invalid => "invalid",
        };
        let block = block(nested.block.unwrap_or_default())?;
        Ok((nested.type_name, NestedBlock { nesting_mode, block, min_items: count(nested.min_items), max_items: count(nested.max_items) }))
    });
    Ok(Block {
        block_types: nested.collect::<Result<_, Fault>>()?,
        attributes: attributes(from.attributes)?,
        description: from.description,
        description_kind,
        deprecated: from.deprecated,
    })
}

fn attributes(from: Vec<schema::Attribute>) -> Result<BTreeMap<String, Attribute>, Fault> {
    let one = |from: schema::Attribute| {
        let description_kind = kind(from.description_kind());
        let nested_type = from.nested_type.map(|object| {
            let nesting_mode = match object.nesting() {
                schema::object::NestingMode::Single => "single",
                schema::object::NestingMode::List => "list",
                schema::object::NestingMode::Set => "set",
                schema::object::NestingMode::Map => "map",
                schema::object::NestingMode::Invalid => "invalid",
            };
            Ok(Object { attributes: attributes(object.attributes)?, nesting_mode })
        });
        let nested_type = nested_type.transpose()?;
        let ty = if nested_type.is_some() { None } else { Some(type_text(from.r#type)?) };
        let attribute = Attribute {
            ty,
            nested_type,
            description: from.description,
            description_kind,
            deprecated: from.deprecated,
            required: from.required,
            optional: from.optional,
            computed: from.computed,
            sensitive: from.sensitive,
            write_only: from.write_only,
        };
        Ok((from.name, attribute))
    };
    from.into_iter().map(one).collect()
}

fn function(from: wire::Function) -> Result<Function, Fault> {
    let parameter = |from: wire::function::Parameter| -> Result<Parameter, Fault> {
        Ok(Parameter { name: from.name, description: from.description, is_nullable: from.allow_null_value, ty: type_text(from.r#type)? })
    };
    Ok(Function {
        description: from.description,
        summary: from.summary,
        deprecation_message: from.deprecation_message,
        return_type: type_text(from.r#return.unwrap_or_default().r#type)?,
        parameters: from.parameters.into_iter().map(parameter).collect::<Result<_, Fault>>()?,
        variadic_parameter: from.variadic_parameter.map(parameter).transpose()?,
    })
}

fn native_type(ty: &Type) -> Result<Box<RawValue>, Fault> {
    type_text(ty.to_json().into_bytes())
}

fn native_block(from: &weir_provider::Block) -> Result<Block, Fault> {
    let attributes = from.attributes.iter().map(|(name, from)| {
        let attribute = Attribute {
            ty: Some(native_type(&from.ty)?),
            nested_type: None,
            description: from.description.to_owned(),
            description_kind: kind(StringKind::Plain),
            deprecated: from.deprecated.is_some(),
            required: from.required,
            optional: from.optional,
            computed: from.computed,
            sensitive: from.sensitive,
            write_only: from.write_only,
        };
        Ok((name.to_string(), attribute))
    });
    let nested = from.blocks.iter().map(|(name, from)| {
        let nesting_mode = match from.nesting {
            Nesting::Single => "single",
            Nesting::Group => "group",
            Nesting::List => "list",
            Nesting::Set => "set",
            Nesting::Map => "map",
        };
        Ok((name.to_string(), NestedBlock { nesting_mode, block: native_block(&from.block)?, min_items: from.min, max_items: from.max }))
    });
    Ok(Block {
        attributes: attributes.collect::<Result<_, Fault>>()?,
        block_types: nested.collect::<Result<_, Fault>>()?,
        description: from.description.to_owned(),
        description_kind: kind(StringKind::Plain),
        deprecated: false,
    })
}

fn native_function(from: &FunctionSchema) -> Result<Function, Fault> {
    let parameter = |from: &weir_provider::Parameter| -> Result<Parameter, Fault> {
        Ok(Parameter { name: from.name.to_owned(), description: String::new(), is_nullable: from.allow_null, ty: native_type(&from.ty)? })
    };
    Ok(Function {
        description: String::new(),
        summary: from.summary.to_owned(),
        deprecation_message: String::new(),
        return_type: native_type(&from.returns)?,
        parameters: from.parameters.iter().map(parameter).collect::<Result<_, Fault>>()?,
        variadic_parameter: from.variadic.as_ref().map(parameter).transpose()?,
    })
}
