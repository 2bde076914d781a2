//! What a provider may answer. The old SDK is let off most of it: its type system cannot tell what is asked here.

use std::collections::BTreeSet;

use weir_provider::Fault;
use weir_value::{Path, PathStep, Value};

use crate::protocol::tfplugin6::schema::nested_block::NestingMode as BlockNesting;
use crate::protocol::tfplugin6::schema::object::NestingMode;
use crate::protocol::tfplugin6::schema::{Attribute, Block, NestedBlock};

/// A plan keeps what the configuration says, or what there was if that means the same; what the configuration leaves out only the provider's own attributes may change.
pub(crate) fn plan(block: &Block, prior: Option<&Value>, config: &Value, planned: &Value) -> Result<(), Fault> {
    of_block(block, prior, config, planned).map_err(|wrong| {
        let shown = wrong.path.to_string();
        let detail = format!("The plan for \"{}\" {}. This is a fault of the provider.", shown.trim_start_matches('.'), wrong.reason);
        Fault::attribute(wrong.path, "Provider produced an invalid plan", detail)
    })
}

struct Wrong {
    path: Path,
    reason: &'static str,
}

impl Wrong {
    fn new(reason: &'static str) -> Self {
        Self { path: Path::root(), reason }
    }

    fn under(mut self, step: PathStep) -> Self {
        self.path.0.insert(0, step);
        self
    }
}

fn attr(name: &str) -> PathStep {
    PathStep::Attr(name.into())
}

fn there(value: Option<&Value>, name: &str) -> Option<Value> {
    value.and_then(|value| value.get(name)).filter(|value| !value.is_null())
}

fn of_block(block: &Block, prior: Option<&Value>, config: &Value, planned: &Value) -> Result<(), Wrong> {
    of_attributes(&block.attributes, prior, config, planned)?;
    for nested in &block.block_types {
        let name = nested.type_name.as_str();
        let (Some(config), Some(planned)) = (config.get(name), planned.get(name)) else { continue };
        of_blocks(nested, there(prior, name).as_ref(), &config, &planned).map_err(|wrong| wrong.under(attr(name)))?;
    }
    Ok(())
}

fn of_attributes(attributes: &[Attribute], prior: Option<&Value>, config: &Value, planned: &Value) -> Result<(), Wrong> {
    for attribute in attributes {
        let (Some(config), Some(planned)) = (config.get(&attribute.name), planned.get(&attribute.name)) else { continue };
        of_attribute(attribute, there(prior, &attribute.name).as_ref(), &config, &planned).map_err(|wrong| wrong.under(attr(&attribute.name)))?;
    }
    Ok(())
}

fn of_attribute(attribute: &Attribute, prior: Option<&Value>, config: &Value, planned: &Value) -> Result<(), Wrong> {
    if attribute.write_only {
        return if planned.is_null() { Ok(()) } else { Err(Wrong::new("has a value although it is write-only")) };
    }
    if planned == config || config.is_null() && (attribute.computed || planned.is_null()) {
        return Ok(());
    }
    if config.is_null() {
        return Err(Wrong::new("has a value although the configuration has none and the provider may not set it"));
    }
    // A value that means the same as the old one may stay as it was.
    if prior == Some(planned) {
        return Ok(());
    }
    match &attribute.nested_type {
        Some(object) if !planned.is_null() => {
            let one = |prior: Option<&Value>, config: &Value, planned: &Value| of_attributes(&object.attributes, prior, config, planned);
            match object.nesting() {
                NestingMode::Single if config.is_known() && planned.is_known() => one(prior, config, planned),
                NestingMode::Single => Ok(()),
                _ => each(prior, config, planned, &one),
            }
        }
        // What it waits for may say more than the type does.
        _ if !config.is_wholly_known() => Ok(()),
        _ => Err(Wrong::new(if prior.is_none() { "is not what the configuration says" } else { "is neither what the configuration says nor what it was" })),
    }
}

fn of_blocks(nested: &NestedBlock, prior: Option<&Value>, config: &Value, planned: &Value) -> Result<(), Wrong> {
    let Some(block) = &nested.block else { return Ok(()) };
    let one = |prior: Option<&Value>, config: &Value, planned: &Value| of_block(block, prior, config, planned);
    match nested.nesting() {
        BlockNesting::Single | BlockNesting::Group => {
            if !config.is_known() || !planned.is_known() || config.is_null() && planned.is_null() {
                return Ok(());
            }
            if config.is_null() != planned.is_null() {
                return Err(Wrong::new("has a block where the configuration has none, or none where it has one"));
            }
            one(prior, config, planned)
        }
        _ => each(prior, config, planned, &one),
    }
}

