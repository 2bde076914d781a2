//! Whether two values are the same, where that can be known already.

use weir_value::{Type, Unknown, Value};

/// `Some` when it is certain; marks are not looked at.
pub(crate) fn equal(a: &Value, b: &Value) -> Option<bool> {
    let (a, b) = (a.unmarked(), b.unmarked());
    match (a, b) {
        (Value::Unknown(unknown), other) | (other, Value::Unknown(unknown)) => unlike(unknown, other).then_some(false),
        // A null is a null, whatever its type.
        (Value::Null(_), Value::Null(_)) => Some(true),
        (Value::List(x, left), Value::List(y, right)) if x == y => all(left.iter(), right.iter()),
        (Value::Tuple(left), Value::Tuple(right)) => all(left.iter(), right.iter()),
        (Value::Map(x, left), Value::Map(y, right)) if x == y => {
            if left.keys().eq(right.keys()) {
                all(left.values(), right.values())
            } else {
                Some(false)
            }
        }
        (Value::Object(left), Value::Object(right)) => {
            if left.keys().eq(right.keys()) {
                all(left.values(), right.values())
            } else {
                Some(false)
            }
        }
        (Value::Set(_), Value::Set(_)) if !(a.is_wholly_known() && b.is_wholly_known()) => None,
        _ => Some(a == b),
    }
}

/// True when the value cannot become the other one.
fn unlike(unknown: &Unknown, other: &Value) -> bool {
    let known = &unknown.refinement;
    match other {
        Value::Null(_) => known.not_null,
        Value::Unknown(_) => false,
        Value::String(text) if unknown.ty == Type::String => !text.starts_with(&*known.prefix),
        _ => {
            let ty = other.ty();
            if !unknown.ty.has_dynamic() && !ty.has_dynamic() && unknown.ty != ty {
                return true;
            }
            let length = other.length().map(|length| length as u64);
            // A set with unknown elements may turn out smaller.
            let exact = !matches!(other, Value::Set(_)) || other.is_wholly_known();
            exact && length.is_some_and(|length| length < known.min_length || known.max_length.is_some_and(|max| length > max))
        }
    }
}

fn all<'a>(left: impl ExactSizeIterator<Item = &'a Value>, right: impl ExactSizeIterator<Item = &'a Value>) -> Option<bool> {
    if left.len() != right.len() {
        return Some(false);
    }
    let mut sure = Some(true);
    for (a, b) in left.zip(right) {
        match equal(a, b) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => sure = None,
        }
    }
    sure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_far_as_known() {
        let unknown = || Value::unknown(Type::String);
        let pair = |a: Value, b: Value| Value::tuple([a, b]);
        assert_eq!(equal(&pair(1.into(), unknown()), &pair(2.into(), "x".into())), Some(false));
        assert_eq!(equal(&pair(1.into(), unknown()), &pair(1.into(), "x".into())), None);
        assert_eq!(equal(&unknown(), &Value::from(1)), Some(true).map(|_| false));
        assert_eq!(equal(&Value::unknown_not_null(Type::String), &Value::null()), Some(false));
        assert_eq!(equal(&Value::from("1"), &Value::from(1)), Some(false));
    }
}
