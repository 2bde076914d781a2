//! `format` and `formatlist`.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;
use weir_value::{Refinement, Type, Unknown, Value, convert, encode_json, json_string};

use super::args::Args;
use super::decimal::Decimal;
use super::error::{fail, refuse};
use super::{Answer, Function, FunctionError, Parameter, because, unknown_text, unknown_text_list};

const FORMAT: Parameter = Parameter::text("format");
const ARGS: Parameter = Parameter::any("args").nullable().unknown();

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("format", &[FORMAT], unknown_text, |args| {
        Ok(match render(&parse(args.text(0)?)?, &args.values[1..])? {
            Rendered::Known(text) => text.into(),
            Rendered::Open { start, waits } => open_text(&start, waits),
        })
    })
    .variadic(ARGS),
    Function::new("formatlist", &[FORMAT], unknown_text_list, format_list).variadic(ARGS),
];

/// A text that is not known yet, after its known beginning.
fn open_text(start: &str, cause: Option<Arc<str>>) -> Value {
    // What follows may join with a letter, so only what nothing composes with is certain.
    let safe = |c: char| c.is_ascii() && !c.is_ascii_alphabetic() && !matches!(c, '<' | '=' | '>');
    let end = start.char_indices().rev().find(|(_, c)| safe(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    let refinement = Refinement { not_null: true, prefix: start[..end].into(), ..Refinement::default() };
    Value::Unknown(Arc::new(Unknown { ty: Type::String, refinement, cause }))
}

enum Piece<'a> {
    Text(&'a str),
    Percent,
    Verb(Verb<'a>),
}

struct Verb<'a> {
    /// As it is written, and where.
    source: &'a str,
    offset: usize,
    verb: char,
    index: usize,
    space: bool,
    plus: bool,
    minus: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
}

fn parse(format: &str) -> Result<Vec<Piece<'_>>, FunctionError> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut next = 0;
    while let Some(found) = format[at..].find('%') {
        if found > 0 {
            pieces.push(Piece::Text(&format[at..at + found]));
        }
        at += found;
        if format[at..].starts_with("%%") {
            pieces.push(Piece::Percent);
            at += 2;
            continue;
        }
        let verb = parse_verb(format, at, next)?;
        at += verb.source.len();
        next = verb.index + 1;
        pieces.push(Piece::Verb(verb));
    }
    if at < format.len() {
        pieces.push(Piece::Text(&format[at..]));
    }
    Ok(pieces)
}

fn parse_verb(format: &str, offset: usize, next: usize) -> Result<Verb<'_>, FunctionError> {
    let bytes = format.as_bytes();
    let peek = |at: usize| bytes.get(at).copied();
    let mut at = offset + 1;
    let mut verb = Verb { source: "", offset, verb: ' ', index: next, space: false, plus: false, minus: false, zero: false, sharp: false, width: 0, precision: None };
    loop {
        match peek(at) {
            Some(b' ') => verb.space = true,
            Some(b'+') => verb.plus = true,
            Some(b'-') => verb.minus = true,
            Some(b'0') => verb.zero = true,
            Some(b'#') => verb.sharp = true,
            _ => break,
        }
        at += 1;
    }
    let number = |at: &mut usize| -> Result<Option<usize>, FunctionError> {
        let start = *at;
        while peek(*at).is_some_and(|b| b.is_ascii_digit()) {
            *at += 1;
        }
        if start == *at {
            return Ok(None);
        }
        // More would only exhaust the memory.
        match format[start..*at].parse::<usize>() {
            Ok(number) if number <= 1_000_000 => Ok(Some(number)),
            _ => fail(format!("number too large at offset {start}")),
        }
    };
    verb.width = number(&mut at)?.unwrap_or(0);
    if peek(at) == Some(b'.') {
        at += 1;
        verb.precision = Some(number(&mut at)?.unwrap_or(0));
    }
    if peek(at) == Some(b'[') && peek(at + 1).is_none_or(|b| (b'1'..=b'9').contains(&b)) {
        at += 1;
        let index = number(&mut at)?;
        if let (Some(index), Some(b']')) = (index, peek(at)) {
            verb.index = index - 1;
            at += 1;
        }
    } else if peek(at) == Some(b'[') {
        at += 1;
    }
    match format[at..].chars().next() {
        None => fail(format!("invalid format string starting at offset {at}")),
        Some(c) if c.is_ascii_alphabetic() && bytes[at - 1] != b'[' => {
            verb.verb = c;
            verb.source = &format[offset..=at];
            Ok(verb)
        }
        Some(c) => fail(format!("unrecognized format character '{c}' at offset {at}")),
    }
}

