//! Tests of the evaluator: what expressions are worth.

use std::sync::Arc;

use weir_config::syntax::{Ident, parse_expression};
use weir_diag::{Diagnostic, Sources, Span};
use weir_value::{Marks, Type, Value};

use crate::function::testing::Nowhere;
use crate::{Evaluator, Found, Scope};

/// A few names: `u` is an unknown string, `ul` an unknown list of strings, `any` unknown, `secret` sensitive, `none` null, `gated` waits for a gate.
struct Names;

impl Scope for Names {
    fn lookup(&self, root: &Ident, _: &[(&Arc<str>, Span)]) -> Result<Found, Diagnostic> {
        let value = match &*root.name {
            "u" => Value::unknown(Type::String),
            "ul" => Value::unknown(Type::list(Type::String)),
            "any" => Value::unknown(Type::Dynamic),
            "gated" => Value::unknown_because(Type::String, "gate.g"),
            "secret" => Value::from("s").with_marks(Marks::SENSITIVE),
            "secrets" => Value::tuple([Value::from("s").with_marks(Marks::SENSITIVE), Value::from("open")]),
            "none" => Value::null(),
            "words" => Value::list(Type::String, [Value::from("a"), Value::from("b")]),
            "empty" => Value::list(Type::String, []),
            "map" => Value::map(Type::Number, [("x", Value::from(1)), ("y", Value::from(2))]),
            other => return Err(Diagnostic::error("No such name", other).at(root.span)),
        };
        Ok(Found { value, used: 0 })
    }
}

fn run(text: &str) -> (Value, Vec<String>) {
    let mut sources = Sources::new();
    let id = sources.add("expression", text);
    let (expr, diags) = parse_expression(&sources, id);
    assert!(!diags.has_errors(), "{text} cannot be read");
    let mut evaluator = Evaluator::new(&Names, &Nowhere);
    let value = evaluator.eval(&expr);
    (value, evaluator.diags.iter().map(|diagnostic| diagnostic.summary.clone()).collect())
}

fn value(text: &str) -> Value {
    let (value, errors) = run(text);
    assert!(errors.is_empty(), "{text}: {errors:?}");
    value
}

#[test]
fn known_values() {
    for (text, wanted) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3.5"),
        ("-7 % 3", "-1"),
        ("0.1 + 0.2", "0.3"),
        ("- -1", "1"),
        ("\"5\" + 1", "6"),
        ("1 == 1.0", "true"),
        ("1 == \"1\"", "false"),
        ("[1] == [1]", "true"),
        ("{ a = 1 } != { a = 2 }", "true"),
        ("2 > 1 && !(1 >= 2)", "true"),
        ("false || \"true\"", "true"),
        ("none == null", "true"),
        ("true ? 1 : 2", "1"),
        ("true ? \"1\" : 2", "\"1\""),
        ("true ? 1 : [][0]", "1"),
        ("\"a${1 + 1}b\"", "\"a2b\""),
        ("\"${[1]}\" == \"x\" ? 1 : 1", "1"),
        ("\"${5}\"", "5"),
        ("\"%{ if true }y%{ else }n%{ endif }\"", "\"y\""),
        ("\"%{ for w in words }<${w}>%{ endfor }\"", "\"<a><b>\""),
        ("\"$${x} %%{x}\"", "\"$\\u007bx} %\\u007bx}\""),
        ("words[0]", "\"a\""),
        ("words[\"1\"]", "\"b\""),
        ("words.0", "\"a\""),
        ("map.x + map[\"y\"]", "3"),
        ("{ a = { b = [10] } }.a.b[0]", "10"),
        ("words[*]", "words"),
        ("[{ n = 1 }, { n = 2 }][*].n", "[1, 2]"),
        ("[{ n = [1] }, { n = [2] }][*].n[0]", "[1, 2]"),
        ("[{ n = 1 }].*.n", "[1]"),
        ("none[*]", "[]"),
        ("\"x\"[*]", "[\"x\"]"),
        ("{ n = 1 }[*].n", "[1]"),
        ("length(empty[*])", "0"),
        ("[for w in words : upper(w)]", "[\"A\", \"B\"]"),
        ("[for i, w in words : \"${i}${w}\"]", "[\"0a\", \"1b\"]"),
        ("[for k, v in map : \"${k}${v}\" if v > 1]", "[\"y2\"]"),
        ("{ for w in words : w => upper(w) }", "{ a = \"A\", b = \"B\" }"),
        ("{ for k, v in map : v => k }", "{ \"1\" = \"x\", \"2\" = \"y\" }"),
        ("{ for w in [\"aa\", \"ab\"] : substr(w, 0, 1) => w... }", "{ a = [\"aa\", \"ab\"] }"),
        ("[for w in words : [for v in words : \"${w}${v}\"]][1][0]", "\"ba\""),
        ("{ (words[0]) = 1 }", "{ a = 1 }"),
        ("{ \"a b\" : 1, c = 2 }[\"a b\"]", "1"),
        ("max([1, 3, 2]...)", "3"),
        ("try(none.x, \"else\")", "\"else\""),
        ("can(none.x)", "false"),
        ("length(map)", "2"),
        ("[for x in toset([\"b\", \"a\"]) : x]", "[\"a\", \"b\"]"),
        ("issensitive(secret)", "true"),
        ("issensitive(secrets[1])", "false"),
        ("nonsensitive(\"${secret}x\")", "\"sx\""),
        ("nonsensitive([for s in [secret] : upper(s)][0])", "\"S\""),
    ] {
        assert_eq!(value(text), value(wanted), "{text}");
    }
}

