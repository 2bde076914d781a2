//! JSON with places.

use weir_diag::{Diagnostics, SourceId, Span};

use crate::syntax::Ident;

/// How deep arrays and objects may nest.
const DEPTH_LIMIT: usize = 250;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// As written, to keep every digit.
    Number(String),
    String(Text),
    Array(Vec<Json>),
    Object(Vec<Property>),
}

/// `"name": value`
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: Text,
    pub(super) value: Json,
}

/// A string, its escapes resolved.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    /// With its quotes.
    pub(super) span: Span,
    /// For each byte of the text, and its end, the place in the file; not given when the text stands there as it is.
    places: Option<Vec<u32>>,
}

impl Text {
    pub(super) fn ident(&self) -> Ident {
        Ident { name: self.text.as_str().into(), span: self.span }
    }

    /// The place in the file of an offset in the text.
    pub(super) fn place(&self, offset: u32) -> u32 {
        match &self.places {
            Some(places) => places.get(offset as usize).or(places.last()).copied().unwrap_or(self.span.end),
            None => (self.span.start + 1 + offset).min(self.span.end),
        }
    }
}

impl Json {
    /// What it is, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Array(_) => "an array",
            Kind::Object(_) => "an object",
        }
    }
}

/// Reads a text that is one JSON value. Nothing when it is none; every error is reported.
pub(super) fn parse(text: &str, source: SourceId) -> (Option<Json>, Diagnostics) {
    let mut parser = Parser { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 }, source, depth: 0, ended: false, diags: Diagnostics::new() };
    let value = parser.value().filter(|_| !parser.diags.has_errors());
    if value.is_some() {
        parser.skip();
        if parser.at < text.len() {
            let _: Option<()> = parser.fail(parser.at, 1, "Extraneous data after value", "The JSON value of this file is complete here. Remove what follows it.");
        }
    }
    (value, parser.diags)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    source: SourceId,
    depth: usize,
    /// That the text ends too early was reported.
    ended: bool,
    diags: Diagnostics,
}