enum Rendered {
    Known(String),
    Open { start: String, waits: Option<Arc<str>> },
}

fn render(pieces: &[Piece<'_>], args: &[Value]) -> Result<Rendered, FunctionError> {
    let mut out = String::new();
    let mut used = 0;
    let mut waits: Option<Option<Arc<str>>> = None;
    for piece in pieces {
        let verb = match piece {
            Piece::Text(_) | Piece::Percent if waits.is_some() => continue,
            Piece::Text(text) => {
                out.push_str(text);
                continue;
            }
            Piece::Percent => {
                out.push('%');
                continue;
            }
            Piece::Verb(verb) => verb,
        };
        used = used.max(verb.index + 1);
        let Some(value) = args.get(verb.index) else {
            return fail(format!("not enough arguments for \"{}\" at {}: need index {} but have {} total", verb.source, verb.offset, verb.index + 1, args.len()));
        };
        if !value.is_wholly_known() {
            if let (None, Value::Unknown(unknown), 's' | 'v', 0, None) = (&waits, value, verb.verb, verb.width, verb.precision)
                && unknown.ty == Type::String
                && !verb.sharp
                && unknown.refinement.not_null
            {
                out.push_str(&unknown.refinement.prefix);
            }
            waits = waits.or_else(|| Some(value.cause()));
            continue;
        }
        let text = verb.apply(value)?;
        if waits.is_none() {
            out.push_str(&text);
        }
    }
    if used < args.len() {
        return refuse(
            used + 1,
            match used {
                0 => "too many arguments; no verbs in format string".to_owned(),
                used => format!("too many arguments; only {used} used by format string"),
            },
        );
    }
    Ok(match waits {
        None => Rendered::Known(out),
        Some(waits) => Rendered::Open { start: out, waits },
    })
}

impl Verb<'_> {
    fn unsupported<T>(&self, why: impl std::fmt::Display) -> Result<T, FunctionError> {
        fail(format!("unsupported value for \"{}\" at {}: {why}", self.source, self.offset))
    }

    fn apply(&self, value: &Value) -> Result<String, FunctionError> {
        if self.verb == 'v' {
            return self.default(value);
        }
        if !matches!(self.verb, 's' | 'q' | 't' | 'd' | 'b' | 'o' | 'x' | 'X' | 'e' | 'E' | 'f' | 'g' | 'G') {
            return fail(format!("unsupported format verb '{}' in \"{}\" at offset {}", self.verb, self.source, self.offset));
        }
        if value.is_null() {
            return self.unsupported("null value cannot be formatted");
        }
        let ty = match self.verb {
            's' | 'q' => Type::String,
            't' => Type::Bool,
            _ => Type::Number,
        };
        match convert(value, &ty) {
            Ok(Value::String(text)) if self.verb == 'q' => Ok(self.pad(json_string(&self.shorten(&text)))),
            Ok(Value::String(text)) => Ok(self.pad(self.shorten(&text))),
            Ok(Value::Bool(truth)) => Ok(truth.to_string()),
            Ok(Value::Number(number)) if matches!(self.verb, 'd' | 'b' | 'o' | 'x' | 'X') => self.integer(&number),
            Ok(Value::Number(number)) => Ok(self.float(&number)),
            Ok(_) => self.unsupported("scalar required"),
            Err(error) => self.unsupported(error),
        }
    }

    fn default(&self, value: &Value) -> Result<String, FunctionError> {
        if self.sharp {
            return self.json(value);
        }
        match value {
            Value::Null(_) => Ok(self.pad("null".to_owned())),
            Value::String(text) => Ok(self.pad(text.to_string())),
            Value::Bool(truth) => Ok(self.pad(truth.to_string())),
            Value::Number(number) => {
                let sign = if number.has_minus() { "-" } else { "" };
                Ok(self.pad(format!("{sign}{}", Decimal::shortest(number).general(None))))
            }
            other => self.json(other),
        }
    }

    fn json(&self, value: &Value) -> Result<String, FunctionError> {
        encode_json(value).map(|json| self.pad(json)).or_else(|error| self.unsupported(error))
    }

    fn shorten(&self, text: &str) -> String {
        match self.precision {
            None | Some(0) => text.to_owned(),
            Some(precision) => text.graphemes(true).take(precision).collect(),
        }
    }

    /// Widths count what a reader sees as one character.
    fn pad(&self, text: String) -> String {
        let missing = self.width.saturating_sub(text.graphemes(true).count());
        if missing == 0 {
            return text;
        }
        let fill = if self.zero { "0" } else { " " }.repeat(missing);
        if self.minus { text + &fill } else { fill + &text }
    }

    fn integer(&self, number: &weir_value::Number) -> Result<String, FunctionError> {
        let (base, prefix) = match self.verb {
            'b' => (2, "0b"),
            'o' => (8, "0"),
            'x' => (16, "0x"),
            'X' => (16, "0X"),
            _ => (10, ""),
        };
        let Some(digits) = number.abs().to_radix(base) else { return self.unsupported("an integer is required") };
        let digits = if self.verb == 'X' { digits.to_uppercase() } else { digits };
        let digits = match self.precision {
            Some(0) if digits == "0" => String::new(),
            Some(precision) => format!("{}{digits}", "0".repeat(precision.saturating_sub(digits.len()))),
            None => digits,
        };
        let zero = self.zero && self.precision.is_none();
        Ok(self.signed(number.is_negative(), if self.sharp { prefix } else { "" }, digits, zero && !self.minus))
    }

    fn float(&self, number: &weir_value::Number) -> String {
        let text = match (self.verb, self.precision) {
            ('e' | 'E', precision) => Decimal::exact(number).scientific(precision.unwrap_or(6)),
            ('f', precision) => Decimal::exact(number).fixed(precision.unwrap_or(6)),
            (_, None) => Decimal::shortest(number).general(None),
            (_, precision) => Decimal::exact(number).general(precision),
        };
        let text = if matches!(self.verb, 'E' | 'G') { text.to_uppercase() } else { text };
        self.signed(number.has_minus(), "", text, self.zero)
    }

    fn signed(&self, negative: bool, prefix: &str, digits: String, zero: bool) -> String {
        let sign = match () {
            () if negative => "-",
            () if self.plus => "+",
            () if self.space => " ",
            () => "",
        };
        let missing = self.width.saturating_sub(sign.len() + prefix.len() + digits.len());
        if zero {
            return format!("{sign}{prefix}{}{digits}", "0".repeat(missing));
        }
        let fill = " ".repeat(missing);
        if self.minus { format!("{sign}{prefix}{digits}{fill}") } else { format!("{fill}{sign}{prefix}{digits}") }
    }
}

