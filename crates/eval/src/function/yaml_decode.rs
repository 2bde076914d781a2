//! YAML into values: the core types of YAML 1.2 with the words for truth of 1.1, as the incumbents read them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use weir_value::{Number, Type, Value, convert};

use super::Answer;
use super::error::{FunctionError, fail};

/// The value of the only document.
pub(super) fn decode(text: &str) -> Answer {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), depth: 0, nodes: 0 };
    loop {
        match reader.next()?.0 {
            Event::StreamStart | Event::Nothing => {}
            Event::DocumentStart(_) => break,
            _ => return fail("on line 1, column 1: missing start of document"),
        }
    }
    let (event, span) = reader.next()?;
    if matches!(event, Event::DocumentEnd) {
        return fail("on line 1, column 1: missing start of document");
    }
    let value = reader.node(event, span)?.value;
    loop {
        match reader.next()? {
            (Event::DocumentEnd | Event::Nothing, _) => {}
            (Event::StreamEnd, _) => return Ok(value),
            (_, span) => return fail(format!("{}unexpected extra content after value", position(&span))),
        }
    }
}

fn position(span: &Span) -> String {
    format!("on line {}, column {}: ", span.start.line(), span.start.col() + 1)
}

fn scan_error<T>(error: &ScanError) -> Result<T, FunctionError> {
    fail(format!("on line {}, column {}: {}", error.marker().line(), error.marker().col() + 1, error.info()))
}

#[derive(Clone)]
struct Node {
    value: Value,
    /// `<<` as a plain key.
    merge: bool,
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// What stands under an anchor; nothing as long as it is being read.
    anchors: HashMap<usize, Option<(Value, usize)>>,
    depth: usize,
    nodes: usize,
}

/// Aliases must not multiply a small text into the whole memory.
const MOST_NODES: usize = 1_000_000;
const DEEPEST: usize = 500;

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), FunctionError> {
        match self.parser.next() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => scan_error(&error),
            None => fail("unexpected end of the text"),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, FunctionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return fail(format!("{}nested too deeply", position(&span)));
        }
        let before = self.nodes;
        self.nodes += 1;
        let (node, anchor) = match event {
            Event::Alias(anchor) => {
                let (value, size) = match self.anchors.get(&anchor) {
                    Some(Some(found)) => found.clone(),
                    _ => return fail(format!("{}cannot refer to an anchor from inside its own definition", position(&span))),
                };
                self.nodes += size;
                (Node { value, merge: false }, 0)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let value = scalar(&text, plain, tag.as_deref()).or_else(|message| fail(format!("{}{message}", position(&span))))?;
                (Node { value, merge: plain && tag.is_none() && text == "<<" }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.anchors.insert(anchor, None);
                check_tag(tag, "seq", "sequence").or_else(fail)?;
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span)?.value),
                    }
                }
                (Node { value: Value::tuple(items), merge: false }, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.anchors.insert(anchor, None);
                check_tag(tag, "map", "mapping").or_else(fail)?;
                (Node { value: self.mapping()?, merge: false }, anchor)
            }
            _ => return fail(format!("{}did not find expected node content", position(&span))),
        };
        if self.nodes > MOST_NODES {
            return fail(format!("{}too many values behind aliases", position(&span)));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Some((node.value.clone(), self.nodes - before)));
        }
        self.depth -= 1;
        Ok(node)
    }

    fn mapping(&mut self) -> Answer {
        let mut entries: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let mut merged: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        loop {
            let (event, key_span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, key_span)?;
            let (event, span) = self.next()?;
            let item = self.node(event, span)?.value;
            if key.merge {
                match item {
                    Value::Object(more) => {
                        for (name, value) in more.iter() {
                            merged.insert(name.clone(), value.clone());
                        }
                    }
                    other => return fail(format!("{}cannot merge {} into mapping", position(&key_span), other.ty().friendly_name())),
                }
                continue;
            }
            if key.value.is_null() {
                return fail(format!("{}mapping key cannot be null", position(&key_span)));
            }
            match convert(&key.value, &Type::String) {
                Ok(Value::String(name)) => {
                    entries.insert(name, item);
                }
                _ => return fail(format!("{}only strings are allowed as mapping keys", position(&key_span))),
            }
        }
        // What stands in the mapping itself wins over what it merges in.
        for (name, value) in merged {
            entries.entry(name).or_insert(value);
        }
        Ok(Value::Object(Arc::new(entries)))
    }
}

