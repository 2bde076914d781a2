//! What a provider may answer. The old SDK is let off: its type system cannot tell what is asked here.

use weir_provider::{Block, Fault};
use weir_value::{Path, Value};

/// A plan keeps what the configuration says, and what it leaves out only the provider's own attributes may change.
pub(crate) fn plan(block: &Block, prior: Option<&Value>, config: &Value, planned: &Value) -> Result<(), Fault> {
    for (name, attribute) in &block.attributes {
        let (Some(config), Some(planned)) = (config.get(name), planned.get(name)) else { continue };
        let fault = |reason: &str| {
            Err(Fault::attribute(
                Path::attr(name.clone()),
                "Provider produced an invalid plan",
                format!("The plan for \"{name}\" {reason}. This is a fault of the provider."),
            ))
        };
        if attribute.write_only {
            if !planned.is_null() {
                return fault("has a value although it is write-only");
            }
        } else if config.is_null() {
            let kept = prior.and_then(|prior| prior.get(name)).is_some_and(|prior| prior == planned);
            if !attribute.computed && !planned.is_null() && !kept {
                return fault("has a value although the configuration has none and the provider may not set it");
            }
        } else if config.is_wholly_known() && attribute.ty.is_primitive() && config != planned {
            let kept = attribute.computed && prior.and_then(|prior| prior.get(name)).is_some_and(|prior| prior == planned);
            // A value that means the same as the old one may stay as it was.
            let same = prior.and_then(|prior| prior.get(name)).is_some_and(|prior| prior == planned);
            if !kept && !same {
                return fault("is not what the configuration says");
            }
        }
    }
    Ok(())
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
    use weir_value::PathStep::{Attr, Index};
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
            // Elements with unknown parts may be any of the new ones.
            let known = planned.items.iter().filter(|item| item.is_wholly_known());
            new.items.len() <= planned.items.len() && known.clone().all(|item| new.contains(item)) || planned.items.iter().any(|item| !item.is_wholly_known())
        }
        (planned, new) => planned == new,
    }
}

fn within(planned: &Value, new: Option<&Value>, step: weir_value::PathStep, path: &mut Path) -> bool {
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
    use weir_provider::Attribute;
    use weir_value::Type;

    fn object(name: Value, size: Value) -> Value {
        Value::object([("name", name), ("size", size)])
    }

    #[test]
    fn a_plan_keeps_the_configuration() {
        let mut block = Block::default();
        block.attributes.insert("name".into(), Attribute::optional(Type::String));
        block.attributes.insert("size".into(), Attribute { computed: true, ..Attribute::optional(Type::Number) });
        let (null_name, null_size) = (|| Value::Null(Type::String), || Value::Null(Type::Number));
        let check = |prior: Option<Value>, config: Value, planned: Value, wanted: Option<&str>| {
            let found = plan(&block, prior.as_ref(), &config, &planned);
            assert_eq!(found.err().map(|fault| fault.path.unwrap().to_string()).as_deref(), wanted, "{config:?} {planned:?}");
        };
        check(None, object("a".into(), null_size()), object("a".into(), Value::unknown(Type::Number)), None);
        check(None, object("a".into(), null_size()), object("b".into(), null_size()), Some(".name"));
        check(None, object(null_name(), 1.into()), object("b".into(), 1.into()), Some(".name"));
        check(None, object(null_name(), 1.into()), object(null_name(), 2.into()), Some(".size"));
        check(Some(object("A".into(), 1.into())), object("a".into(), 1.into()), object("A".into(), 1.into()), None);
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
    }
}
