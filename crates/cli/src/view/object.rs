//! An object as the block that would describe it: what `state show` prints.

use weir_addr::{InstanceAddr, Mode};
use weir_provider::ProviderSchema;
use weir_state::{Record, Status};
use weir_value::{JsonError, Marks, Path, Value, decode_json_untyped};

use super::expression::quoted;
use crate::exit::Failure;

const INDENT: usize = 4;

/// An object of the state under its address. What the schema or the state calls sensitive is hidden; of a type without schema only what the state does.
pub(crate) fn text(addr: &InstanceAddr, record: &Record, schema: Option<&ProviderSchema>) -> Result<String, Failure> {
    let value = value(addr, record, schema).map_err(|error| Failure::error("Cannot read an object of the state", format!("{addr}: {error}.")))?;
    let tainted = if record.status == Status::Tainted { " (tainted)" } else { "" };
    let word = if addr.resource.mode == Mode::Data { "data" } else { "resource" };
    let header = format!("{word} \"{}\" \"{}\"", addr.resource.type_, addr.resource.name);
    Ok(format!("# {addr}:{tainted}\n{}", block(&header, &value)))
}

fn value(addr: &InstanceAddr, record: &Record, schema: Option<&ProviderSchema>) -> Result<Value, JsonError> {
    let types = schema.map(|schema| if addr.resource.mode == Mode::Data { &schema.data_sources } else { &schema.resources });
    let Some(schema) = types.and_then(|types| types.get(&addr.resource.type_)) else {
        return Ok(mark(decode_json_untyped(record.attributes.as_str())?, &record.sensitive_paths));
    };
    let value = record.value(schema.ty())?;
    let paths = schema.block.sensitive_paths(&value);
    Ok(schema.mark_mirrors(mark(value, &paths)))
}

fn mark(value: Value, paths: &[Path]) -> Value {
    if paths.is_empty() {
        return value;
    }
    value.transform(&mut |path, value| if paths.contains(path) { value.with_marks(Marks::SENSITIVE) } else { value })
}

/// `header { … }` with the attributes that are set, their equals signs in a column.
fn block(header: &str, value: &Value) -> String {
    let mut out = format!("{header} {{\n");
    push_entries(&mut out, value.unmarked(), INDENT, false);
    out + "}\n"
}

fn push_entries(out: &mut String, value: &Value, indent: usize, nulls: bool) {
    let (Value::Object(entries) | Value::Map(_, entries)) = value else { return };
    let shown: Vec<(String, &Value)> = entries.iter().filter(|(_, value)| nulls || !value.is_null()).map(|(name, value)| (key(name), value)).collect();
    let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in shown {
        out.push_str(&format!("{:indent$}{name:<width$} = ", ""));
        push(out, value, indent);
        out.push('\n');
    }
}

fn key(name: &str) -> String {
    if weir_config::syntax::is_identifier(name) { name.to_owned() } else { quoted(name) }
}

fn push(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Marked(marked) if marked.marks.is_sensitive() => out.push_str("(sensitive value)"),
        Value::Marked(_) => out.push_str("(ephemeral value)"),
        Value::Unknown(_) => out.push_str("(known after apply)"),
        Value::Null(_) => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => push_text(out, text, indent),
        Value::List(..) | Value::Set(_) | Value::Tuple(_) => {
            out.push('[');
            let mut any = false;
            for item in value.elements() {
                any = true;
                out.push_str(&format!("\n{:1$}", "", indent + INDENT));
                push(out, item, indent + INDENT);
                out.push(',');
            }
            out.push_str(&if any { format!("\n{:indent$}]", "") } else { "]".to_owned() });
        }
        Value::Map(_, entries) | Value::Object(entries) if entries.is_empty() => out.push_str("{}"),
        Value::Map(..) | Value::Object(_) => {
            out.push_str("{\n");
            push_entries(out, value, indent + INDENT, true);
            out.push_str(&format!("{:indent$}}}", ""));
        }
    }
}

/// Text; JSON as the call that makes it, several lines as a heredoc.
fn push_text(out: &mut String, text: &str, indent: usize) {
    let json = if text.starts_with(['{', '[']) { decode_json_untyped(text).ok() } else { None };
    if let Some(value) = json.filter(|value| value.length().is_some_and(|length| length > 0)) {
        out.push_str(&format!("jsonencode(\n{:1$}", "", indent + INDENT));
        push(out, &value, indent + INDENT);
        out.push_str(&format!("\n{:indent$})", ""));
    } else if let Some(body) = text.strip_suffix('\n').or_else(|| text.contains('\n').then_some(text)) {
        out.push_str("<<-EOT\n");
        for line in body.split('\n') {
            out.push_str(&if line.is_empty() { "\n".to_owned() } else { format!("{:1$}{line}\n", "", indent + INDENT) });
        }
        out.push_str(&format!("{:indent$}EOT", ""));
    } else {
        out.push_str(&quoted(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested() {
        let input = Value::object([
            ("a", Value::string("x")),
            ("bb", Value::tuple([Value::Bool(true), Value::object([("c", Value::null())])])),
            ("j", Value::string("{\"a\":1}")),
            ("s", Value::string("l1\nl2\n")),
        ]);
        let value = Value::object([("id", Value::string("1")), ("input", input), ("none", Value::null()), ("pw", Value::string("p").with_marks(Marks::SENSITIVE))]);
        let expected = "\
resource \"t\" \"y\" {
    id    = \"1\"
    input = {
        a  = \"x\"
        bb = [
            true,
            {
                c = null
            },
        ]
        j  = jsonencode(
            {
                a = 1
            }
        )
        s  = <<-EOT
            l1
            l2
        EOT
    }
    pw    = (sensitive value)
}
";
        assert_eq!(block("resource \"t\" \"y\"", &value), expected);
    }
}
