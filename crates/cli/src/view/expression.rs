//! A value as an expression of the language that gives it: what `output` and `console` show.

use weir_value::{Type, Value};

const INDENT: usize = 2;

/// The text of a value; what is sensitive, ephemeral or unknown is only named.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    push(&mut out, value, 0);
    out
}

fn push(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Marked(marked) if marked.marks.is_sensitive() => out.push_str("(sensitive value)"),
        Value::Marked(_) => out.push_str("(ephemeral value)"),
        Value::Unknown(unknown) => {
            out.push_str("(known after ");
            out.push_str(unknown.cause.as_deref().unwrap_or("apply"));
            out.push(')');
        }
        Value::Null(ty) => out.push_str(&null(ty)),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) if text.contains('\n') => push_heredoc(out, text, indent),
        Value::String(text) => out.push_str(&quoted(text)),
        Value::List(_, items) => push_items(out, "tolist([", items.iter(), "])", indent),
        Value::Set(set) => push_items(out, "toset([", set.items.iter(), "])", indent),
        Value::Tuple(items) => push_items(out, "[", items.iter(), "]", indent),
        Value::Map(_, entries) => push_entries(out, "tomap({", entries.iter().map(|(key, value)| (&**key, value)), "})", indent),
        Value::Object(entries) => push_entries(out, "{", entries.iter().map(|(key, value)| (&**key, value)), "}", indent),
    }
}

fn null(ty: &Type) -> String {
    match ty {
        Type::Bool => "tobool(null)".to_owned(),
        Type::Number => "tonumber(null)".to_owned(),
        Type::String => "tostring(null)".to_owned(),
        Type::List(element) => format!("tolist(null) /* of {} */", element.friendly_name()),
        Type::Set(element) => format!("toset(null) /* of {} */", element.friendly_name()),
        Type::Map(element) => format!("tomap(null) /* of {} */", element.friendly_name()),
        _ => "null".to_owned(),
    }
}

fn line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn push_items<'a>(out: &mut String, open: &str, items: impl IntoIterator<Item = &'a Value>, close: &str, indent: usize) {
    out.push_str(open);
    let mut any = false;
    for item in items {
        any = true;
        line(out, indent + INDENT);
        push(out, item, indent + INDENT);
        out.push(',');
    }
    if any {
        line(out, indent);
    }
    out.push_str(close);
}

fn push_entries<'a>(out: &mut String, open: &str, entries: impl Iterator<Item = (&'a str, &'a Value)>, close: &str, indent: usize) {
    out.push_str(open);
    let mut any = false;
    for (key, value) in entries {
        any = true;
        line(out, indent + INDENT);
        out.push_str(&quoted(key));
        out.push_str(" = ");
        push(out, value, indent + INDENT);
    }
    if any {
        line(out, indent);
    }
    out.push_str(close);
}

fn push_heredoc(out: &mut String, text: &str, indent: usize) {
    let mut end = "EOT".to_owned();
    while text.lines().any(|line| line.trim() == end) {
        end.push('_');
    }
    out.push_str(if indent == 0 { "<<" } else { "<<-" });
    out.push_str(&end);
    for part in text.split('\n') {
        line(out, indent);
        out.push_str(part);
    }
    line(out, indent);
    out.push_str(&end);
}

/// Text in quotes on one line.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use weir_value::Marks;

    use super::*;

    fn check(value: &Value, expected: &str) {
        assert_eq!(text(value), expected);
    }

    #[test]
    fn scalars() {
        check(&Value::string("a\"b${x}\\\u{1}"), "\"a\\\"b${x}\\\\\\x01\"");
        check(&Value::string("x\n"), "<<EOT\nx\n\nEOT");
        check(&Value::string("EOT\nx"), "<<EOT_\nEOT\nx\nEOT_");
        check(&Value::Null(Type::Number), "tonumber(null)");
        check(&Value::null(), "null");
        check(&Value::Null(Type::list(Type::Dynamic)), "tolist(null) /* of dynamic */");
        check(&Value::Null(Type::map(Type::tuple([]))), "tomap(null) /* of tuple */");
        check(&Value::Bool(true).with_marks(Marks::SENSITIVE), "(sensitive value)");
    }

    #[test]
    fn collections() {
        let inner = Value::tuple([Value::string("p\nq")]);
        check(&Value::object([("a", inner), ("b c", Value::tuple([]))]), "{\n  \"a\" = [\n    <<-EOT\n    p\n    q\n    EOT,\n  ]\n  \"b c\" = []\n}");
        check(&Value::strings(["a"]), "tolist([\n  \"a\",\n])");
        check(&Value::set(Type::String, []), "toset([])");
        check(&Value::map(Type::Bool, [("k", Value::Bool(false))]), "tomap({\n  \"k\" = false\n})");
    }
}
