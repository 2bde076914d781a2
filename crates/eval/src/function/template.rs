//! Templates from files and strings.

use weir_value::{Type, Value};

use super::args::Args;
use super::error::refuse;
use super::filesystem::read_text;
use super::{Answer, Function, FunctionError, Parameter};

/// The evaluator carries marks and unknowns through a template.
const VARS: Parameter = Parameter::any("vars").unknown().marked();

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new(
        "templatefile",
        &[Parameter::text("path"), VARS],
        |_| Ok(Value::unknown(Type::Dynamic)),
        |args| {
            let path = args.text(0)?;
            render(args, &read_text(args, path)?, path)
        },
    ),
    Function::new(
        "templatestring",
        &[Parameter::text("template"), VARS],
        |_| Ok(Value::unknown_not_null(Type::String)),
        |args| render(args, args.text(0)?, "<templatestring argument>"),
    ),
];

fn render(args: &Args<'_>, source: &str, name: &str) -> Answer {
    let vars = args.value(1)?;
    let marks = vars.marks();
    let result = match vars.unmarked() {
        unknown @ Value::Unknown(_) => super::because(Value::unknown(Type::Dynamic), unknown.cause()),
        inner @ (Value::Map(_, entries) | Value::Object(entries)) => {
            entries.keys().try_for_each(|name| check_name(name))?;
            args.host.render_template(source, name, inner)?
        }
        _ => return refuse(1, "invalid vars value: must be a map"),
    };
    Ok(result.with_marks(marks))
}

fn check_name(name: &str) -> Result<(), FunctionError> {
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if valid {
        return Ok(());
    }
    refuse(1, format!("invalid template variable name {name:?}: must start with a letter, followed by zero or more letters, digits, and underscores"))
}

#[cfg(test)]
mod tests {
    use weir_value::{Marks, Value};

    use crate::function::lookup;
    use crate::function::testing::{Files, check_in};

    #[test]
    fn variables_are_checked_and_handed_on() {
        let files = Files([("t.tpl", b"hi".to_vec())].into());
        check_in(&files, "templatefile", r#"["t.tpl", {"a": 1}]"#, r#""t.tpl: hi with {\"a\": 1}""#);
        check_in(&files, "templatestring", r#"["x", {}]"#, r#""<templatestring argument>: x with {}""#);
        check_in(&files, "templatefile", r#"["t.tpl", []]"#, "!1 invalid vars value: must be a map");
        let wrong = "invalid template variable name \"a b\": must start with a letter, followed by zero or more letters, digits, and underscores";
        check_in(&files, "templatefile", r#"["t.tpl", {"a b": 1}]"#, &format!("!1 {wrong}"));
        let secret = Value::object([("a", Value::from(1))]).with_marks(Marks::SENSITIVE);
        let result = lookup("templatefile").unwrap().call(&files, &["t.tpl".into(), secret]).unwrap();
        assert!(result.marks().is_sensitive());
    }
}