/// The name of a type of YAML's own; `Err` for any other tag.
fn core_tag(tag: &Tag) -> Result<&str, String> {
    match tag.handle.as_str() {
        "tag:yaml.org,2002:" => Ok(&tag.suffix),
        "!" if tag.suffix.is_empty() => Ok("str"),
        "" | "!" => match tag.suffix.strip_prefix("tag:yaml.org,2002:") {
            Some(name) => Ok(name),
            None => Err(format!("unsupported tag \"{}{}\"", tag.handle, tag.suffix)),
        },
        handle => Err(format!("unsupported tag \"{handle}{}\"", tag.suffix)),
    }
}

fn check_tag(tag: Option<Cow<'_, Tag>>, expected: &str, kind: &str) -> Result<(), String> {
    let Some(tag) = tag else { return Ok(()) };
    match core_tag(&tag)? {
        name if name == expected => Ok(()),
        name => Err(format!("can't interpret {kind} as tag:yaml.org,2002:{name}")),
    }
}

fn scalar(text: &str, plain: bool, tag: Option<&Tag>) -> Result<Value, String> {
    let Some(tag) = tag else { return if plain { resolve(text) } else { Ok(text.into()) } };
    let name = core_tag(tag)?;
    let wrong = || Err(format!("cannot parse {text:?} as tag:yaml.org,2002:{name}"));
    match name {
        "str" => Ok(text.into()),
        "binary" => {
            let bytes: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            match base64::Engine::decode(&super::encoding::BASE64, &bytes) {
                Ok(_) => Ok(bytes.into()),
                Err(_) => wrong(),
            }
        }
        "null" | "bool" | "int" | "float" | "timestamp" => {
            // What is quoted is text, whatever its tag.
            if !plain {
                return Ok(text.into());
            }
            let value = resolve(text)?;
            let fits = match name {
                "null" => value.is_null(),
                "bool" => matches!(value, Value::Bool(_)),
                "int" => value.as_number().is_some_and(Number::is_whole),
                "float" => matches!(value, Value::Number(_)),
                _ => timestamp(text).is_some(),
            };
            if fits { Ok(value) } else { wrong() }
        }
        _ => Err(format!("unsupported tag \"tag:yaml.org,2002:{name}\"")),
    }
}

/// What text without quotes stands for.
fn resolve(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::null()),
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => return Ok(true.into()),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => return Ok(false.into()),
        ".nan" | ".NaN" | ".NAN" => return Err("floating point NaN is not supported".to_owned()),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" => {
            return Err("floating point infinity is not supported".to_owned());
        }
        _ => {}
    }
    Ok(number(text).map(Value::Number).or_else(|| timestamp(text).map(Value::from)).unwrap_or_else(|| text.into()))
}