#[test]
fn unknown_values() {
    for (text, ty) in [
        ("u", Type::String),
        ("u == \"x\"", Type::Bool),
        ("\"a${u}\"", Type::String),
        ("ul[0]", Type::String),
        ("words[length(ul)]", Type::String),
        ("length(u) > 1", Type::Bool),
        ("!any", Type::Bool),
        ("any.x[1].y", Type::Dynamic),
        ("any + 1", Type::Number),
        ("u == \"x\" ? 1 : 2", Type::Number),
        ("upper(u)", Type::String),
        ("true && (u == \"x\")", Type::Bool),
    ] {
        let found = value(text);
        assert!(!found.is_wholly_known(), "{text} is known");
        assert_eq!(found.ty(), ty, "{text}");
    }
    // What can be told is told.
    for (text, wanted) in
        [("false && u == \"x\"", "false"), ("length([u, u])", "2"), ("[u, 1][1]", "1"), ("{ a = u, b = 2 }.b", "2"), ("[for x in [u, \"b\"] : 1]", "[1, 1]")]
    {
        assert_eq!(value(text), value(wanted), "{text}");
    }
}

#[test]
fn the_cause_of_an_unknown_value_travels() {
    for text in
        ["gated", "\"x${gated}\"", "upper(gated)", "[gated][0]", "{ a = gated }.a", "gated == \"x\"", "gated == \"x\" ? 1 : 2", "[for x in [gated] : upper(x)][0]"]
    {
        assert_eq!(value(text).cause().as_deref(), Some("gate.g"), "{text}");
    }
}

#[test]
fn marks_travel() {
    for text in [
        "secret",
        "\"x${secret}\"",
        "[secret]",
        "{ a = secret }",
        "upper(secret)",
        "secret == \"s\"",
        "secret == \"s\" ? 1 : 2",
        "[for s in [secret] : s]",
        "length(secret)",
        "secrets",
        "secrets[0]",
    ] {
        assert!(value(text).marks_deep().is_sensitive(), "{text}");
    }
    for text in ["secrets[1]", "nonsensitive(secret)", "words"] {
        assert!(!value(text).marks_deep().is_sensitive(), "{text}");
    }
}

#[test]
fn errors() {
    for (text, wanted) in [
        ("1 / 0", "Division by zero"),
        ("\"x\" + 1", "Invalid operand"),
        ("!\"x\"", "Invalid operand"),
        ("\"x\" ? 1 : 2", "Incorrect condition type"),
        ("none ? 1 : 2", "Null condition"),
        ("true ? {} : \"x\"", "Inconsistent conditional result types"),
        ("words[2]", "Invalid index"),
        ("words[-1]", "Invalid index"),
        ("words[0.5]", "Invalid index"),
        ("map[\"z\"]", "Invalid index"),
        ("map.z", "Missing map element"),
        ("{ a = 1 }.b", "Unsupported attribute"),
        ("words.x", "Unsupported attribute"),
        ("none.x", "Attempt to get attribute from null value"),
        ("none[0]", "Attempt to index null value"),
        ("toset(words)[0]", "Invalid index"),
        ("[for x in 5 : x]", "Iteration over non-iterable value"),
        ("[for x in none : x]", "Iteration over null value"),
        ("{ for w in [\"a\", \"a\"] : w => 1 }", "Duplicate object key"),
        ("{ (none) = 1 }", "Null value as key"),
        ("\"a${words}\"", "Invalid template interpolation value"),
        ("\"a${none}\"", "Invalid template interpolation value"),
        ("uper(\"x\")", "Call to unknown function"),
        ("upper()", "Not enough function arguments"),
        ("upper(\"a\", \"b\")", "Too many function arguments"),
        ("max(5...)", "Invalid expanding argument value"),
        ("strange", "No such name"),
    ] {
        assert_eq!(run(text).1, [wanted], "{text}");
    }
    // Independent errors are found in one go.
    assert_eq!(run("[1 / 0, none.x, words[9]]").1.len(), 3);
}
