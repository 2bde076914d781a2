//! Types and marks.

use std::fmt::Write;

use weir_value::{Marks, Type, Value, convert};

use super::args::Args;
use super::error::{fail, refuse};
use super::{Answer, Function, Parameter, unknown_any, unknown_bool, unknown_text};

const V: Parameter = Parameter::any("v").nullable().unknown().marked();
const VALUE: Parameter = Parameter::any("value").nullable().unknown().marked();

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("ephemeralasnull", &[VALUE], unknown_any, |args| {
        Ok(args.value(0)?.transform(&mut |_, value| {
            if value.marks().is_ephemeral() { Value::Null(value.ty()).with_marks(value.marks().without(Marks::EPHEMERAL)) } else { value }
        }))
    }),
    Function::new("issensitive", &[VALUE], unknown_bool, |args| {
        let value = args.value(0)?;
        // What is not known yet may still become sensitive, but never less so.
        Ok(match value.marks().is_sensitive() {
            false if !value.is_known() => super::because(Value::unknown_not_null(Type::Bool), value.cause()),
            sensitive => sensitive.into(),
        })
    }),
    Function::new("list", &[], unknown_any, |_| {
        fail("the \"list\" function was deprecated in Terraform v0.12 and is no longer available; use tolist([ ... ]) syntax to write a literal list")
    })
    .variadic(Parameter::any("vals").nullable().unknown()),
    Function::new("map", &[], unknown_any, |_| {
        fail("the \"map\" function was deprecated in Terraform v0.12 and is no longer available; use tomap({ ... }) syntax to write a literal map")
    })
    .variadic(Parameter::any("vals").nullable().unknown()),
    Function::new("nonsensitive", &[VALUE], unknown_any, |args| Ok(args.value(0)?.clone().without_marks(Marks::SENSITIVE))),
    Function::new("sensitive", &[VALUE], unknown_any, |args| Ok(args.value(0)?.clone().with_marks(Marks::SENSITIVE))),
    Function::new("tobool", &[V], |_| Ok(Value::unknown(Type::Bool)), |args| to(args, &Type::Bool)),
    Function::new("tolist", &[V], |_| Ok(Value::unknown(Type::list(Type::Dynamic))), |args| to(args, &Type::list(Type::Dynamic))),
    Function::new("tomap", &[V], |_| Ok(Value::unknown(Type::map(Type::Dynamic))), |args| to(args, &Type::map(Type::Dynamic))),
    Function::new("tonumber", &[V], |_| Ok(Value::unknown(Type::Number)), |args| to(args, &Type::Number)),
    Function::new("toset", &[V], |_| Ok(Value::unknown(Type::set(Type::Dynamic))), |args| to(args, &Type::set(Type::Dynamic))),
    Function::new("tostring", &[V], |_| Ok(Value::unknown(Type::String)), |args| to(args, &Type::String)),
    Function::new("type", &[VALUE], unknown_text, |args| Ok(type_text(&args.value(0)?.ty()).into())),
];

fn to(args: &Args<'_>, ty: &Type) -> Answer {
    let value = args.value(0)?;
    let Err(error) = convert(value, ty) else { return convert(value, ty).or_else(|error| refuse(0, error.to_string())) };
    let name = ty.friendly_name();
    // What is sensitive or ephemeral must not be in a message.
    match (value, ty) {
        (Value::String(text), Type::Number) => {
            refuse(0, format!("cannot convert {} to number; given string must be a decimal representation of a number", weir_value::json_string(text)))
        }
        (Value::String(text), Type::Bool) => {
            refuse(0, format!("cannot convert {} to bool; only the strings \"true\" or \"false\" are allowed", weir_value::json_string(text)))
        }
        (Value::Marked(_), _) if value.unmarked().as_str().is_some() => {
            let kind = if value.marks().is_sensitive() { "sensitive" } else { "ephemeral" };
            refuse(0, format!("cannot convert this {kind} string to {name}"))
        }
        _ if error.path.0.is_empty() => refuse(0, format!("cannot convert {} to {name}", value.ty().friendly_name())),
        _ => refuse(0, format!("cannot convert {} to {name}: {error}", value.ty().friendly_name())),
    }
}

/// A type as the console shows it, one element to a line.
pub fn type_text(ty: &Type) -> String {
    let mut out = String::new();
    describe(&mut out, ty, 0);
    out
}

