//! Raw JSON: kept compact in memory, indented on disk.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use weir_value::{JsonError, Type, Value, decode_json, encode_json, encode_json_typed};

/// A valid JSON text without space between its tokens; numbers and the order of keys are as they were read.
///
/// It may hold secrets: `Debug` shows only its length.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawJson(Arc<str>);

impl RawJson {
    /// Checks `text` and takes the space out of it.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<&RawValue>(text).map(Self::compacted)
    }

    /// `value` as [`encode_json_typed`] writes it for `ty`.
    pub fn encode(value: &Value, ty: &Type) -> Result<Self, JsonError> {
        Ok(Self(encode_json_typed(value, ty)?.into()))
    }

    /// `value` as [`encode_json`] writes it, without its type.
    pub fn encode_untyped(value: &Value) -> Result<Self, JsonError> {
        Ok(Self(encode_json(value)?.into()))
    }

    /// Reads what [`RawJson::encode`] wrote for `ty`.
    pub fn decode(&self, ty: &Type) -> Result<Value, JsonError> {
        decode_json(&self.0, ty)
    }

    /// `null`
    pub fn null() -> Self {
        Self("null".into())
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        &*self.0 == "null"
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn compacted(raw: &RawValue) -> Self {
        Self(compact(raw.get()))
    }

    /// What serde writes for a type of ours.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self(serde_json::to_string(value)?.into()))
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer).map_err(D::Error::custom)?;
        Ok(Self::compacted(&raw))
    }
}

/// The end of the string literal that starts at `at`, in valid JSON.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn compact(text: &str) -> Arc<str> {
    let bytes = text.as_bytes();
    let mut out: Option<String> = None;
    let (mut at, mut start) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b' ' | b'\n' | b'\r' | b'\t' => {
                out.get_or_insert_with(|| String::with_capacity(text.len() / 2)).push_str(&text[start..at]);
                while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
                    at += 1;
                }
                start = at;
            }
            _ => at += 1,
        }
    }
    match out {
        None => text.into(),
        Some(mut out) => {
            out.push_str(&text[start..]);
            out.into()
        }
    }
}

/// Writes JSON token by token, compact or indented by two spaces.
pub(crate) struct JsonOut<W> {
    out: W,
    pretty: bool,
    depth: usize,
    first: bool,
}

impl<W: Write> JsonOut<W> {
    pub(crate) fn new(out: W, pretty: bool) -> Self {
        Self { out, pretty, depth: 0, first: true }
    }

    pub(crate) fn into_inner(self) -> W {
        self.out
    }

    fn line(&mut self) -> io::Result<()> {
        const SPACES: &[u8; 65] = b"\n                                                                ";
        if !self.pretty {
            return Ok(());
        }
        let wanted = self.depth * 2;
        self.out.write_all(&SPACES[..=wanted.min(64)])?;
        for _ in 32..self.depth {
            self.out.write_all(b"  ")?;
        }
        Ok(())
    }

    pub(crate) fn open(&mut self, bracket: &str) -> io::Result<()> {
        self.depth += 1;
        self.first = true;
        self.out.write_all(bracket.as_bytes())
    }

    pub(crate) fn close(&mut self, bracket: &str) -> io::Result<()> {
        self.depth -= 1;
        if !self.first {
            self.line()?;
        }
        self.first = false;
        self.out.write_all(bracket.as_bytes())
    }

    /// Before each element of an array.
    pub(crate) fn item(&mut self) -> io::Result<()> {
        if !self.first {
            self.out.write_all(b",")?;
        }
        self.first = false;
        self.line()
    }

    /// Before the value of each member of an object.
    pub(crate) fn key(&mut self, name: &str) -> io::Result<()> {
        self.item()?;
        self.text(name)?;
        self.out.write_all(if self.pretty { b": " } else { b":" })
    }

    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        let plain = |byte: u8| (0x20..0x80).contains(&byte) && !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&');
        if text.bytes().all(plain) {
            self.out.write_all(b"\"")?;
            self.out.write_all(text.as_bytes())?;
            return self.out.write_all(b"\"");
        }
        self.out.write_all(weir_value::json_string(text).as_bytes())
    }

    pub(crate) fn number(&mut self, number: u64) -> io::Result<()> {
        write!(self.out, "{number}")
    }

    pub(crate) fn truth(&mut self, truth: bool) -> io::Result<()> {
        self.out.write_all(if truth { b"true" } else { b"false" })
    }

    pub(crate) fn newline(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    pub(crate) fn raw(&mut self, json: &RawJson) -> io::Result<()> {
        self.compact_text(json.as_str())
    }

    /// JSON that has no space between tokens.
    pub(crate) fn compact_text(&mut self, text: &str) -> io::Result<()> {
        let bytes = text.as_bytes();
        if !self.pretty {
            return self.out.write_all(bytes);
        }
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let end = match byte {
                b'"' => string_end(bytes, at),
                b'{' | b'[' if matches!(bytes.get(at + 1), Some(b'}' | b']')) => at + 2,
                b'{' | b'[' | b'}' | b']' | b',' | b':' => at + 1,
                _ => bytes[at..].iter().position(|byte| matches!(byte, b',' | b'}' | b']')).map_or(bytes.len(), |length| at + length),
            };
            let token = &bytes[at..end];
            if matches!(token, b"}" | b"]") {
                self.depth -= 1;
                self.line()?;
            }
            self.out.write_all(token)?;
            match token {
                b"{" | b"[" => {
                    self.depth += 1;
                    self.line()?;
                }
                b"," => self.line()?,
                b":" => self.out.write_all(b" ")?,
                _ => {}
            }
            at = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pretty(text: &str) -> String {
        let mut out = JsonOut::new(Vec::new(), true);
        out.raw(&RawJson::parse(text).unwrap()).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn compacts_and_indents() {
        let text = " { \"a b\" : [ 1.50 , \"x, \\\" }\" , { } , [ ] , [ [ null ] ] ] ,\n\t\"c\":-1e5 } ";
        let raw = RawJson::parse(text).unwrap();
        assert_eq!(raw.as_str(), r#"{"a b":[1.50,"x, \" }",{},[],[[null]]],"c":-1e5}"#);
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(pretty(text).replace("1.50", "1.5").replace("-1e5", "-100000.0"), serde_json::to_string_pretty(&value).unwrap());
        let deep = "[".repeat(90) + "1" + &"]".repeat(90);
        assert_eq!(pretty(&deep).lines().map(str::len).max(), Some(181));
        assert!(RawJson::parse("{\"a\":}").is_err() && RawJson::parse("1 2").is_err());
        assert_eq!(format!("{raw:?}"), "RawJson(48 bytes)");
        assert_eq!(serde_json::to_string(&raw).unwrap(), raw.as_str());
    }

    #[test]
    fn containers() {
        let mut out = JsonOut::new(Vec::new(), true);
        out.open("{").unwrap();
        out.key("a<").unwrap();
        out.open("[").unwrap();
        out.close("]").unwrap();
        out.key("b").unwrap();
        out.number(1).unwrap();
        out.close("}").unwrap();
        assert_eq!(String::from_utf8(out.into_inner()).unwrap(), "{\n  \"a\\u003c\": [],\n  \"b\": 1\n}");
    }
}
