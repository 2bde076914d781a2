//! YAML as the incumbents write it: text always in double quotes, or as a literal block where it has several lines.

use std::fmt::Write;

use weir_value::Value;

/// A document. The value is known and unmarked.
pub(super) fn encode(value: &Value) -> String {
    let mut writer = Writer { out: String::new(), column: 0 };
    match value {
        Value::Null(_) | Value::Bool(_) | Value::Number(_) => {
            // What stands open at the end of a document is closed by dots.
            writer.plain(value);
            writer.out.push_str("\n...");
        }
        _ => writer.node(value, Place::ROOT),
    }
    // A block may have written its line end already.
    if !writer.out.ends_with('\n') {
        writer.out.push('\n');
    }
    writer.out
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Place {
    /// Columns before its lines.
    indent: usize,
    /// Whether its first line goes on where the writer is (after `- ` or `? `).
    inline: bool,
    /// Whether it is the value of a key, where sequences are not indented.
    value: bool,
}

impl Place {
    const ROOT: Self = Self { indent: 0, inline: true, value: false };
}

struct Writer {
    out: String,
    column: usize,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn line(&mut self, indent: usize) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out.push_str(&" ".repeat(indent));
        self.column = indent;
    }

    fn plain(&mut self, value: &Value) {
        let text = match value {
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => number.to_string(),
            _ => "null".to_owned(),
        };
        self.push(&text);
    }

    /// A node; scalars and empty containers follow on the line after a space, where they are values of keys.
    fn node(&mut self, value: &Value, place: Place) {
        match value {
            Value::List(..) | Value::Set(_) | Value::Tuple(_) if value.length() != Some(0) => {
                let indent = if place.value { place.indent.saturating_sub(2) } else { place.indent };
                for (at, item) in value.elements().enumerate() {
                    if at > 0 || !place.inline {
                        self.line(indent);
                    }
                    self.push("- ");
                    self.node(item, Place { indent: indent + 2, inline: true, value: false });
                }
            }
            Value::Map(_, entries) | Value::Object(entries) if !entries.is_empty() => {
                for (at, (key, item)) in entries.iter().enumerate() {
                    if at > 0 || !place.inline {
                        self.line(place.indent);
                    }
                    self.entry(key, item, place.indent);
                }
            }
            _ => {
                if place.value {
                    self.push(" ");
                }
                match value {
                    Value::String(text) => self.text(text, place.indent, true),
                    Value::List(..) | Value::Set(_) | Value::Tuple(_) => self.push("[]"),
                    Value::Map(..) | Value::Object(_) => self.push("{}"),
                    scalar => self.plain(scalar),
                }
            }
        }
    }

    fn entry(&mut self, key: &str, item: &Value, indent: usize) {
        /// Longer keys, and those of several lines, stand on their own.
        const LONGEST: usize = 128;
        if key.len() <= LONGEST && !key.contains('\n') {
            self.text(key, indent + 2, false);
            self.push(":");
            self.node(item, Place { indent: indent + 2, inline: false, value: true });
            return;
        }
        self.push("? ");
        self.text(key, indent + 2, true);
        self.line(indent);
        self.push(": ");
        self.node(item, Place { indent: indent + 2, inline: true, value: false });
    }

    /// Text; `indent` is that of its further lines. Only a simple key may not be broken.
    fn text(&mut self, text: &str, indent: usize, breaks: bool) {
        if breaks && text.contains('\n') && literal_holds(text) {
            self.literal(text, indent.max(2));
        } else {
            self.quoted(text, indent.max(2), breaks);
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.push("|");
        if text.starts_with([' ', '\n']) {
            self.push("2");
        }
        let body = text.trim_end_matches('\n');
        self.push(match text.len() - body.len() {
            0 => "-",
            1 if !body.is_empty() => "",
            _ => "+",
        });
        for line in text.split_inclusive('\n') {
            let line = line.strip_suffix('\n').unwrap_or(line);
            self.out.push('\n');
            if !line.is_empty() {
                self.out.push_str(&" ".repeat(indent));
                self.out.push_str(line);
            }
        }
        if text.ends_with('\n') {
            self.out.push('\n');
        }
        self.column = 0;
    }

    fn quoted(&mut self, text: &str, indent: usize, breaks: bool) {
        /// From this column on, a space becomes a line break.
        const WIDTH: usize = 80;
        self.push("\"");
        let mut spaces = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == ' ' {
                if breaks && !spaces && self.column > WIDTH && at > 0 && next.is_some() {
                    self.line(indent);
                    if next == Some(' ') {
                        self.push("\\");
                    }
                } else {
                    self.push(" ");
                }
                spaces = true;
                continue;
            }
            spaces = false;
            match escape(c) {
                Some(escape) => self.push(&escape),
                None => {
                    self.out.push(c);
                    self.column += 1;
                }
            }
        }
        self.push("\"");
    }
}