fn describe(out: &mut String, ty: &Type, depth: usize) {
    let pad = |depth: usize| "    ".repeat(depth);
    let mut wrap = |name: &str, element: &Type| {
        let _ = write!(out, "{name}(");
        // What has several lines of its own begins on a new one.
        if matches!(element, Type::Object(_) | Type::Tuple(_)) {
            let _ = write!(out, "\n{}", pad(depth + 1));
            describe(out, element, depth + 1);
            let _ = write!(out, ",\n{}", pad(depth));
        } else {
            describe(out, element, depth);
        }
        out.push(')');
    };
    match ty {
        Type::Dynamic => out.push_str("dynamic"),
        Type::Bool => out.push_str("bool"),
        Type::Number => out.push_str("number"),
        Type::String => out.push_str("string"),
        Type::List(element) => wrap("list", element),
        Type::Set(element) => wrap("set", element),
        Type::Map(element) => wrap("map", element),
        Type::Tuple(elements) if elements.is_empty() => out.push_str("tuple([])"),
        Type::Object(object) if object.attributes.is_empty() => out.push_str("object({})"),
        Type::Tuple(elements) => {
            out.push_str("tuple([\n");
            for element in elements.iter() {
                out.push_str(&pad(depth + 1));
                describe(out, element, depth + 1);
                out.push_str(",\n");
            }
            let _ = write!(out, "{}])", pad(depth));
        }
        Type::Object(object) => {
            out.push_str("object({\n");
            for (name, ty) in &object.attributes {
                let _ = write!(out, "{}{name}: ", pad(depth + 1));
                describe(out, ty, depth + 1);
                out.push_str(",\n");
            }
            let _ = write!(out, "{}}})", pad(depth));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::lookup;
    use crate::function::testing::{Nowhere, check};

    #[test]
    fn types_of_collections() {
        let object = Type::object([("a", Type::Number)]);
        assert_eq!(type_text(&Type::list(Type::set(Type::Dynamic))), "list(set(dynamic))");
        assert_eq!(type_text(&Type::list(Type::list(object.clone()))), "list(list(\n    object({\n        a: number,\n    }),\n))");
        assert_eq!(type_text(&Type::tuple([Type::map(object)])), "tuple([\n    map(\n        object({\n            a: number,\n        }),\n    ),\n])");
    }

    #[test]
    fn conversions() {
        check("tostring", "[1.50]", "\"1.5\"");
        check("tostring", "[[]]", "!0 cannot convert tuple to string");
        check("tostring", "[null]", "null:string");
        check("tonumber", "[\"a\"]", "!0 cannot convert \"a\" to number; given string must be a decimal representation of a number");
        check("tonumber", "[true]", "!0 cannot convert bool to number");
        check("tobool", "[\"TRUE\"]", "!0 cannot convert \"TRUE\" to bool; only the strings \"true\" or \"false\" are allowed");
        check("tolist", "[[1, \"a\"]]", "[\"1\", \"a\"]");
        check("tolist", "[{}]", "!0 cannot convert object to list of any single type");
        check("tolist", "[[true, 1]]", "!0 cannot convert tuple to list of any single type");
        check("toset", "[[1, 1, \"1\"]]", "{\"1\"}");
        check("tomap", "[{\"a\": 1, \"b\": \"x\"}]", "{\"a\": \"1\", \"b\": \"x\"}");
        check("list", "[1]", "! the \"list\" function was deprecated in Terraform v0.12 and is no longer available; use tolist([ ... ]) syntax to write a literal list");
    }

    #[test]
    fn marks() {
        let call = |name: &str, value: Value| lookup(name).unwrap().call(&Nowhere, &[value]).unwrap();
        let secret = Value::from("x").with_marks(Marks::SENSITIVE);
        assert!(call("sensitive", "x".into()) == secret && call("nonsensitive", secret.clone()) == "x".into());
        assert_eq!(call("issensitive", secret.clone()), true.into());
        assert_eq!(call("issensitive", Value::tuple([secret.clone()])), false.into());
        let passing = Value::from("y").with_marks(Marks::EPHEMERAL.union(Marks::SENSITIVE));
        let both = call("ephemeralasnull", Value::object([("a", passing), ("b", 1.into())]));
        assert_eq!(both, Value::object([("a", Value::Null(Type::String).with_marks(Marks::SENSITIVE)), ("b", 1.into())]));
        let error = lookup("tonumber").unwrap().call(&Nowhere, &[secret]).unwrap_err();
        assert_eq!(error.message, "cannot convert this sensitive string to number");
    }

    #[test]
    fn types() {
        check("type", "[1]", "\"number\"");
        check("type", "[[1, {\"a\": []}]]", r#""tuple([\n    number,\n    object({\n        a: tuple([]),\n    }),\n])""#);
    }
}
