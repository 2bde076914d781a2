//! Text.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;
use weir_value::{Type, Value};

use super::args::Args;
use super::error::{fail, refuse};
use super::regex::replace_pattern;
use super::{Answer, Function, Parameter, text_list, unknown_bool, unknown_text, unknown_text_list};

const STR: Parameter = Parameter::text("str");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("chomp", &[STR], unknown_text, |args| Ok(args.text(0)?.trim_end_matches(['\r', '\n']).into())),
    Function::new("endswith", &[STR, Parameter::text("suffix")], unknown_bool, |args| Ok(args.text(0)?.ends_with(args.text(1)?).into())),
    Function::new("indent", &[Parameter::number("spaces"), STR], unknown_text, indent),
    Function::new("join", &[Parameter::text("separator")], unknown_text, join).variadic(Parameter::new("lists", text_list)),
    Function::new("lower", &[STR], unknown_text, |args| Ok(args.text(0)?.chars().map(lower).collect::<String>().into())),
    Function::new("replace", &[STR, Parameter::text("substr"), Parameter::text("replace")], unknown_text, replace),
    Function::new("split", &[Parameter::text("separator"), STR], unknown_text_list, split),
    Function::new("startswith", &[STR.unknown(), Parameter::text("prefix")], unknown_bool, starts_with),
    Function::new("strcontains", &[STR.unknown(), Parameter::text("substr")], unknown_bool, contains),
    Function::new("strrev", &[STR], unknown_text, |args| Ok(args.text(0)?.graphemes(true).rev().collect::<String>().into())),
    Function::new("substr", &[STR, Parameter::number("offset"), Parameter::number("length")], unknown_text, substr),
    Function::new("title", &[STR], unknown_text, |args| Ok(title(args.text(0)?).into())),
    Function::new("trim", &[STR, Parameter::text("cutset")], unknown_text, |args| {
        let cutset = args.text(1)?;
        Ok(args.text(0)?.trim_matches(|c| cutset.contains(c)).into())
    }),
    Function::new("trimprefix", &[STR, Parameter::text("prefix")], unknown_text, |args| {
        let text = args.text(0)?;
        Ok(text.strip_prefix(args.text(1)?).unwrap_or(text).into())
    }),
    Function::new("trimspace", &[STR], unknown_text, |args| Ok(args.text(0)?.trim().into())),
    Function::new("trimsuffix", &[STR, Parameter::text("suffix")], unknown_text, |args| {
        let text = args.text(0)?;
        Ok(text.strip_suffix(args.text(1)?).unwrap_or(text).into())
    }),
    Function::new("upper", &[STR], unknown_text, |args| Ok(args.text(0)?.chars().map(upper).collect::<String>().into())),
];

/// One letter for one letter, as Unicode's simple mapping has it: `ß` stays.
fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        // Greek letters with iota below have capitals of their own, of which the full mapping makes two.
        _ => match c as u32 {
            0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => char::from_u32(c as u32 + 8).unwrap_or(c),
            0x1fb3 | 0x1fc3 | 0x1ff3 => char::from_u32(c as u32 + 9).unwrap_or(c),
            _ => c,
        },
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// Capitals at the start of words; a word ends at ASCII punctuation and at any space.
fn title(text: &str) -> String {
    let mut boundary = true;
    text.chars()
        .map(|c| {
            let capital = match c {
                // The letters that are two in one have a third form, for titles.
                'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
                'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
                'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
                'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
                c => upper(c),
            };
            let out = if boundary { capital } else { c };
            boundary = if c.is_ascii() { !c.is_ascii_alphanumeric() && c != '_' } else { !c.is_alphanumeric() && c.is_whitespace() };
            out
        })
        .collect()
}

fn indent(args: &Args<'_>) -> Answer {
    let spaces = args.whole(0)?;
    let text = args.text(1)?;
    // More is a mistake, and would only exhaust the memory.
    let Some(spaces) = usize::try_from(spaces).ok().filter(|spaces| *spaces <= 100_000) else {
        return refuse(0, "must be between 0 and 100000");
    };
    Ok(text.replace('\n', &format!("\n{}", " ".repeat(spaces))).into())
}

fn join(args: &Args<'_>) -> Answer {
    let separator = args.text(0)?;
    if args.values.len() < 2 {
        return fail("at least one list is required");
    }
    let mut parts: Vec<Arc<str>> = Vec::new();
    for list in 1..args.values.len() {
        for (at, item) in args.value(list)?.elements().enumerate() {
            match item {
                Value::String(text) => parts.push(text.clone()),
                _ => return refuse(list, format!("element {at} is null; cannot concatenate null values")),
            }
        }
    }
    Ok(parts.join(separator).into())
}

fn split(args: &Args<'_>) -> Answer {
    let (separator, text) = (args.text(0)?, args.text(1)?);
    if separator.is_empty() {
        return Ok(Value::strings(text.chars().map(String::from)));
    }
    Ok(Value::strings(text.split(separator)))
}