impl Parser<'_> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn skip(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.source, start, self.at)
    }

    fn fail<T>(&mut self, start: usize, length: usize, summary: &str, detail: impl Into<String>) -> Option<T> {
        let mut end = (start + length).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        self.diags.error(Span::new(self.source, start, end), summary, detail);
        None
    }

    fn value(&mut self) -> Option<Json> {
        self.skip();
        let start = self.at;
        let kind = match self.peek() {
            b'"' => Kind::String(self.string()?),
            b'[' => self.nested(Self::array)?,
            b'{' => self.nested(Self::object)?,
            b'-' | b'0'..=b'9' => Kind::Number(self.number()?),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.keyword()?,
            _ if start >= self.text.len() => {
                self.ended = true;
                return self.fail(start, 0, "Missing JSON value", "The file ends where a value is expected.");
            }
            b'\'' => return self.fail(start, 1, "Invalid JSON value", "Strings stand in double quotes in JSON."),
            b'/' | b'#' => return self.fail(start, 1, "Invalid JSON value", "JSON has no comments. Use a property \"//\" instead."),
            _ => return self.fail(start, 1, "Invalid JSON value", "A value is expected here: a string in quotes, a number, true, false, null, [ … ] or { … }."),
        };
        Some(Json { kind, span: self.span(start) })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Kind>) -> Option<Kind> {
        if self.depth >= DEPTH_LIMIT {
            return self.fail(self.at, 1, "Nested too deeply", format!("Arrays and objects may nest {DEPTH_LIMIT} levels deep."));
        }
        self.depth += 1;
        self.at += 1;
        let kind = read(self);
        self.depth -= 1;
        kind
    }

    /// After an error: goes on at the next comma or closing bracket of the array or object.
    fn recover(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            match self.peek() {
                b',' if depth == 0 => return,
                b']' | b'}' if depth == 0 => return,
                b']' | b'}' => depth -= 1,
                b'[' | b'{' => depth += 1,
                // One that has no end on its line is the end of another.
                b'"' => self.at = self.closing_quote().unwrap_or(self.at),
                _ => {}
            }
            self.at += 1;
        }
        self.at = self.text.len();
    }

    /// The end of the string that begins here, if it is on the same line.
    fn closing_quote(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => return Some(at),
                b'\n' | b'\r' => return None,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        None
    }

    /// Takes a comma and answers true, or the closing bracket and answers false. Nothing when the text ends.
    fn more(&mut self, opened: usize, close: u8, what: &str) -> Option<bool> {
        self.skip();
        let start = self.at;
        match self.peek() {
            b',' => {
                self.at += 1;
                self.skip();
                if self.peek() == close {
                    let detail = format!("JSON allows no comma behind the last {what}: remove it.");
                    let _: Option<()> = self.fail(start, 1, &format!("Trailing comma in {}", if close == b']' { "array" } else { "object" }), detail);
                    self.at += 1;
                    return Some(false);
                }
                Some(true)
            }
            found if found == close => {
                self.at += 1;
                Some(false)
            }
            _ if start >= self.text.len() => {
                if std::mem::replace(&mut self.ended, true) {
                    return None;
                }
                self.fail(opened, 1, "Unclosed bracket", format!("The file ends before this is closed with \"{}\".", char::from(close)))
            }
            found => {
                let detail = format!("A comma must stand between one {what} and the next.");
                let _: Option<()> = self.fail(start, 1, &format!("Missing comma or \"{}\"", char::from(close)), detail);
                match found {
                    // The bracket of something around this one.
                    b']' | b'}' => Some(false),
                    b'"' => Some(true),
                    b'[' | b'{' | b'-' | b'0'..=b'9' | b'a'..=b'z' if close == b']' => Some(true),
                    _ => {
                        self.recover();
                        self.more(opened, close, what)
                    }
                }
            }
        }
    }

    fn array(&mut self) -> Option<Kind> {
        let opened = self.at - 1;
        let mut items = Vec::new();
        self.skip();
        if self.peek() == b']' {
            self.at += 1;
            return Some(Kind::Array(items));
        }
        loop {
            match self.value() {
                Some(item) => items.push(item),
                None => self.recover(),
            }
            if !self.more(opened, b']', "item")? {
                return Some(Kind::Array(items));
            }
        }
    }

    fn object(&mut self) -> Option<Kind> {
        let opened = self.at - 1;
        let mut properties = Vec::new();
        self.skip();
        if self.peek() == b'}' {
            self.at += 1;
            return Some(Kind::Object(properties));
        }
        loop {
            match self.property() {
                Some(property) => properties.push(property),
                None => self.recover(),
            }
            if !self.more(opened, b'}', "property")? {
                return Some(Kind::Object(properties));
            }
        }
    }

    fn property(&mut self) -> Option<Property> {
        self.skip();
        if self.peek() != b'"' {
            if self.at >= self.text.len() {
                return None;
            }
            return self.fail(self.at, 1, "Invalid property name", "The name of a property stands in double quotes.");
        }
        let name = self.string()?;
        self.skip();
        if self.peek() != b':' {
            return self.fail(self.at, 1, "Missing property value colon", format!("A colon and a value must follow the name \"{}\".", name.text));
        }
        self.at += 1;
        let value = self.value()?;
        Some(Property { name, value })
    }

    fn keyword(&mut self) -> Option<Kind> {
        let start = self.at;
        while self.peek().is_ascii_alphanumeric() || self.peek() == b'_' {
            self.at += 1;
        }
        match &self.text[start..self.at] {
            "true" => Some(Kind::Bool(true)),
            "false" => Some(Kind::Bool(false)),
            "null" => Some(Kind::Null),
            word => {
                let detail = format!("\"{word}\" is not a JSON keyword{}", weir_diag::did_you_mean(word, ["true", "false", "null"]));
                let detail = if detail.ends_with('?') { detail } else { format!("{detail}. Put text in quotes.") };
                self.fail(start, word.len(), "Invalid JSON keyword", detail)
            }
        }
    }

    fn number(&mut self) -> Option<String> {
        let start = self.at;
        while matches!(self.peek(), b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        if is_number(text) { Some(text.to_owned()) } else { self.fail(start, text.len(), "Invalid JSON number", format!("{text} is not a number of JSON.")) }
    }

    fn string(&mut self) -> Option<Text> {
        let start = self.at;
        self.at += 1;
        let from = self.at;
        while self.at < self.text.len() && !matches!(self.peek(), b'"' | b'\\' | 0..=0x1f) {
            self.at += 1;
        }
        let mut text = self.text[from..self.at].to_owned();
        let mut places: Option<Vec<u32>> = None;
        loop {
            match self.peek() {
                b'"' => {
                    if let Some(places) = &mut places {
                        places.push(self.at as u32);
                    }
                    self.at += 1;
                    return Some(Text { text, span: self.span(start), places });
                }
                b'\\' => {
                    let places = places.get_or_insert_with(|| (from as u32..self.at as u32).collect());
                    let at = self.at;
                    let found = self.escape()?;
                    text.push(found);
                    places.extend(std::iter::repeat_n(at as u32, found.len_utf8()));
                }
                0..=0x1f => {
                    let detail = "A string ends with a double quote before the end of the line. Write a line break in it as \\n.";
                    return self.fail(start, 1, "Unterminated string", detail);
                }
                _ => {
                    let length = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
                    text.push_str(&self.text[self.at..self.at + length]);
                    if let Some(places) = &mut places {
                        places.extend(self.at as u32..(self.at + length) as u32);
                    }
                    self.at += length;
                }
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let start = self.at;
        self.at += 2;
        let found = match self.text.as_bytes().get(start + 1) {
            Some(found @ (b'"' | b'\\' | b'/')) => char::from(*found),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.unit(start)?;
                // Characters beyond 16 bits are two escapes; half of one stands for nothing.
                let pair = (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u");
                let code = if pair {
                    let before = self.at;
                    self.at += 2;
                    let second = self.unit(before)?;
                    if (0xdc00..0xe000).contains(&second) {
                        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    } else {
                        self.at = before;
                        first
                    }
                } else {
                    first
                };
                char::from_u32(code).unwrap_or('\u{fffd}')
            }
            _ => return self.fail(start, 2, "Invalid escape sequence", "JSON knows \\\", \\\\, \\/, \\b, \\f, \\n, \\r, \\t and \\u with four hexadecimal digits."),
        };
        Some(found)
    }

    /// Four hexadecimal digits.
    fn unit(&mut self, start: usize) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Some(unit)
            }
            None => self.fail(start, 2, "Invalid escape sequence", "Four hexadecimal digits follow \\u."),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    rest = &rest[whole..];
    if let Some(after) = rest.strip_prefix('.') {
        let count = digits(after);
        if count == 0 {
            return false;
        }
        rest = &after[count..];
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let after = after.strip_prefix(['+', '-']).unwrap_or(after);
        return !after.is_empty() && digits(after) == after.len();
    }
    rest.is_empty()
}
