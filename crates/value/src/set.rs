//! Sets: elements in the language's canonical order, each once.

use std::cmp::Ordering;
use std::fmt::Write;
use std::sync::Arc;

use crate::{Type, Value};

/// The content of a set value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetValue {
    /// The type of the elements.
    pub element: Type,
    /// The elements in canonical order, each once.
    pub items: Arc<[Value]>,
}

impl SetValue {
    /// Sorts and removes what stands twice. Elements must be unmarked (marks of elements belong to the set) and of type `element`.
    pub fn new(element: Type, items: impl IntoIterator<Item = Value>) -> Self {
        let mut keyed: Vec<(String, Value)> = items.into_iter().map(|item| (sort_key(&item), item)).collect();
        keyed.sort_by(|(a_key, a), (b_key, b)| compare(a, b).unwrap_or_else(|| a_key.cmp(b_key)));
        // Two unknown elements may turn out different, so they stay two.
        keyed.dedup_by(|(_, b), (_, a)| a == b && a.is_wholly_known());
        Self { element, items: keyed.into_iter().map(|(_, item)| item).collect() }
    }

    /// True when the element is in the set.
    pub fn contains(&self, value: &Value) -> bool {
        self.items.contains(value)
    }
}

/// The order of scalars: false before true, numbers by size, strings by bytes; null and unknown come last.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => match (rank(a), rank(b)) {
            (0, 0) => None,
            (a, b) => Some(a.cmp(&b)),
        },
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null(_) => 1,
        Value::Unknown(_) => 2,
        _ => 0,
    }
}

/// The text by which compound elements are ordered; the same as the incumbents use, so that a set turned into a list has the same order.
fn sort_key(value: &Value) -> String {
    let mut out = String::new();
    append_key(&mut out, value);
    out
}

fn append_key(out: &mut String, value: &Value) {
    match value {
        Value::Null(_) => out.push('~'),
        Value::Unknown(_) => out.push('?'),
        Value::Bool(true) => out.push('T'),
        Value::Bool(false) => out.push('F'),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => out.push_str(&crate::json_string(text)),
        Value::List(_, items) | Value::Tuple(items) => enclose(out, '[', ']', items.iter()),
        Value::Set(set) => enclose(out, '[', ']', set.items.iter()),
        Value::Map(_, entries) => {
            out.push('{');
            for (key, item) in entries.iter() {
                out.push_str(&crate::json_string(key));
                out.push(':');
                append_key(out, item);
                out.push(';');
            }
            out.push('}');
        }
        Value::Object(attributes) => enclose(out, '<', '>', attributes.values()),
        Value::Marked(marked) => append_key(out, &marked.value),
    }
}

fn enclose<'a>(out: &mut String, open: char, close: char, items: impl Iterator<Item = &'a Value>) {
    out.push(open);
    for item in items {
        append_key(out, item);
        out.push(';');
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_order() {
        let set = SetValue::new(Type::String, ["b", "a", "b"].map(Value::from));
        assert_eq!(&*set.items, &[Value::from("a"), Value::from("b")]);
        let set = SetValue::new(Type::Number, [10, 9].map(Value::from));
        assert_eq!(&*set.items, &[Value::from(9), Value::from(10)]);
    }
}