fn format_list(args: &Args<'_>) -> Answer {
    let pieces = parse(args.text(0)?)?;
    let given = &args.values[1..];
    let is_list = |value: &Value| matches!(value.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_)) && !value.is_null();
    let mut length: Option<(usize, usize)> = None;
    let mut open = None;
    for (at, value) in given.iter().enumerate() {
        let certain = value.is_known() && (value.is_wholly_known() || !matches!(value, Value::Set(_)));
        if (is_list(value) && !certain) || (value.ty() == Type::Dynamic && !value.is_known()) {
            open = open.or(Some(value));
            continue;
        }
        let Some(own) = value.length().filter(|_| is_list(value)) else { continue };
        match length {
            None => length = Some((at, own)),
            Some((_, length)) if length == own => {}
            Some((first, length)) => {
                return refuse(at + 1, format!("argument {} has length {own}, which is inconsistent with argument {} of length {length}", at + 1, first + 1));
            }
        }
    }
    if let Some(open) = open {
        return unknown_text_list(args.values).map(|value| because(value, open.cause()));
    }
    let count = length.map_or(1, |(_, length)| length);
    let columns: Vec<Vec<&Value>> = given.iter().map(|value| if is_list(value) { value.elements().collect() } else { vec![value; count] }).collect();
    let mut items = Vec::with_capacity(count);
    for row in 0..count {
        let values: Vec<Value> = columns.iter().filter_map(|column| column.get(row).map(|value| (*value).clone())).collect();
        let rendered = render(&pieces, &values).or_else(|error| match given.is_empty() {
            true => Err(error),
            false => fail(format!("error on format iteration {row}: {}", error.message)),
        })?;
        items.push(match rendered {
            Rendered::Known(text) => text.into(),
            Rendered::Open { start, waits } => open_text(&start, waits),
        });
    }
    Ok(Value::list(Type::String, items))
}

