//! Schemas as the plugin tells them, as the engine sees them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use prost::bytes::Bytes;
use prost::{DecodeError, Message};
use weir_provider::{Attribute, Block, Fault, FunctionSchema, NestedBlock, Nesting, Parameter, Schema};
use weir_value::{ObjectType, Type};

use crate::protocol::tfplugin5;
use crate::protocol::tfplugin6::{self as wire, schema};

/// A schema as a plugin of that version of the protocol has sent it, in the form of version 6.
pub(crate) fn decoded(version: u8, bytes: &Bytes) -> Result<wire::Schema, Fault> {
    let schema = if version == 5 { tfplugin5::Schema::decode(bytes.clone()).map(schema_5) } else { wire::Schema::decode(bytes.clone()) };
    schema.map_err(|error| unreadable("a type", &error))
}

/// What a plugin has sent cannot be read.
pub(crate) fn unreadable(what: &str, error: &DecodeError) -> Fault {
    Fault::error("Provider has an invalid schema", format!("The schema of {what} cannot be read: {error}. This is a fault of the provider."))
}

/// The schema of a type, or of the provider's configuration.
pub(crate) fn one(name: &str, schema: Option<&wire::Schema>) -> Result<Schema, Fault> {
    let version = schema.map_or(0, |schema| u64::try_from(schema.version).unwrap_or(0));
    let block = schema.and_then(|schema| schema.block.as_ref()).map(|block| self::block(name, block)).transpose()?;
    Ok(Schema::new(version, block.unwrap_or_default()))
}

fn block(of: &str, block: &schema::Block) -> Result<Block, Fault> {
    let attributes = block.attributes.iter().map(|attribute| Ok((Arc::from(attribute.name.as_str()), self::attribute(of, attribute)?)));
    let blocks = block.block_types.iter().map(|nested| {
        let of_nested = || invalid(of, &nested.type_name, "it has no known nesting");
        let nesting = match nested.nesting() {
            schema::nested_block::NestingMode::Single => Nesting::Single,
            schema::nested_block::NestingMode::Group => Nesting::Group,
            schema::nested_block::NestingMode::List => Nesting::List,
            schema::nested_block::NestingMode::Set => Nesting::Set,
            schema::nested_block::NestingMode::Map => Nesting::Map,
            schema::nested_block::NestingMode::Invalid => return Err(of_nested()),
        };
        let inner = nested.block.as_ref().map(|block| self::block(of, block)).transpose()?.unwrap_or_default();
        let count = |items: i64| u64::try_from(items).unwrap_or(0);
        let nested_block = NestedBlock { nesting, block: inner, min: count(nested.min_items), max: count(nested.max_items), force_new: false, computed: false };
        Ok((Arc::from(nested.type_name.as_str()), nested_block))
    });
    Ok(Block { attributes: attributes.collect::<Result<_, Fault>>()?, blocks: blocks.collect::<Result<_, Fault>>()?, description: "" })
}

fn attribute(of: &str, attribute: &schema::Attribute) -> Result<Attribute, Fault> {
    let ty = match &attribute.nested_type {
        Some(object) => nested_type(of, object)?,
        None => wire_type(&attribute.r#type).map_err(|reason| invalid(of, &attribute.name, &reason))?,
    };
    let hidden = attribute.nested_type.as_ref().is_some_and(has_secret);
    Ok(Attribute {
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        // What is secret within is hidden with all around it.
        sensitive: attribute.sensitive || hidden,
        write_only: attribute.write_only,
        deprecated: attribute.deprecated.then_some("The provider says that it is deprecated."),
        ..Attribute::optional(ty)
    })
}

fn has_secret(object: &schema::Object) -> bool {
    object.attributes.iter().any(|attribute| attribute.sensitive || attribute.nested_type.as_ref().is_some_and(has_secret))
}

fn nested_type(of: &str, object: &schema::Object) -> Result<Type, Fault> {
    let mut attributes = BTreeMap::new();
    let mut optional = std::collections::BTreeSet::new();
    for inner in &object.attributes {
        let name: Arc<str> = inner.name.as_str().into();
        if !inner.required {
            optional.insert(name.clone());
        }
        attributes.insert(name, attribute(of, inner)?.ty);
    }
    let one = Type::Object(Arc::new(ObjectType { attributes, optional }));
    Ok(match object.nesting() {
        schema::object::NestingMode::Single => one,
        schema::object::NestingMode::List => Type::list(one),
        schema::object::NestingMode::Set => Type::set(one),
        schema::object::NestingMode::Map => Type::map(one),
        schema::object::NestingMode::Invalid => return Err(invalid(of, "an attribute", "it has no known nesting")),
    })
}

pub(crate) fn wire_type(bytes: &[u8]) -> Result<Type, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "its type is not text".to_owned())?;
    Type::from_json(text).map_err(|error| format!("its type cannot be read: {error}"))
}