type One<'a> = dyn Fn(Option<&Value>, &Value, &Value) -> Result<(), Wrong> + 'a;

/// The elements of a collection, one by one.
fn each(prior: Option<&Value>, config: &Value, planned: &Value, one: &One<'_>) -> Result<(), Wrong> {
    if !config.is_known() || !planned.is_known() {
        return Ok(());
    }
    let other_number = || Err(Wrong::new("has another number of elements than the configuration"));
    match (config, planned) {
        (Value::Set(_), Value::Set(_)) => {
            // The elements of sets have no names: each needs a counterpart.
            let fits = |config: &Value, planned: &Value| one(None, config, planned).is_ok() || prior.is_some_and(|prior| prior.elements().any(|item| item == planned));
            let planned_well = planned.elements().all(|planned| !planned.is_known() || config.elements().any(|config| !config.is_known() || fits(config, planned)));
            let wanted_well = config.elements().all(|config| !config.is_known() || planned.elements().any(|planned| !planned.is_known() || fits(config, planned)));
            if planned_well && wanted_well { Ok(()) } else { Err(Wrong::new("has elements that the configuration does not have, or lacks some")) }
        }
        (Value::Map(_, written), Value::Map(_, made)) | (Value::Object(written), Value::Object(made)) => {
            if written.keys().collect::<BTreeSet<_>>() != made.keys().collect::<BTreeSet<_>>() {
                return other_number();
            }
            for (key, config) in written.iter() {
                let Some(planned) = made.get(key) else { continue };
                if config.is_known() && planned.is_known() {
                    one(there(prior, key).as_ref(), config, planned).map_err(|wrong| wrong.under(PathStep::Index(Value::String(key.clone()))))?;
                }
            }
            Ok(())
        }
        _ if config.is_null() || planned.is_null() => {
            let empty = |value: &Value| value.is_null() || value.length() == Some(0);
            if empty(config) && empty(planned) { Ok(()) } else { other_number() }
        }
        _ => {
            if config.length() != planned.length() {
                return other_number();
            }
            for (at, (config, planned)) in config.elements().zip(planned.elements()).enumerate() {
                if config.is_known() && planned.is_known() {
                    let prior = prior.and_then(|prior| prior.elements().nth(at));
                    one(prior, config, planned).map_err(|wrong| wrong.under(PathStep::Index(Value::from(at as u64))))?;
                }
            }
            Ok(())
        }
    }
}

/// Everything is known once it is done, whatever kind of provider it is.
pub(crate) fn known(new: &Value) -> Result<(), Fault> {
    let mut unknown = None;
    let _ = new.transform(&mut |path, value| {
        if !value.is_known() && unknown.is_none() {
            unknown = Some(path.clone());
        }
        value
    });
    let Some(path) = unknown else { return Ok(()) };
    let shown = path.to_string();
    let detail = format!(
        "After the apply, \"{}\" is still unknown. It is recorded as null, and everything else as the provider returned it. This is a fault of the provider.",
        shown.trim_start_matches('.')
    );
    Err(Fault::attribute(path, "Provider returned an invalid result object after apply", detail))
}

/// What was known in the plan is so afterwards.
pub(crate) fn result(planned: &Value, new: &Value) -> Result<(), Fault> {
    let mut path = Path::root();
    if agrees(planned, new, &mut path) {
        return Ok(());
    }
    let shown = path.to_string();
    let detail = format!(
        "After the apply{} is not as planned. The object is recorded as the provider returned it. This is a fault of the provider.",
        if shown.is_empty() { " the object".to_owned() } else { format!(" {}", shown.trim_start_matches('.')) }
    );
    Err(Fault::attribute(path, "Provider produced an inconsistent result after apply", detail))
}