fn substr(args: &Args<'_>) -> Answer {
    let clusters: Vec<&str> = args.text(0)?.graphemes(true).collect();
    let count = clusters.len();
    let (offset, length) = (args.whole(1)?, args.whole(2)?);
    let at = |distance: u64| usize::try_from(distance).unwrap_or(usize::MAX).min(count);
    let start = if offset < 0 { count - at(offset.unsigned_abs()) } else { at(offset.unsigned_abs()) };
    let end = if length < 0 { count } else { start.saturating_add(at(length.unsigned_abs())).min(count) };
    Ok(clusters[start..end].concat().into())
}

fn replace(args: &Args<'_>) -> Answer {
    let (text, find, with) = (args.text(0)?, args.text(1)?, args.text(2)?);
    match find.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(pattern) => replace_pattern(text, pattern, with),
        None => Ok(text.replace(find, with).into()),
    }
}

/// The beginning of a text that is not known yet, as far as it is known.
fn known_start(value: &Value) -> Option<&str> {
    if let Value::Unknown(unknown) = value { Some(&unknown.refinement.prefix) } else { None }
}

fn starts_with(args: &Args<'_>) -> Answer {
    let prefix = args.text(1)?;
    let Some(start) = known_start(args.value(0)?) else {
        return Ok(args.text(0)?.starts_with(prefix).into());
    };
    Ok(if start.starts_with(prefix) {
        Value::Bool(true)
    } else if prefix.starts_with(start) {
        super::because(Value::unknown_not_null(Type::Bool), args.value(0)?.cause())
    } else {
        Value::Bool(false)
    })
}

fn contains(args: &Args<'_>) -> Answer {
    let part = args.text(1)?;
    match known_start(args.value(0)?) {
        None => Ok(args.text(0)?.contains(part).into()),
        Some(start) if start.contains(part) => Ok(true.into()),
        Some(_) => Ok(super::because(Value::unknown_not_null(Type::Bool), args.value(0)?.cause())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_value::{Refinement, Type, Unknown, Value};

    use crate::function::lookup;
    use crate::function::testing::{Nowhere, check};

    #[test]
    fn letters() {
        check("upper", r#"["ẞéß ŉ ǆ ﬁ"]"#, r#""ẞÉß ŉ Ǆ ﬁ""#);
        check("lower", r#"["İÉ ΑΣ"]"#, r#""ié ας""#.replace('ς', "σ").as_str());
        check("title", r#"["hello world-foo bar_baz O'neil 3rd ’x"]"#, r#""Hello World-Foo Bar_baz O'Neil 3rd ’x""#);
        check("strrev", r#"["hée\u0301"]"#, r#""ééh""#);
    }

    #[test]
    fn edges() {
        check("trimspace", r#"["  a\u00a0 \n"]"#, r#""a""#);
        check("trim", r#"["?!hello?!", "!?"]"#, r#""hello""#);
        check("trimprefix", r#"["hello", "he"]"#, r#""llo""#);
        check("trimsuffix", r#"["hello", "x"]"#, r#""hello""#);
        check("chomp", r#"["a\n\r"]"#, r#""a""#);
        check("indent", r#"[2, "a\nb\n\nc"]"#, r#""a\n  b\n  \n  c""#);
        check("indent", r#"[-1, "a"]"#, "!0 must be between 0 and 100000");
        check("endswith", r#"["abc", "bc"]"#, "true");
    }

    #[test]
    fn parts() {
        check("join", r#"[",", ["a", 1], ["c"]]"#, r#""a,1,c""#);
        check("join", r#"[","]"#, "! at least one list is required");
        check("join", r#"[",", ["a", null]]"#, "!1 element 1 is null; cannot concatenate null values");
        check("split", r#"["", "abc"]"#, r#"["a", "b", "c"]"#);
        check("split", r#"["", ""]"#, "[]");
        check("split", r#"[",", ""]"#, r#"[""]"#);
        for (offset, length, expected) in [(1, 3, "ell"), (-3, 2, "ll"), (1, -2, "ello"), (0, 99, "hello"), (10, 1, ""), (-10, 3, "hel"), (1, 0, "")] {
            check("substr", &format!(r#"["hello", {offset}, {length}]"#), &format!("{expected:?}"));
        }
        check("replace", r#"["a+b+c", "+", "-"]"#, r#""a-b-c""#);
        check("replace", r#"["abc", "", "x"]"#, r#""xaxbxcx""#);
        check("replace", r#"["abc", "/", "x"]"#, r#""abc""#);
        check("replace", r#"["abc", "//", "x"]"#, r#""xaxbxcx""#);
    }

    #[test]
    fn known_beginnings_decide() {
        let refinement = Refinement { prefix: "vpc-".into(), ..Refinement::default() };
        let id = Value::Unknown(Arc::new(Unknown { ty: Type::String, refinement, cause: Some("gate.a".into()) }));
        let ask = |name: &str, part: &str| format!("{:?}", lookup(name).unwrap().call(&Nowhere, &[id.clone(), part.into()]).unwrap());
        assert_eq!(ask("startswith", "vpc"), "true");
        assert_eq!(ask("startswith", "sg-"), "false");
        assert_eq!(ask("startswith", "vpc-1"), "unknown:bool(gate.a)");
        assert_eq!(ask("strcontains", "pc-"), "true");
        assert_eq!(ask("strcontains", "x"), "unknown:bool(gate.a)");
    }
}
