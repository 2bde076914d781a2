//! The object that a plugin is asked to plan for: the configuration, with what it leaves to the provider taken from the object that there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_value::Value;

use crate::protocol::tfplugin6::schema::nested_block::NestingMode as BlockNesting;
use crate::protocol::tfplugin6::schema::object::NestingMode;
use crate::protocol::tfplugin6::schema::{Attribute, Block, NestedBlock, Object};

/// The proposed new state of an object. `prior` is null when it is to be created.
pub(crate) fn proposed(block: &Block, prior: &Value, config: &Value) -> Value {
    let Value::Object(written) = config.unmarked() else { return config.clone() };
    let mut new = BTreeMap::new();
    for attribute in &block.attributes {
        let name: Arc<str> = attribute.name.as_str().into();
        let Some(config) = written.get(&name) else { continue };
        new.insert(name, of_attribute(attribute, inner(prior, &attribute.name).as_ref(), config));
    }
    for nested in &block.block_types {
        let name: Arc<str> = nested.type_name.as_str().into();
        let Some(config) = written.get(&name) else { continue };
        new.insert(name, of_blocks(nested, inner(prior, &nested.type_name).as_ref(), config));
    }
    Value::Object(Arc::new(new))
}

/// What stands under a name in an object that may be null.
fn inner(value: &Value, name: &str) -> Option<Value> {
    value.get(name).filter(|value| !value.is_null())
}

fn of_attribute(attribute: &Attribute, prior: Option<&Value>, config: &Value) -> Value {
    if attribute.write_only {
        return Value::Null(config.ty());
    }
    if config.is_null() && attribute.computed {
        let left_to_provider = !attribute.optional || attribute.nested_type.as_ref().is_none_or(|object| prior.is_none_or(|prior| !has_written(object, prior)));
        return match prior {
            Some(prior) if left_to_provider => prior.clone(),
            _ => config.clone(),
        };
    }
    match &attribute.nested_type {
        Some(object) if !config.is_null() && config.is_known() => of_nested(object, prior, config),
        _ => config.clone(),
    }
}

/// True when something in the prior object can only have come from a configuration: then it was removed, and not left to the provider.
fn has_written(object: &Object, prior: &Value) -> bool {
    let one = |item: &Value| {
        object.attributes.iter().any(|attribute| match (inner(item, &attribute.name), &attribute.nested_type) {
            (None, _) => false,
            (Some(_), _) if !attribute.computed => true,
            (Some(value), Some(nested)) => has_written(nested, &value),
            (Some(_), None) => false,
        })
    };
    match object.nesting() {
        NestingMode::Single => one(prior),
        _ => prior.elements().any(one),
    }
}

fn of_nested(object: &Object, prior: Option<&Value>, config: &Value) -> Value {
    let one = |prior: Option<&Value>, config: &Value| {
        let Value::Object(written) = config else { return config.clone() };
        let new = object.attributes.iter().filter_map(|attribute| {
            let config = written.get(attribute.name.as_str())?;
            let prior = prior.and_then(|prior| inner(prior, &attribute.name));
            Some((Arc::from(attribute.name.as_str()), of_attribute(attribute, prior.as_ref(), config)))
        });
        Value::Object(Arc::new(new.collect()))
    };
    let fits = |prior: &Value, config: &Value| object_fits(object, prior, config);
    match object.nesting() {
        NestingMode::Single => one(prior, config),
        _ => each(prior, config, &one, &fits),
    }
}

fn of_blocks(nested: &NestedBlock, prior: Option<&Value>, config: &Value) -> Value {
    let Some(block) = &nested.block else { return config.clone() };
    if config.is_null() || !config.is_known() {
        return config.clone();
    }
    let one = |prior: Option<&Value>, config: &Value| proposed(block, prior.unwrap_or(&Value::null()), config);
    let fits = |prior: &Value, config: &Value| block_fits(block, prior, config);
    match nested.nesting() {
        BlockNesting::Single | BlockNesting::Group => one(prior, config),
        _ => each(prior, config, &one, &fits),
    }
}

