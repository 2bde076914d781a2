//! What `ignore_changes` leaves as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_config::Ignore;
use weir_config::syntax::{Step, Traversal};
use weir_provider::Schema;
use weir_value::{Path, PathStep, Value};

/// The configuration with what `ignore_changes` names as it is.
pub(crate) fn ignored(ignore: &Ignore, config: &Value, before: &Value, schema: &Schema) -> Value {
    match ignore {
        Ignore::None => config.clone(),
        Ignore::All => {
            // Attributes that only the provider sets stay unset in a configuration.
            let Value::Object(entries) = config else { return config.clone() };
            Value::object(entries.iter().map(|(name, value)| {
                let computed = schema.block.attributes.get(name).is_some_and(|attribute| !attribute.optional && !attribute.required);
                let value = if computed { value.clone() } else { before.get(name).unwrap_or_else(|| value.clone()) };
                (name.clone(), value)
            }))
        }
        Ignore::Some(paths) => paths.iter().fold(config.clone(), |config, traversal| {
            let steps = path_of(traversal);
            replace_at(&config, before, &steps.0)
        }),
    }
}

fn path_of(traversal: &Traversal) -> Path {
    let mut path = Path::attr(traversal.root.name.clone());
    for step in &traversal.steps {
        path.0.push(match step {
            Step::Attr(name, _) => PathStep::Attr(name.clone()),
            Step::Index(key, _) => PathStep::Index(key.clone()),
        });
    }
    path
}

/// `config` with what stands at the path taken from `before`; an element of a map that is missing there is left out.
fn replace_at(config: &Value, before: &Value, steps: &[PathStep]) -> Value {
    let Some((step, rest)) = steps.split_first() else { return before.clone() };
    let key = match step {
        PathStep::Attr(name) => name.clone(),
        PathStep::Index(Value::String(key)) => key.clone(),
        PathStep::Index(at) => {
            let Some(at) = at.as_u64() else { return config.clone() };
            let old: Vec<&Value> = before.elements().collect();
            let items = config.elements().enumerate().map(|(index, item)| match old.get(index) {
                Some(old) if index as u64 == at => replace_at(item, old, rest),
                _ => item.clone(),
            });
            return match config {
                Value::List(element, _) => Value::list(element.clone(), items),
                Value::Tuple(_) => Value::tuple(items),
                _ => config.clone(),
            };
        }
    };
    let change = |entries: &BTreeMap<Arc<str>, Value>| {
        let mut entries = entries.clone();
        match (before.get(&key), entries.get(&key)) {
            (Some(old), Some(new)) => {
                let value = replace_at(new, &old, rest);
                entries.insert(key.clone(), value);
            }
            (Some(old), None) if rest.is_empty() => {
                entries.insert(key.clone(), old);
            }
            (None, Some(_)) if rest.is_empty() => {
                entries.remove(&key);
            }
            _ => {}
        }
        Arc::new(entries)
    };
    match config {
        Value::Object(entries) => Value::Object(change(entries)),
        Value::Map(element, entries) => Value::Map(element.clone(), change(entries)),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_value::Type;

    fn check(path: &Path, config: Value, before: Value, wanted: Value) {
        assert_eq!(replace_at(&config, &before, &path.0), wanted);
    }

    fn map(entries: &[(&str, i64)]) -> Value {
        Value::map(Type::Number, entries.iter().map(|(key, value)| (*key, Value::from(*value))))
    }

    fn object(input: Value) -> Value {
        Value::object([("input", input), ("other", Value::from("new"))])
    }

    #[test]
    fn a_whole_attribute() {
        check(&Path::attr("input"), object(1.into()), object(2.into()), object(2.into()));
        check(&Path::attr("absent"), object(1.into()), object(2.into()), object(1.into()));
    }

    #[test]
    fn an_element_of_a_map() {
        let mut path = Path::attr("input");
        path.0.push(PathStep::Index("a".into()));
        check(&path, object(map(&[("a", 1), ("b", 1)])), object(map(&[("a", 2), ("b", 2)])), object(map(&[("a", 2), ("b", 1)])));
        // What was put in or taken out elsewhere stays so.
        check(&path, object(map(&[("b", 1)])), object(map(&[("a", 2)])), object(map(&[("a", 2), ("b", 1)])));
        check(&path, object(map(&[("a", 1), ("b", 1)])), object(map(&[("b", 2)])), object(map(&[("b", 1)])));
    }

    #[test]
    fn an_element_of_a_list() {
        let mut path = Path::attr("input");
        path.0.push(PathStep::Index(Value::from(1)));
        let list = |items: [i64; 2]| object(Value::list(Type::Number, items.map(Value::from)));
        check(&path, list([1, 1]), list([2, 2]), list([1, 2]));
    }
}