fn number(text: &str) -> Option<Number> {
    let all = |digits: &str, test: fn(&u8) -> bool| !digits.is_empty() && digits.bytes().all(|b| test(&b));
    if let Some(digits) = text.strip_prefix("0x") {
        return all(digits, u8::is_ascii_hexdigit).then(|| Number::from_radix(digits, 16)).flatten();
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return all(digits, |b| (b'0'..=b'7').contains(b)).then(|| Number::from_radix(digits, 8)).flatten();
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    if let Some(exponent) = exponent
        && !all(exponent.strip_prefix(['-', '+']).unwrap_or(exponent), u8::is_ascii_digit)
    {
        return None;
    }
    let digits = mantissa.replacen('.', "", 1);
    if !all(&digits, u8::is_ascii_digit) {
        return None;
    }
    Number::parse(text.strip_prefix('+').unwrap_or(text))
}

/// A date, with or without a time, as RFC 3339.
fn timestamp(text: &str) -> Option<String> {
    let shape =
        |text: &str, pattern: &str| text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(|(b, p)| if p == b'0' { b.is_ascii_digit() } else { b == p });
    let date = text.get(..10).filter(|date| shape(date, "0000-00-00"))?;
    let rest = &text[10..];
    if rest.is_empty() {
        return super::date::normalize(&format!("{date}T00:00:00Z"));
    }
    if !rest.starts_with(['T', 't']) {
        return None;
    }
    let end = rest.find(['Z', '+']).or_else(|| rest.rfind('-'))?;
    super::date::normalize(&format!("{date}T{}{}", &rest[1..end], &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = decode(text).map_or_else(|error| format!("! {}", error.message), |value| format!("{value:?}"));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn scalars() {
        for (text, expected) in [
            ("yes", "true"),
            ("\"yes\"", "\"yes\""),
            ("TRUE", "true"),
            ("n", "false"),
            ("~", "null:any"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("017", "17"),
            ("0b11", "\"0b11\""),
            ("1_000", "\"1_000\""),
            ("1e3", "1000"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-.5e3", "-500"),
            ("0x", "\"0x\""),
            ("-0x1f", "\"-0x1f\""),
            ("12:30:45", "\"12:30:45\""),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("2020-01-02", "\"2020-01-02T00:00:00Z\""),
            ("2001-12-14t21:59:43.10-05:00", "\"2001-12-14T21:59:43-05:00\""),
            ("2001-12-14 21:59:43.10 -5", "\"2001-12-14 21:59:43.10 -5\""),
            ("!!str 5", "\"5\""),
            ("!!int \"5\"", "\"5\""),
            ("!!float 5", "5"),
            ("!!binary aGVsbG8=", "\"aGVsbG8=\""),
            ("=", "\"=\""),
        ] {
            check(&format!("a: {text}"), &format!("{{\"a\": {expected}}}"));
        }
        check("--- x", "\"x\"");
        check("a: .nan", "! on line 1, column 4: floating point NaN is not supported");
        check("a: !foo x", "! on line 1, column 9: unsupported tag \"!foo\"");
    }

    #[test]
    fn containers() {
        check("a:\n- b\n- c: 1\n  d: 2", r#"{"a": ["b", {"c": 1, "d": 2}]}"#);
        check("a: &x [1]\nb: *x", r#"{"a": [1], "b": [1]}"#);
        check("<<: {a: 1, b: 1}\nb: 2", r#"{"a": 1, "b": 2}"#);
        check("y:\n  a: 1", r#"{"true": {"a": 1}}"#);
        check("1.50: a", r#"{"1.5": "a"}"#);
        check("a: 1\na: 2", r#"{"a": 2}"#);
        check("a: |\n  x\n  y\n", r#"{"a": "x\ny\n"}"#);
        check("a: >\n  x\n  y\n", r#"{"a": "x y\n"}"#);
    }

    #[test]
    fn errors() {
        check("", "! on line 1, column 1: missing start of document");
        check("# only", "! on line 1, column 1: missing start of document");
        check("a: &x [*x]", "! on line 1, column 8: cannot refer to an anchor from inside its own definition");
        check("[a]: b", "! on line 1, column 1: only strings are allowed as mapping keys");
        check("null: a", "! on line 1, column 1: mapping key cannot be null");
        check("x:\n  <<: 5", "! on line 2, column 3: cannot merge number into mapping");
        check("---\na: 1\n---\nb: 2", "! on line 3, column 1: unexpected extra content after value");
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned()
            + &('a'..'k').zip('b'..'l').map(|(from, to)| format!("{to}: &{to} [{}]\n", format!("*{from},").repeat(10).trim_end_matches(','))).collect::<String>();
        assert!(decode(&bomb).unwrap_err().message.contains("too many values behind aliases"));
    }
}