/// Pairs the elements of a collection: by place, by key, and in a set by what the configuration says of them.
fn each(prior: Option<&Value>, config: &Value, one: &dyn Fn(Option<&Value>, &Value) -> Value, fits: &dyn Fn(&Value, &Value) -> bool) -> Value {
    let at = |at: usize| prior.and_then(|prior| prior.elements().nth(at));
    let key = |key: &str| prior.and_then(|prior| inner(prior, key));
    match config {
        Value::List(element, items) => Value::list(element.clone(), items.iter().enumerate().map(|(place, item)| one(at(place), item)).collect::<Vec<_>>()),
        Value::Tuple(items) => Value::tuple(items.iter().enumerate().map(|(place, item)| one(at(place), item)).collect::<Vec<_>>()),
        Value::Map(element, entries) => Value::map(element.clone(), entries.iter().map(|(name, item)| (name.clone(), one(key(name).as_ref(), item))).collect::<Vec<_>>()),
        Value::Object(entries) => Value::object(entries.iter().map(|(name, item)| (name.clone(), one(key(name).as_ref(), item))).collect::<Vec<_>>()),
        Value::Set(set) => {
            let mut left: Vec<&Value> = prior.map(|prior| prior.elements().collect()).unwrap_or_default();
            let items: Vec<Value> = set
                .items
                .iter()
                .map(|item| {
                    let found = left.iter().position(|prior| fits(prior, item)).map(|place| left.remove(place));
                    one(found, item)
                })
                .collect();
            Value::set(set.element.clone(), items)
        }
        other => other.clone(),
    }
}

/// True when a prior block is what this configuration led to, as far as it tells.
fn block_fits(block: &Block, prior: &Value, config: &Value) -> bool {
    let attributes = block.attributes.iter().all(|attribute| attribute_fits(attribute, prior.get(&attribute.name).as_ref(), config.get(&attribute.name).as_ref()));
    attributes
        && block.block_types.iter().all(|nested| {
            let (Some(block), Some(prior), Some(config)) = (&nested.block, prior.get(&nested.type_name), config.get(&nested.type_name)) else { return true };
            let fits = |prior: &Value, config: &Value| block_fits(block, prior, config);
            match nested.nesting() {
                _ if prior.is_null() || config.is_null() => prior.is_null() && config.is_null(),
                BlockNesting::Single | BlockNesting::Group => fits(&prior, &config),
                _ => all_fit(&prior, &config, &fits),
            }
        })
}

fn object_fits(object: &Object, prior: &Value, config: &Value) -> bool {
    object.attributes.iter().all(|attribute| attribute_fits(attribute, prior.get(&attribute.name).as_ref(), config.get(&attribute.name).as_ref()))
}

fn attribute_fits(attribute: &Attribute, prior: Option<&Value>, config: Option<&Value>) -> bool {
    let (Some(prior), Some(config)) = (prior, config) else { return true };
    if prior == config || prior.is_null() && config.is_null() || config.is_null() && attribute.computed {
        return true;
    }
    let Some(object) = &attribute.nested_type else { return false };
    if prior.is_null() || config.is_null() || !config.is_known() {
        return false;
    }
    let fits = |prior: &Value, config: &Value| object_fits(object, prior, config);
    match object.nesting() {
        NestingMode::Single => fits(prior, config),
        _ => all_fit(prior, config, &fits),
    }
}

fn all_fit(prior: &Value, config: &Value, fits: &dyn Fn(&Value, &Value) -> bool) -> bool {
    if prior.length() != config.length() {
        return false;
    }
    match (prior, config) {
        (Value::Map(_, prior), Value::Map(_, config)) => config.iter().all(|(key, config)| prior.get(key).is_some_and(|prior| fits(prior, config))),
        (Value::Set(prior), Value::Set(config)) => {
            let mut left: Vec<&Value> = prior.items.iter().collect();
            config.items.iter().all(|config| left.iter().position(|prior| fits(prior, config)).map(|at| left.remove(at)).is_some())
        }
        _ => prior.elements().zip(config.elements()).all(|(prior, config)| fits(prior, config)),
    }
}