fn agrees(planned: &Value, new: &Value, path: &mut Path) -> bool {
    use PathStep::{Attr, Index};
    match (planned, new) {
        (Value::Unknown(_), _) => true,
        (Value::Null(_), Value::Null(_)) => true,
        (Value::Object(planned), Value::Object(new)) => planned.iter().all(|(name, planned)| within(planned, new.get(name), Attr(name.clone()), path)),
        (Value::Map(_, planned), Value::Map(_, new)) => {
            planned.len() == new.len() && planned.iter().all(|(key, planned)| within(planned, new.get(key), Index(Value::String(key.clone())), path))
        }
        (Value::List(_, planned), Value::List(_, new)) | (Value::Tuple(planned), Value::Tuple(new)) => {
            planned.len() == new.len()
                && planned.iter().zip(new.iter()).enumerate().all(|(at, (planned, new))| within(planned, Some(new), Index(Value::from(at as u64)), path))
        }
        (Value::Set(planned), Value::Set(new)) => {
            // Elements have no names, so that each needs a counterpart; one that is not known at all may have become any number of them.
            let fits = |planned: &Value, new: &Value| agrees(planned, new, &mut Path::root());
            let kept = planned.items.iter().all(|planned| !planned.is_known() || new.items.iter().any(|new| fits(planned, new)));
            let meant = new.items.iter().all(|new| planned.items.iter().any(|planned| fits(planned, new)));
            kept && meant && (new.items.len() <= planned.items.len() || planned.items.iter().any(|item| !item.is_known()))
        }
        (planned, new) => planned == new,
    }
}

