//! What the author knows of values that are not known yet.

use std::sync::Arc;

use weir_value::{Refinement, Type, Unknown, Value, convert};

use super::args::Args;
use super::equality::equal;
use super::error::{fail, refuse};
use super::{Answer, Function, FunctionError, MarkRule, Parameter, unknown_any};

/// The value itself comes back, so its elements keep their marks.
const fn kept(parameter: Parameter) -> Parameter {
    let mut parameter = parameter.nullable().unknown();
    parameter.marks = MarkRule::Any;
    parameter
}
const VALUE: Parameter = kept(Parameter::any("value"));
const LIST: Parameter = kept(Parameter::new("list", || Type::list(Type::Dynamic)));
const SET: Parameter = kept(Parameter::new("set", || Type::set(Type::Dynamic)));
const MAP: Parameter = kept(Parameter::new("map", || Type::map(Type::Dynamic)));
const MIN: Parameter = Parameter::number("min_length");
const MAX: Parameter = Parameter::number("max_length");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("assumeequal", &[kept(Parameter::any("actual_value")), kept(Parameter::any("expected_value"))], unknown_any, same),
    Function::new("assumelistlength", &[LIST, MIN, MAX], unknown_any, |args| length(args, args.whole(1)?, Some(args.whole(2)?))),
    Function::new("assumelistlengthmax", &[LIST, MAX], unknown_any, |args| length(args, 0, Some(args.whole(1)?))),
    Function::new("assumelistlengthmin", &[LIST, MIN], unknown_any, |args| length(args, args.whole(1)?, None)),
    Function::new("assumemaplength", &[MAP, MIN, MAX], unknown_any, |args| length(args, args.whole(1)?, Some(args.whole(2)?))),
    Function::new("assumemaplengthmax", &[MAP, MAX], unknown_any, |args| length(args, 0, Some(args.whole(1)?))),
    Function::new("assumemaplengthmin", &[MAP, MIN], unknown_any, |args| length(args, args.whole(1)?, None)),
    Function::new("assumenotnull", &[VALUE], unknown_any, |args| {
        let value = args.value(0)?;
        if value.is_null() { refuse(0, "value is null") } else { Ok(refine(value, |known| known.not_null = true)) }
    }),
    Function::new("assumesetlength", &[SET, MIN, MAX], unknown_any, |args| length(args, args.whole(1)?, Some(args.whole(2)?))),
    Function::new("assumesetlengthmax", &[SET, MAX], unknown_any, |args| length(args, 0, Some(args.whole(1)?))),
    Function::new("assumesetlengthmin", &[SET, MIN], unknown_any, |args| length(args, args.whole(1)?, None)),
    Function::new("assumestringprefix", &[kept(Parameter::text("string")), Parameter::text("expected_prefix")], unknown_any, prefix),
];

/// The value with more known of it, where it is not known.
fn refine(value: &Value, change: impl FnOnce(&mut Refinement)) -> Value {
    let Value::Unknown(unknown) = value.unmarked() else { return value.clone() };
    let mut unknown: Unknown = (**unknown).clone();
    change(&mut unknown.refinement);
    let known = &unknown.refinement;
    // A list of which the length is known is a list, of unknown elements.
    let result = match (&unknown.ty, known.max_length) {
        (Type::List(element), Some(length)) if known.not_null && length == known.min_length && length <= 10_000 => {
            let item = super::because(Value::unknown((**element).clone()), unknown.cause.clone());
            Value::list((**element).clone(), (0..length).map(|_| item.clone()))
        }
        _ => Value::Unknown(Arc::new(unknown)),
    };
    result.with_marks(value.marks())
}

fn same(args: &Args<'_>) -> Answer {
    let (actual, expected) = (args.value(0)?, args.value(1)?);
    let actual = convert(actual, &expected.ty()).or_else(|error| refuse(0, error.to_string()))?;
    if equal(&actual, expected) == Some(false) { refuse(0, "value is not equal to the expected value") } else { Ok(expected.clone()) }
}