/// An object of the old SDK in the shape that all others have: it cannot tell a block type without blocks from one that is null.
pub(crate) fn settled(block: &weir_provider::Block, value: Value) -> Value {
    use weir_provider::Nesting;
    let Value::Object(entries) = &value else { return value };
    let mut new: Option<BTreeMap<Arc<str>, Value>> = None;
    for (name, nested) in &block.blocks {
        let Some(value) = entries.get(name) else { continue };
        let one = |item: &Value| settled(&nested.block, item.clone());
        let changed = match (nested.nesting, value) {
            (Nesting::List, Value::Null(weir_value::Type::List(element))) => Value::list((**element).clone(), []),
            (Nesting::Set, Value::Null(weir_value::Type::Set(element))) => Value::set((**element).clone(), []),
            (Nesting::Map, Value::Null(weir_value::Type::Map(element))) => Value::map::<&str>((**element).clone(), []),
            (Nesting::Single | Nesting::Group, Value::Object(_)) => one(value),
            (_, Value::List(element, items)) => Value::list(element.clone(), items.iter().map(one).collect::<Vec<_>>()),
            (_, Value::Set(set)) => Value::set(set.element.clone(), set.items.iter().map(one).collect::<Vec<_>>()),
            (_, Value::Map(element, entries)) => Value::map(element.clone(), entries.iter().map(|(key, item)| (key.clone(), one(item))).collect::<Vec<_>>()),
            _ => continue,
        };
        new.get_or_insert_with(|| (**entries).clone()).insert(name.clone(), changed);
    }
    new.map_or(value, |new| Value::Object(Arc::new(new)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_value::Type;

    fn attribute(name: &str, flags: &str) -> Attribute {
        Attribute {
            name: name.to_owned(),
            r#type: b"\"string\"".to_vec(),
            required: flags.contains('r'),
            optional: flags.contains('o'),
            computed: flags.contains('c'),
            write_only: flags.contains('w'),
            ..Attribute::default()
        }
    }

    fn block(attributes: Vec<Attribute>, blocks: Vec<(&str, BlockNesting, Block)>) -> Block {
        let block_types = blocks
            .into_iter()
            .map(|(name, nesting, block)| NestedBlock { type_name: name.to_owned(), block: Some(block), nesting: nesting.into(), min_items: 0, max_items: 0 })
            .collect();
        Block { attributes, block_types, ..Block::default() }
    }

    fn text(value: Option<&str>) -> Value {
        value.map_or(Value::Null(Type::String), Value::from)
    }

    fn pair(name: Option<&str>, id: Option<&str>) -> Value {
        Value::object([("name", text(name)), ("id", text(id))])
    }

    #[test]
    fn what_is_left_out_stays_as_it_is() {
        let schema = block(vec![attribute("a", "o"), attribute("b", "oc"), attribute("c", "c"), attribute("w", "ow")], vec![]);
        let all = |a, b, c, w| Value::object([("a", text(a)), ("b", text(b)), ("c", text(c)), ("w", text(w))]);
        let prior = all(Some("1"), Some("2"), Some("3"), None);
        assert_eq!(proposed(&schema, &prior, &all(None, None, None, Some("secret"))), all(None, Some("2"), Some("3"), None));
        assert_eq!(proposed(&schema, &prior, &all(Some("x"), Some("y"), None, None)), all(Some("x"), Some("y"), Some("3"), None));
        assert_eq!(proposed(&schema, &Value::null(), &all(Some("x"), None, None, None)), all(Some("x"), None, None, None));
    }

    #[test]
    fn blocks_are_paired_by_place_key_and_content() {
        let inner = || block(vec![attribute("name", "r"), attribute("id", "c")], vec![]);
        let ty = Type::object([("name", Type::String), ("id", Type::String)]);
        let prior = [pair(Some("a"), Some("1")), pair(Some("b"), Some("2"))];
        let config = [pair(Some("b"), None), pair(Some("c"), None), pair(Some("a"), None)];
        let check = |nesting, wrap: &dyn Fn(Vec<Value>) -> Value, wanted: Vec<Value>| {
            let schema = block(vec![], vec![("part", nesting, inner())]);
            let whole = |items: Vec<Value>| Value::object([("part", wrap(items))]);
            assert_eq!(proposed(&schema, &whole(prior.to_vec()), &whole(config.to_vec())), whole(wanted));
        };
        let list = |items| Value::list(ty.clone(), items);
        check(BlockNesting::List, &list, vec![pair(Some("b"), Some("1")), pair(Some("c"), Some("2")), pair(Some("a"), None)]);
        let set = |items| Value::set(ty.clone(), items);
        check(BlockNesting::Set, &set, vec![pair(Some("a"), Some("1")), pair(Some("b"), Some("2")), pair(Some("c"), None)]);
        let map = |items: Vec<Value>| Value::map(ty.clone(), items.into_iter().map(|item| (item.get("name").unwrap().as_str().unwrap().to_owned(), item)));
        check(BlockNesting::Map, &map, vec![pair(Some("a"), Some("1")), pair(Some("b"), Some("2")), pair(Some("c"), None)]);
    }

    #[test]
    fn nested_attributes_are_merged() {
        let object = Object { attributes: vec![attribute("name", "o"), attribute("id", "c")], nesting: NestingMode::Single.into() };
        let nested = Attribute { nested_type: Some(object), ..attribute("n", "oc") };
        let schema = block(vec![nested], vec![]);
        let whole = |value: Value| Value::object([("n", value)]);
        let null = || Value::Null(Type::object([("name", Type::String), ("id", Type::String)]));
        assert_eq!(proposed(&schema, &whole(pair(Some("a"), Some("1"))), &whole(pair(Some("b"), None))), whole(pair(Some("b"), Some("1"))));
        // Written before and not any more: it is removed. Never written: it is the provider's.
        assert_eq!(proposed(&schema, &whole(pair(Some("a"), Some("1"))), &whole(null())), whole(null()));
        assert_eq!(proposed(&schema, &whole(pair(None, Some("1"))), &whole(null())), whole(pair(None, Some("1"))));
    }
}