/// Whether YAML 1.1 shows the character as it is.
fn printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Whether a literal block gives back the text: nothing to be escaped, no spaces at the end of a line or of all.
fn literal_holds(text: &str) -> bool {
    text.chars().all(printable) && !text.contains(" \n") && !text.ends_with(' ')
}

fn escape(c: char) -> Option<String> {
    let letter = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        c if printable(c) => return None,
        c => {
            let mut out = String::new();
            let code = c as u32;
            // Writing into a string cannot fail.
            let _ = match code {
                0..=0xff => write!(out, "\\x{code:02X}"),
                0x100..=0xffff => write!(out, "\\u{code:04X}"),
                _ => write!(out, "\\U{code:08X}"),
            };
            return Some(out);
        }
    };
    Some(format!("\\{letter}"))
}

#[cfg(test)]
mod tests {
    use weir_value::decode_json_untyped;

    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        assert_eq!(encode(&decode_json_untyped(json).unwrap()), expected);
    }

    #[test]
    fn containers() {
        check(
            r#"{"a":1,"b":[1,"x",null],"c":{"d":true},"e":[],"f":{},"g":"l1\nl2\n","h":""}"#,
            "\"a\": 1\n\"b\":\n- 1\n- \"x\"\n- null\n\"c\":\n  \"d\": true\n\"e\": []\n\"f\": {}\n\"g\": |\n  l1\n  l2\n\"h\": \"\"\n",
        );
        check(r#"[[1,[2]],{"a":[{"b":1,"c":2}]}]"#, "- - 1\n  - - 2\n- \"a\":\n  - \"b\": 1\n    \"c\": 2\n");
        check("[[],[[]]]", "- []\n- - []\n");
        check(r#"{"a":{"b":{"c":[1,{"d":2}]}}}"#, "\"a\":\n  \"b\":\n    \"c\":\n    - 1\n    - \"d\": 2\n");
        check("{}", "{}\n");
    }

    #[test]
    fn scalars() {
        check("1", "1\n...\n");
        check("null", "null\n...\n");
        check("\"x\"", "\"x\"\n");
        check(r#""tab\tx\u0007\u007f\u0085😀\ufeff\u001b\u0000\u0001/\u2028\"""#, "\"tab\\tx\\a\\x7F\\N\\U0001F600\\uFEFF\\e\\0\\x01/\\L\\\"\"\n");
    }

    #[test]
    fn blocks() {
        check(r#""l1\nl2""#, "|-\n  l1\n  l2\n");
        check(r#""l1\nl2\n\n""#, "|+\n  l1\n  l2\n\n");
        check(r#""\nl1""#, "|2-\n\n  l1\n");
        check(r#""\n""#, "|2+\n\n");
        check(r#""\n\n""#, "|2+\n\n\n");
        check(r#"{"a":"\n"}"#, "\"a\": |2+\n\n");
        check(r#"{"a":"  l1\nl2"}"#, "\"a\": |2-\n    l1\n  l2\n");
        check(r#"{"a":{"b":"x\ny"}}"#, "\"a\":\n  \"b\": |-\n    x\n    y\n");
        check(r#"{"a":[{"b":"x\ny"}]}"#, "\"a\":\n- \"b\": |-\n    x\n    y\n");
        check(r#"{"a":["x\ny",["z\nw\n"]]}"#, "\"a\":\n- |-\n  x\n  y\n- - |\n    z\n    w\n");
        check(r#"[["x\ny"]]"#, "- - |-\n    x\n    y\n");
        check(r#""trail \nx""#, "\"trail \\nx\"\n");
        check(r#""a\tb\nc""#, "\"a\\tb\\nc\"\n");
        check(r#""a\n ""#, "\"a\\n \"\n");
        check(r#""a\n  b""#, "|-\n  a\n    b\n");
        check(r#"{"a\nb":1}"#, "? |-\n  a\n  b\n: 1\n");
    }

    #[test]
    fn folding() {
        let (a, b, c, d) = ("a".repeat(29), "b".repeat(41), "c".repeat(41), "d".repeat(25));
        let text = format!("{a} {b} {c} {d}");
        check(&format!("{text:?}"), &format!("\"{a} {b} {c}\n  {d}\"\n"));
        check(&format!("{{\"a\":{{\"b\":{text:?}}}}}"), &format!("\"a\":\n  \"b\": \"{a} {b} {c}\n    {d}\"\n"));
        check(&format!("{{\"a\":[{text:?}]}}"), &format!("\"a\":\n- \"{a} {b} {c}\n  {d}\"\n"));
        check(&format!("\"{a} {b} {c}  {d}\""), &format!("\"{a} {b} {c}\n  \\ {d}\"\n"));
        check(&format!("{{{text:?}:1}}"), &format!("? \"{a} {b} {c}\n  {d}\"\n: 1\n"));
        let key = "k".repeat(130);
        check(&format!("{{{key:?}:[1]}}"), &format!("? {key:?}\n: - 1\n"));
    }
}