fn length(args: &Args<'_>, least: i64, most: Option<i64>) -> Answer {
    let value = args.value(0)?;
    let bound = |number: i64| u64::try_from(number).or_else(|_| fail("a length must not be negative"));
    let least = bound(least)?;
    let most = most.map(bound).transpose()?;
    if most.is_some_and(|most| most < least) {
        return fail("the maximum length must not be less than the minimum length");
    }
    let wrong = |length: u64, than: &str, bound: u64| -> Result<Value, FunctionError> { refuse(0, format!("has {length} element(s), {than} than the {bound} assumed")) };
    match value.unmarked() {
        Value::Null(_) => Ok(value.clone()),
        Value::Unknown(unknown) => {
            let known = &unknown.refinement;
            if known.max_length.is_some_and(|known| known < least) || most.is_some_and(|most| known.min_length > most) {
                return refuse(0, "the assumed length contradicts what is known of the value");
            }
            Ok(refine(value, |known| {
                known.min_length = known.min_length.max(least);
                known.max_length = match (known.max_length, most) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }))
        }
        inner => {
            let length = inner.length().unwrap_or(0) as u64;
            // The unknown elements of a set may turn out equal.
            let surely = if matches!(inner, Value::Set(_)) && !inner.is_wholly_known() { length.min(1) } else { length };
            if length < least {
                return wrong(length, "less", least);
            }
            match most {
                Some(most) if surely > most => wrong(length, "more", most),
                _ => Ok(value.clone()),
            }
        }
    }
}

fn prefix(args: &Args<'_>) -> Answer {
    let (value, prefix) = (args.value(0)?, args.text(1)?);
    match value.unmarked() {
        Value::String(text) if !text.starts_with(prefix) => refuse(0, format!("does not start with {}", weir_value::json_string(prefix))),
        Value::Unknown(unknown) => {
            let start = &*unknown.refinement.prefix;
            if !start.starts_with(prefix) && !prefix.starts_with(start) {
                return refuse(0, format!("does not start with {}", weir_value::json_string(prefix)));
            }
            Ok(refine(value, |known| {
                if prefix.len() > known.prefix.len() {
                    known.prefix = prefix.into();
                }
            }))
        }
        _ => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use weir_value::{Type, Value};

    use crate::function::lookup;
    use crate::function::testing::{Nowhere, check};

    #[test]
    fn known_values_are_checked() {
        check("assumenotnull", "[null]", "!0 value is null");
        check("assumestringprefix", r#"["vpc-1", "vpc-"]"#, r#""vpc-1""#);
        check("assumestringprefix", r#"["sg-1", "vpc-"]"#, r#"!0 does not start with "vpc-""#);
        check("assumelistlength", "[[1, 2], 1, 2]", "[1, 2]");
        check("assumelistlengthmin", "[[1], 2]", "!0 has 1 element(s), less than the 2 assumed");
        check("assumemaplengthmax", r#"[{"a": 1}, 0]"#, "!0 has 1 element(s), more than the 0 assumed");
        check("assumeequal", r#"[1, "1"]"#, r#""1""#);
        check("assumeequal", r#"[1, "2"]"#, "!0 value is not equal to the expected value");
    }

    #[test]
    fn unknown_values_are_narrowed() {
        let call = |name: &str, args: &[Value]| lookup(name).unwrap().call(&Nowhere, args).unwrap();
        let id = call("assumestringprefix", &[Value::unknown(Type::String), "vpc-".into()]);
        assert_eq!(call("startswith", &[id, "vpc-".into()]), true.into());
        let list = call("assumenotnull", &[Value::unknown(Type::list(Type::String))]);
        let list = call("assumelistlength", &[list, 2.into(), 2.into()]);
        assert_eq!(call("length", &[list]), 2.into());
        assert_eq!(call("assumeequal", &[Value::unknown(Type::Dynamic), 5.into()]), 5.into());
    }
}