fn invalid(of: &str, what: &str, reason: &str) -> Fault {
    Fault::error("Provider has an invalid schema", format!("\"{what}\" of {of} cannot be used: {reason}. This is a fault of the provider."))
}

/// The signature of a function.
pub(crate) fn function(name: &str, function: &wire::Function) -> Result<FunctionSchema, Fault> {
    let parameter = |parameter: &wire::function::Parameter| -> Result<Parameter, Fault> {
        let ty = wire_type(&parameter.r#type).map_err(|reason| invalid(name, &parameter.name, &reason))?;
        Ok(Parameter { name: kept(&parameter.name), ty, allow_null: parameter.allow_null_value })
    };
    let returns = function.r#return.as_ref().map_or(&[][..], |returns| &returns.r#type);
    Ok(FunctionSchema {
        name: kept(name),
        summary: kept(&function.summary),
        parameters: function.parameters.iter().map(parameter).collect::<Result<_, _>>()?,
        variadic: function.variadic_parameter.as_ref().map(parameter).transpose()?,
        returns: wire_type(returns).map_err(|reason| invalid(name, "return", &reason))?,
    })
}

/// A text that lives as long as the process, once for all that are equal: functions of native providers have constant names.
fn kept(text: &str) -> &'static str {
    static ALL: LazyLock<Mutex<std::collections::BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(text) {
        return known;
    }
    let new: &'static str = Box::leak(text.to_owned().into_boxed_str());
    all.insert(new);
    new
}

/// Takes out of a block what only people read, so that it is not kept for a whole run.
pub(crate) fn forget_descriptions(block: &mut schema::Block) {
    fn forget(attributes: &mut [schema::Attribute]) {
        for attribute in attributes {
            attribute.description = String::new();
            attribute.nested_type.iter_mut().for_each(|object| forget(&mut object.attributes));
        }
    }
    block.description = String::new();
    forget(&mut block.attributes);
    block.block_types.iter_mut().filter_map(|nested| nested.block.as_mut()).for_each(forget_descriptions);
}

fn schema_5(schema: tfplugin5::Schema) -> wire::Schema {
    wire::Schema { version: schema.version, block: schema.block.map(block_5) }
}

fn block_5(block: tfplugin5::schema::Block) -> schema::Block {
    let attributes = block.attributes.into_iter().map(|attribute| schema::Attribute {
        name: attribute.name,
        r#type: attribute.r#type,
        description: attribute.description,
        description_kind: attribute.description_kind,
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        sensitive: attribute.sensitive,
        deprecated: attribute.deprecated,
        nested_type: None,
        write_only: attribute.write_only,
    });
    let block_types = block.block_types.into_iter().map(|nested| schema::NestedBlock {
        type_name: nested.type_name,
        block: nested.block.map(block_5),
        nesting: nested.nesting,
        min_items: nested.min_items,
        max_items: nested.max_items,
    });
    schema::Block {
        version: block.version,
        attributes: attributes.collect(),
        block_types: block_types.collect(),
        description: block.description,
        description_kind: block.description_kind,
        deprecated: block.deprecated,
    }
}