#[cfg(test)]
mod tests {
    use weir_value::{Type, Value};

    use crate::function::lookup;
    use crate::function::testing::{Nowhere, check, check_values};

    #[track_caller]
    fn shows(json: &str, expected: &str) {
        check("format", json, &format!("{expected:?}"));
    }

    #[test]
    fn values() {
        shows(r#"["%v %v %v %v %v", "a", [1], null, true, {"a": [null]}]"#, r#"a [1] null true {"a":[null]}"#);
        shows(r#"["%#v %#v", "a\"<", null]"#, r#""a\"\u003c" null"#);
        shows(r#"["%v %v %v %v", 1.5, 1000000, 100000, 0.00001]"#, "1.5 1e+06 100000 1e-05");
        shows(r#"["%5v|%-5v|%05v|%+v|%5.1v|%08v", "a", "a", "ab", 5, 1.25, -1.5]"#, "    a|a    |000ab|5| 1.25|0000-1.5");
        shows(r#"["%5s|%.2s|%5.1s|%05s|%10v|%3s|%.s", "ab", "abc", "abc", "ab", "日本", "é", "abc"]"#, "   ab|ab|    a|000ab|        日本|  é|abc");
        shows(r#"["%s %s %q %q %5q|%05q", 1.10, true, "a\"é", 1, "a", "a"]"#, r#"1.1 true "a\"é" "1"   "a"|00"a""#);
        shows(r#"["%t %5t|", "false", true]"#, "false true|");
        shows(r#"["%%"]"#, "%");
    }

    #[test]
    fn integers() {
        shows(r#"["%5d|%-5d|%05d|%+d|% d|%d", 1, 2, 3, 4, 5, "6"]"#, "    1|2    |00003|+4| 5|6");
        shows(r#"["%x %X %o %b %x", 255, 255, 8, 5, -255]"#, "ff FF 10 101 -ff");
        shows(r#"["%#x %#X %#o %#b %#08x %#010b %08x", 255, 255, 8, 5, 255, 5, -255]"#, "0xff 0XFF 010 0b101 0x0000ff 0b00000101 -00000ff");
        shows(r#"["%-05d|%+05d|% 05d|%- 5d|%05d|%.3d|%5.3d", 3, 3, 3, 1, -3, 5, 5]"#, "3    |+0003| 0003| 1   |-0003|005|  005");
        shows(r#"["%d", 123456789012345678901234567890]"#, "123456789012345678901234567890");
    }

    #[test]
    fn floats() {
        shows(r#"["%f %.2f %8.3f|%e|%E|%g|%G", 1.5, 2.345, 3.14159, 12345.678, 0.00012, 1e21, 1e-7]"#, "1.500000 2.34    3.142|1.234568e+04|1.200000E-04|1e+21|1E-07");
        shows(r#"["%6.2f|%-8.2f|%08.2f|%+.1f|%010.2e|% f", 1.234, 1.2, -1.2, 3, -1.5, 1.5]"#, "  1.23|1.20    |-0001.20|+3.0|-01.50e+00| 1.500000");
        shows(r#"["%.f %.0f %.0f %.3g %.10g", 1.5, 2.5, 3.5, 1234.5, 1234567.5]"#, "2 2 4 1.23e+03 1234567.5");
    }

    #[test]
    fn indexes() {
        shows(r#"["%[2]s %[1]s", "a", "b"]"#, "b a");
        shows(r#"["%[2]s %s", "a", "b", "c"]"#, "b c");
        shows(r#"["%[1]d %[1]x", 255]"#, "255 ff");
    }

    #[test]
    fn errors() {
        let fails = |json: &str, expected: &str| check("format", json, &format!("! {expected}"));
        fails(r#"["%d", 1.5]"#, "unsupported value for \"%d\" at 0: an integer is required");
        fails(r#"["é%d", "x"]"#, "unsupported value for \"%d\" at 2: a number is required");
        fails(r#"["%[3]s", "a", "b"]"#, "not enough arguments for \"%[3]s\" at 0: need index 3 but have 2 total");
        fails(r#"["%s %s", "a"]"#, "not enough arguments for \"%s\" at 3: need index 2 but have 1 total");
        fails(r#"["%z", "a"]"#, "unsupported format verb 'z' in \"%z\" at offset 0");
        fails(r#"["%é", "a"]"#, "unrecognized format character 'é' at offset 1");
        fails(r#"["%5%|", 1]"#, "unrecognized format character '%' at offset 2");
        fails(r#"["%[x]s", "a"]"#, "unrecognized format character 'x' at offset 2");
        fails(r#"["%[0]s", "a"]"#, "unrecognized format character '0' at offset 2");
        fails(r#"["%10#v", "a"]"#, "unrecognized format character '#' at offset 3");
        for (json, at) in [("%", 1), ("%5", 2), ("%[", 2), ("%[1", 3), ("%[1]", 4), ("%.", 2), ("%d %", 4)] {
            fails(&format!("[{json:?}, 1]"), &format!("invalid format string starting at offset {at}"));
        }
        check("format", r#"["a", "b"]"#, "!1 too many arguments; no verbs in format string");
        check("format", r#"["%s", "a", "b"]"#, "!2 too many arguments; only 1 used by format string");
        check_values(&Nowhere, "format", &["%s".into(), Value::Null(Type::String)], "! unsupported value for \"%s\" at 0: null value cannot be formatted");
    }

    #[test]
    fn known_beginnings() {
        let start = |format: &str, args: &[Value]| {
            let args: Vec<Value> = [Value::from(format)].into_iter().chain(args.iter().cloned()).collect();
            match lookup("format").unwrap().call(&Nowhere, &args).unwrap() {
                Value::Unknown(unknown) => unknown.refinement.prefix.to_string(),
                other => format!("{other:?}"),
            }
        };
        let unknown = Value::unknown_not_null(Type::String);
        assert_eq!(start("arn:aws:%s:%s", &["s3".into(), unknown.clone()]), "arn:aws:s3:");
        assert_eq!(start("name%s", &[unknown]), "");
    }

    #[test]
    fn lists() {
        check("formatlist", r#"["%s-%s", ["a", "b"], "x"]"#, r#"["a-x", "b-x"]"#);
        check("formatlist", r#"["%s", []]"#, "[]");
        check("formatlist", r#"["a"]"#, r#"["a"]"#);
        check("formatlist", r#"["%v", [[1], [2]]]"#, r#"["[1]", "[2]"]"#);
        check("formatlist", r#"["%s-%s", ["a", "b"], ["x"]]"#, "!2 argument 2 has length 1, which is inconsistent with argument 1 of length 2");
        check("formatlist", r#"["%d", ["x"]]"#, "! error on format iteration 0: unsupported value for \"%d\" at 0: a number is required");
        let items = Value::tuple(["a".into(), Value::unknown(Type::String)]);
        check_values(&Nowhere, "formatlist", &["%s".into(), items], r#"["a", unknown:string]"#);
    }
}
