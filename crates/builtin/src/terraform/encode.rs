//! `encode_expr` and `encode_tfvars`: values as HCL text, laid out as the language's formatter does.

use weir_provider::FunctionFault;
use weir_value::Value;

fn fault(message: impl Into<String>) -> FunctionFault {
    FunctionFault { argument: Some(0), message: message.into() }
}

/// The expression that gives the value.
pub(super) fn encode_expr(arguments: &[Value]) -> Result<Value, FunctionFault> {
    let value = arguments.first().ok_or_else(|| fault("a value is needed"))?;
    Ok(Value::string(expression(value, 0)))
}

/// One `name = value` line for each attribute of the object.
pub(super) fn encode_tfvars(arguments: &[Value]) -> Result<Value, FunctionFault> {
    let (Some(Value::Object(entries)) | Some(Value::Map(_, entries))) = arguments.first() else {
        return Err(fault("must be an object whose attribute names will become the names of variables"));
    };
    if let Some(name) = entries.keys().find(|name| !is_identifier(name)) {
        return Err(fault(format!("\"{name}\" is no valid name of a variable")));
    }
    let keys: Vec<String> = entries.keys().map(ToString::to_string).collect();
    let values: Vec<String> = entries.values().map(|value| expression(value, 0)).collect();
    Ok(Value::string(lines(&keys, &values, "")))
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_') && letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}

fn expression(value: &Value, depth: usize) -> String {
    match value.unmarked() {
        Value::Null(_) | Value::Unknown(_) | Value::Marked(_) => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::List(..) | Value::Tuple(_) | Value::Set(_) => sequence(value, depth),
        Value::Map(_, entries) | Value::Object(entries) => {
            if entries.is_empty() {
                return "{}".to_owned();
            }
            let keys: Vec<String> = entries.keys().map(|key| if is_identifier(key) { key.to_string() } else { quoted(key) }).collect();
            let values: Vec<String> = entries.values().map(|value| expression(value, depth + 1)).collect();
            format!("{{\n{}{}}}", lines(&keys, &values, &"  ".repeat(depth + 1)), "  ".repeat(depth))
        }
    }
}

/// `key = value` lines.
fn lines(keys: &[String], values: &[String], indent: &str) -> String {
    let lines = keys.iter().zip(values).zip(widths(keys, values));
    lines.map(|((key, value), width)| format!("{indent}{key:width$} = {value}\n")).collect()
}

/// How wide each key is set: the equals signs of neighbouring lines stand under each other, where a value of several lines ends such a group.
fn widths(keys: &[String], values: &[String]) -> Vec<usize> {
    let mut widths = Vec::with_capacity(keys.len());
    let mut start = 0;
    while start < keys.len() {
        let many = values[start].contains('\n');
        let end = if many { start + 1 } else { (start..keys.len()).find(|at| values[*at].contains('\n')).unwrap_or(keys.len()) };
        let width = keys[start..end].iter().map(|key| key.chars().count()).max().unwrap_or(0);
        widths.extend(std::iter::repeat_n(width, end - start));
        start = end;
    }
    widths
}

/// `[a, b]`; the formatter sets the closing line of every item of several lines but the last a step deeper.
fn sequence(value: &Value, depth: usize) -> String {
    let mut items: Vec<String> = value.elements().map(|item| expression(item, depth)).collect();
    let last = items.iter().rposition(|item| item.contains('\n'));
    for item in items.iter_mut().take(last.unwrap_or(0)) {
        if let Some(end) = item.rfind('\n') {
            item.insert_str(end + 1, "  ");
        }
    }
    format!("[{}]", items.join(", "))
}

/// A string literal in which nothing is interpolated.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '$' | '%' => {
                literal.push(letter);
                if rest.peek() == Some(&'{') {
                    literal.push(letter);
                }
            }
            letter if letter.is_control() => literal.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => literal.push(letter),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value, expected: &str) {
        assert_eq!(expression(&value, 0), expected);
    }

    fn number(value: i64) -> Value {
        Value::from(value)
    }

    #[test]
    fn expressions() {
        check(Value::from("x\n${y} %{q} \"\\ \t \u{7}"), r#""x\n$${y} %%{q} \"\\ \t \u0007""#);
        check(Value::tuple([Value::tuple([number(1), number(2)]), Value::tuple([Value::from("a")])]), r#"[[1, 2], ["a"]]"#);
        let inner = Value::object([("k k", Value::null()), ("z", Value::from(true))]);
        let outer = Value::object([("a", number(1)), ("bbb", Value::tuple([number(1), inner])), ("c", Value::tuple([]))]);
        check(outer, "{\n  a = 1\n  bbb = [1, {\n    \"k k\" = null\n    z     = true\n  }]\n  c = []\n}");
        let two = Value::tuple([Value::object([("a", number(1))]), Value::object([("bb", number(2)), ("c", number(3))])]);
        check(two, "[{\n  a = 1\n  }, {\n  bb = 2\n  c  = 3\n}]");
    }

    #[test]
    fn tfvars() {
        let inner = Value::object([("c", number(2))]);
        let object = Value::object([("a", number(1)), ("bb", number(2)), ("c", inner), ("d-e", Value::tuple([])), ("f", number(1))]);
        let expected = "a  = 1\nbb = 2\nc = {\n  c = 2\n}\nd-e = []\nf   = 1\n";
        assert_eq!(encode_tfvars(&[object]).unwrap().as_str().unwrap(), expected);
        assert!(encode_tfvars(&[number(5)]).is_err());
        assert!(encode_tfvars(&[Value::object([("a b", number(1))])]).is_err());
    }
}