fn within(planned: &Value, new: Option<&Value>, step: PathStep, path: &mut Path) -> bool {
    path.0.push(step);
    let well = new.is_some_and(|new| agrees(planned, new, path));
    if well {
        path.0.pop();
    }
    well
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::tfplugin6::schema::Object;
    use weir_value::Type;

    fn object(name: Value, size: Value) -> Value {
        Value::object([("name", name), ("size", size)])
    }

    fn attribute(name: &str, flags: &str) -> Attribute {
        Attribute {
            name: name.to_owned(),
            optional: flags.contains('o'),
            computed: flags.contains('c'),
            write_only: flags.contains('w'),
            required: flags.contains('r'),
            ..Attribute::default()
        }
    }

    /// Where a plan is wrong.
    #[track_caller]
    fn check(block: &Block, prior: Option<Value>, config: Value, planned: Value, wanted: Option<&str>) {
        let found = plan(block, prior.as_ref(), &config, &planned);
        assert_eq!(found.err().map(|fault| fault.path.unwrap().to_string()).as_deref(), wanted, "{config:?} {planned:?}");
    }

    fn null() -> Value {
        Value::Null(Type::String)
    }

    #[test]
    fn a_plan_keeps_the_configuration() {
        let block = Block { attributes: vec![attribute("name", "o"), attribute("size", "oc"), attribute("token", "ow"), attribute("ports", "o")], ..Block::default() };
        let none = || Value::Null(Type::Number);
        check(&block, None, object("a".into(), none()), object("a".into(), Value::unknown(Type::Number)), None);
        check(&block, None, object("a".into(), none()), object("b".into(), none()), Some(".name"));
        check(&block, None, object(null(), 1.into()), object("b".into(), 1.into()), Some(".name"));
        check(&block, None, object(null(), 1.into()), object(null(), 2.into()), Some(".size"));
        // Not even what it was may stay where the configuration has nothing any more.
        check(&block, Some(object("a".into(), 1.into())), object(null(), 1.into()), object("a".into(), 1.into()), Some(".name"));
        check(&block, Some(object("A".into(), 1.into())), object("a".into(), 1.into()), object("A".into(), 1.into()), None);
        let unknown = || Value::unknown(Type::String);
        check(&block, None, object(unknown(), 1.into()), object(unknown(), 1.into()), None);
        let token = |value: Value| Value::object([("token", value)]);
        check(&block, None, token("secret".into()), token(null()), None);
        check(&block, None, token("secret".into()), token("secret".into()), Some(".token"));
        let ports = |ports: Vec<i64>| Value::object([("ports", Value::list(Type::Number, ports.into_iter().map(Value::from)))]);
        check(&block, None, ports(vec![1, 2]), ports(vec![2, 1]), Some(".ports"));
    }

    #[test]
    fn a_plan_keeps_blocks_and_nested_attributes() {
        let inner = || vec![attribute("name", "r"), attribute("id", "c")];
        let pair = |name: &str, id: Value| Value::object([("name", name.into()), ("id", id)]);
        let ty = || Type::object([("name", Type::String), ("id", Type::String)]);
        let whole = |value: Value| Value::object([("x", value)]);
        let list = |items: Vec<Value>| whole(Value::list(ty(), items));
        let set = |items: Vec<Value>| whole(Value::set(ty(), items));
        let blocks = |nesting: BlockNesting| {
            let block = Block { attributes: inner(), ..Block::default() };
            let nested = NestedBlock { type_name: "x".to_owned(), block: Some(block), nesting: nesting.into(), ..NestedBlock::default() };
            Block { block_types: vec![nested], ..Block::default() }
        };
        let nested = |nesting: NestingMode| {
            let object = Object { attributes: inner(), nesting: nesting.into() };
            Block { attributes: vec![Attribute { nested_type: Some(object), ..attribute("x", "o") }], ..Block::default() }
        };
        for block in [blocks(BlockNesting::List), nested(NestingMode::List)] {
            check(&block, None, list(vec![pair("a", null())]), list(vec![pair("a", Value::unknown(Type::String))]), None);
            check(&block, None, list(vec![pair("a", null())]), list(vec![pair("b", null())]), Some(".x[0].name"));
            check(&block, None, list(vec![pair("a", null())]), list(vec![pair("a", null()), pair("b", null())]), Some(".x"));
            check(&block, Some(list(vec![pair("A", null())])), list(vec![pair("a", null())]), list(vec![pair("A", null())]), None);
        }
        for block in [blocks(BlockNesting::Set), nested(NestingMode::Set)] {
            check(&block, None, set(vec![pair("a", null()), pair("b", null())]), set(vec![pair("b", "1".into()), pair("a", "2".into())]), None);
            check(&block, None, set(vec![pair("a", null())]), set(vec![pair("b", null())]), Some(".x"));
            check(&block, None, set(vec![pair("a", null()), pair("b", null())]), set(vec![pair("a", null())]), Some(".x"));
        }
        let nothing = || whole(Value::Null(ty()));
        for block in [blocks(BlockNesting::Single), nested(NestingMode::Single)] {
            check(&block, None, whole(pair("a", null())), whole(pair("a", "1".into())), None);
            check(&block, None, whole(pair("a", null())), whole(pair("b", "1".into())), Some(".x.name"));
            check(&block, None, nothing(), whole(pair("b", "1".into())), Some(".x"));
            check(&block, None, nothing(), nothing(), None);
        }
        let map = |items: Vec<(&'static str, Value)>| whole(Value::map(ty(), items));
        let block = blocks(BlockNesting::Map);
        check(&block, None, map(vec![("k", pair("a", null()))]), map(vec![("k", pair("a", "1".into()))]), None);
        check(&block, None, map(vec![("k", pair("a", null()))]), map(vec![("l", pair("a", null()))]), Some(".x"));
        check(&block, None, map(vec![("k", pair("a", null()))]), map(vec![("k", pair("b", null()))]), Some(".x[\"k\"].name"));
    }

    #[test]
    fn everything_is_known_afterwards() {
        assert_eq!(known(&object("a".into(), 1.into())), Ok(()));
        assert_eq!(known(&object("a".into(), Value::unknown(Type::Number))).unwrap_err().path.unwrap().to_string(), ".size");
    }

    #[test]
    fn a_result_fills_in_the_plan() {
        let check = |planned: Value, new: Value, wanted: Option<&str>| {
            assert_eq!(result(&planned, &new).err().map(|fault| fault.path.unwrap().to_string()).as_deref(), wanted, "{planned:?} {new:?}");
        };
        check(object("a".into(), Value::unknown(Type::Number)), object("a".into(), 3.into()), None);
        check(object("a".into(), 3.into()), object("a".into(), 4.into()), Some(".size"));
        check(Value::strings(["a"]), Value::strings(["a", "b"]), Some(""));
        let set = |items: Vec<Value>| Value::set(Type::String, items);
        check(set(vec!["a".into()]), set(vec!["b".into()]), Some(""));
        check(set(vec!["a".into(), Value::unknown(Type::String)]), set(vec!["a".into(), "c".into()]), None);
        check(set(vec!["a".into(), Value::unknown(Type::String)]), set(vec!["c".into()]), Some(""));
        let ty = Type::object([("name", Type::String), ("size", Type::Number)]);
        let objects = |items: Vec<Value>| Value::set(ty.clone(), items);
        let sized = |name: &str, size: Value| object(name.into(), size);
        let planned = objects(vec![sized("a", Value::unknown(Type::Number)), sized("b", 1.into())]);
        check(planned.clone(), objects(vec![sized("a", 7.into()), sized("b", 1.into())]), None);
        check(planned.clone(), objects(vec![sized("a", 7.into()), sized("b", 2.into())]), Some(""));
        check(planned, objects(vec![sized("a", 7.into())]), Some(""));
    }
}
