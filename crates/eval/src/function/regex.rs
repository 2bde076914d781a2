//! Regular expressions.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::{Captures, Regex};
use weir_value::{Type, Value};

use super::args::Args;
use super::error::fail;
use super::re2::{SyntaxError, translate};
use super::{Answer, Function, FunctionError, Parameter};

const PATTERN: Parameter = Parameter::text("pattern");
const STRING: Parameter = Parameter::text("string");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new(
        "regex",
        &[PATTERN, STRING],
        |args| Ok(Value::unknown_not_null(unknown_match(args)?)),
        |args| {
            let pattern = pattern(args)?;
            match pattern.captures(args.text(1)?) {
                Some(captures) => Ok(match_value(&pattern, &captures)),
                None => fail("pattern did not match any part of the given string"),
            }
        },
    ),
    Function::new(
        "regexall",
        &[PATTERN, STRING],
        |args| Ok(Value::unknown_not_null(Type::list(unknown_match(args)?))),
        |args| {
            let pattern = pattern(args)?;
            let items: Vec<Value> = pattern.captures_iter(args.text(1)?).map(|captures| match_value(&pattern, &captures)).collect();
            Ok(Value::list(match_type(&pattern), items))
        },
    ),
];

thread_local! {
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// Compiles a pattern once: the same expression is evaluated for many instances.
fn compile(source: &str) -> Result<Regex, SyntaxError> {
    if let Some(regex) = COMPILED.with_borrow(|compiled| compiled.get(source).cloned()) {
        return Ok(regex);
    }
    let regex = translate(source)?;
    COMPILED.with_borrow_mut(|compiled| {
        // Patterns made of data must not fill the memory.
        if compiled.len() >= 1000 {
            compiled.clear();
        }
        compiled.insert(source.to_owned(), regex.clone());
    });
    Ok(regex)
}

fn checked(source: &str) -> Result<Regex, FunctionError> {
    let bad = |message: String| FunctionError::argument(0, format!("invalid regexp pattern: {message}"));
    let regex = compile(source).map_err(|error| bad(format!("{} in {}", error.message, error.part)))?;
    let named = regex.capture_names().flatten().count();
    if named > 0 && named + 1 < regex.captures_len() {
        return Err(bad("cannot mix both named and unnamed capture groups".to_owned()));
    }
    Ok(regex)
}

fn pattern(args: &Args<'_>) -> Result<Regex, FunctionError> {
    checked(args.text(0)?)
}

/// Text without groups, an object with named ones, a tuple with others.
fn match_type(regex: &Regex) -> Type {
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    match regex.captures_len() {
        1 => Type::String,
        _ if !names.is_empty() => Type::object(names.into_iter().map(|name| (name, Type::String))),
        groups => Type::tuple((1..groups).map(|_| Type::String)),
    }
}

fn unknown_match(args: &[Value]) -> Result<Type, FunctionError> {
    match args.first().and_then(Value::as_str) {
        Some(source) => checked(source).map(|regex| match_type(&regex)),
        None => Ok(Type::Dynamic),
    }
}

fn match_value(regex: &Regex, captures: &Captures<'_>) -> Value {
    let group = |at: usize| captures.get(at).map_or(Value::Null(Type::String), |found| found.as_str().into());
    if regex.captures_len() == 1 {
        return group(0);
    }
    let names: Vec<(usize, &str)> = regex.capture_names().enumerate().filter_map(|(at, name)| Some((at, name?))).collect();
    if names.is_empty() {
        return Value::tuple((1..regex.captures_len()).map(group));
    }
    Value::object(names.into_iter().map(|(at, name)| (name, group(at))))
}

/// Replaces what matches; `$1`, `${1}` and `$name` stand for groups, `$$` for a dollar sign.
pub(super) fn replace_pattern(text: &str, source: &str, with: &str) -> Answer {
    match compile(source) {
        Ok(regex) => Ok(regex.replace_all(text, with).into_owned().into()),
        Err(error) => fail(format!("error parsing regexp: {}: `{}`", error.message, error.part)),
    }
}

#[cfg(test)]
mod tests {
    use crate::function::testing::check;

    #[test]
    fn matches() {
        check("regex", r#"["[a-z]+", "123abc"]"#, r#""abc""#);
        check("regex", r#"["(\\d+)-(\\w+)", "x 12-ab"]"#, r#"["12", "ab"]"#);
        check("regex", r#"["(?P<a>\\d+)-(?<b>\\w+)", "x 12-ab"]"#, r#"{"a": "12", "b": "ab"}"#);
        check("regex", r#"["(a)|(b)", "b"]"#, r#"[null:string, "b"]"#);
        check("regex", r#"["x", "abc"]"#, "! pattern did not match any part of the given string");
        check("regex", r#"["(?P<a>x)(y)", "xy"]"#, "!0 invalid regexp pattern: cannot mix both named and unnamed capture groups");
        check("regexall", r#"["(.)(.)", "abcd"]"#, r#"[["a", "b"], ["c", "d"]]"#);
        check("regexall", r#"["a*", "baac"]"#, r#"["", "aa", ""]"#);
        check("regexall", r#"["x", "abc"]"#, "[]");
    }

    #[test]
    fn replacement() {
        check("replace", r#"["a1b22", "/[0-9]+/", "<$0>"]"#, r#""a<1>b<22>""#);
        check("replace", r#"["abc", "/(?P<x>b)/", "[$x]"]"#, r#""a[b]c""#);
        check("replace", r#"["abc", "/(b)/", "[$1x]${1}$$"]"#, r#""a[]b$c""#);
        check("replace", r#"["abc", "/(/", "x"]"#, "! error parsing regexp: missing closing ): `(`");
    }
}
