//! JSON, exact: numbers keep every digit, and the text is the same byte for byte as the incumbents write.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::{Number, ObjectType, Type, Value};

/// Why a text is not a value, or a value has no text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// The text is not JSON.
    #[error("invalid JSON at byte {at}: {message}")]
    Syntax {
        /// Offset of the first wrong byte.
        at: usize,
        /// What was expected.
        message: String,
    },
    /// The JSON does not fit the type.
    #[error("JSON at byte {at} does not fit: {message}")]
    Type {
        /// Offset of the value that does not fit.
        at: usize,
        /// What was expected.
        message: String,
    },
    /// The value is not known yet.
    #[error("a value that is not known yet has no JSON form")]
    Unknown,
    /// The value is sensitive or ephemeral; the caller must [`Value::expose`] it first.
    #[error("a sensitive or ephemeral value has no JSON form")]
    Marked,
}

/// A JSON string literal, with `<`, `>`, `&` and the line separators escaped as well.
pub fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        let escape: Option<&str> = match c {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '\n' => Some("\\n"),
            '\r' => Some("\\r"),
            '\t' => Some("\\t"),
            '\u{8}' => Some("\\b"),
            '\u{c}' => Some("\\f"),
            '<' => Some("\\u003c"),
            '>' => Some("\\u003e"),
            '&' => Some("\\u0026"),
            '\u{2028}' => Some("\\u2028"),
            '\u{2029}' => Some("\\u2029"),
            c if (c as u32) < 0x20 => None,
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        match escape {
            Some(escape) => out.push_str(escape),
            None => out.push_str(&format!("\\u{:04x}", c as u32)),
        }
        plain = at + c.len_utf8();
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// The value as compact JSON with sorted keys.
pub fn encode_json(value: &Value) -> Result<String, JsonError> {
    let mut out = String::new();
    push(&mut out, value, &Type::Dynamic, false)?;
    Ok(out)
}

/// The value as JSON that [`decode_json`] with the same type reads back: where the type says `any`, the value's own type stands beside it.
pub fn encode_json_typed(value: &Value, ty: &Type) -> Result<String, JsonError> {
    let mut out = String::new();
    push(&mut out, value, ty, true)?;
    Ok(out)
}

fn push(out: &mut String, value: &Value, ty: &Type, typed: bool) -> Result<(), JsonError> {
    if typed && *ty == Type::Dynamic && !matches!(value, Value::Null(Type::Dynamic)) {
        let own = value.ty();
        out.push_str("{\"value\":");
        push(out, value, &own, true)?;
        out.push_str(",\"type\":");
        push_type(out, &own);
        out.push('}');
        return Ok(());
    }
    let element = ty.element().unwrap_or(&Type::Dynamic);
    match value {
        Value::Null(_) => out.push_str("null"),
        Value::Unknown(_) => return Err(JsonError::Unknown),
        Value::Marked(_) => return Err(JsonError::Marked),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => push_string(out, text),
        Value::List(_, items) => push_items(out, items.iter().map(|item| (item, element)), typed)?,
        Value::Set(set) => push_items(out, set.items.iter().map(|item| (item, element)), typed)?,
        Value::Tuple(items) => {
            let types: &[Type] = if let Type::Tuple(types) = ty { types } else { &[] };
            let each = items.iter().enumerate().map(|(at, item)| (item, types.get(at).unwrap_or(&Type::Dynamic)));
            push_items(out, each, typed)?;
        }
        Value::Map(_, entries) => push_entries(out, entries.iter().map(|(key, item)| (&**key, item, element)), typed)?,
        Value::Object(entries) => {
            let object = if let Type::Object(object) = ty { Some(object) } else { None };
            let each = entries.iter().map(|(name, item)| {
                let ty = object.and_then(|object| object.attributes.get(name)).unwrap_or(element);
                (&**name, item, ty)
            });
            push_entries(out, each, typed)?;
        }
    }
    Ok(())
}

fn push_items<'a>(out: &mut String, items: impl Iterator<Item = (&'a Value, &'a Type)>, typed: bool) -> Result<(), JsonError> {
    out.push('[');
    for (at, (item, ty)) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        push(out, item, ty, typed)?;
    }
    out.push(']');
    Ok(())
}

fn push_entries<'a>(out: &mut String, entries: impl Iterator<Item = (&'a str, &'a Value, &'a Type)>, typed: bool) -> Result<(), JsonError> {
    out.push('{');
    for (at, (key, item, ty)) in entries.enumerate() {
        if at > 0 {
            out.push(',');
        }
        push_string(out, key);
        out.push(':');
        push(out, item, ty, typed)?;
    }
    out.push('}');
    Ok(())
}

impl Type {
    /// The type in the JSON form of states and plans: `"string"`, `["list","string"]`, `["object",{…}]`.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        push_type(&mut out, self);
        out
    }

    /// Reads [`Type::to_json`].
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        let value = decode_json_untyped(text)?;
        type_of(&value).ok_or_else(|| JsonError::Type { at: 0, message: "not a type".to_owned() })
    }
}

fn push_type(out: &mut String, ty: &Type) {
    let mut wrap = |name: &str, element: &Type| {
        out.push_str(&format!("[\"{name}\","));
        push_type(out, element);
        out.push(']');
    };
    match ty {
        Type::Dynamic => out.push_str("\"dynamic\""),
        Type::Bool => out.push_str("\"bool\""),
        Type::Number => out.push_str("\"number\""),
        Type::String => out.push_str("\"string\""),
        Type::List(element) => wrap("list", element),
        Type::Set(element) => wrap("set", element),
        Type::Map(element) => wrap("map", element),
        Type::Tuple(elements) => {
            out.push_str("[\"tuple\",[");
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_type(out, element);
            }
            out.push_str("]]");
        }
        Type::Object(object) => {
            out.push_str("[\"object\",{");
            for (at, (name, ty)) in object.attributes.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_string(out, name);
                out.push(':');
                push_type(out, ty);
            }
            out.push('}');
            if !object.optional.is_empty() {
                let names: Vec<String> = object.optional.iter().map(|name| json_string(name)).collect();
                out.push_str(&format!(",[{}]", names.join(",")));
            }
            out.push(']');
        }
    }
}

fn type_of(value: &Value) -> Option<Type> {
    if let Value::String(name) = value {
        return match &**name {
            "dynamic" => Some(Type::Dynamic),
            "bool" => Some(Type::Bool),
            "number" => Some(Type::Number),
            "string" => Some(Type::String),
            _ => None,
        };
    }
    let Value::Tuple(parts) = value else { return None };
    let argument = parts.get(1)?;
    Some(match parts.first()?.as_str()? {
        "list" => Type::list(type_of(argument)?),
        "set" => Type::set(type_of(argument)?),
        "map" => Type::map(type_of(argument)?),
        "tuple" => Type::Tuple(argument.elements().map(type_of).collect::<Option<_>>()?),
        "object" => {
            let Value::Object(entries) = argument else { return None };
            let attributes = entries.iter().map(|(name, ty)| Some((name.clone(), type_of(ty)?))).collect::<Option<BTreeMap<_, _>>>()?;
            let optional = parts.get(2).map(|names| names.elements().filter_map(|name| name.as_str().map(Arc::from)).collect()).unwrap_or_default();
            Type::Object(Arc::new(ObjectType { attributes, optional }))
        }
        _ => return None,
    })
}

/// Reads JSON into a value of type `ty`. Attributes that an object type has and the text has not become null; those that it has not are dropped; a scalar is converted as the language converts it.
pub fn decode_json(text: &str, ty: &Type) -> Result<Value, JsonError> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = reader.typed(ty)?;
    reader.end()?;
    Ok(value)
}

/// Reads JSON into the value that it looks like: arrays are tuples, objects are objects.
pub fn decode_json_untyped(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = reader.untyped()?;
    reader.end()?;
    Ok(value)
}

const DEPTH: usize = 500;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn syntax<T>(&self, message: &str) -> Result<T, JsonError> {
        Err(JsonError::Syntax { at: self.at, message: message.to_owned() })
    }

    fn space(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn end(&mut self) -> Result<(), JsonError> {
        if self.space().is_some() { self.syntax("nothing more was expected") } else { Ok(()) }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.space() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.eat(byte) { Ok(()) } else { self.syntax(&format!("expected \"{}\"", byte as char)) }
    }

    fn string(&mut self) -> Result<Arc<str>, JsonError> {
        self.expect(b'"')?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    let text = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(text.into());
                }
                b'\\' | 0..=0x1f => break,
                _ => self.at += 1,
            }
        }
        let mut out = self.text[start..self.at].to_owned();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else { return self.syntax("the string does not end") };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(out.into());
                }
                '\\' => {
                    let escape = rest.as_bytes().get(1).copied();
                    self.at += 2;
                    match escape {
                        Some(b'u') => out.push(self.unicode()?),
                        Some(b'n') => out.push('\n'),
                        Some(b't') => out.push('\t'),
                        Some(b'r') => out.push('\r'),
                        Some(b'b') => out.push('\u{8}'),
                        Some(b'f') => out.push('\u{c}'),
                        Some(byte @ (b'"' | b'\\' | b'/')) => out.push(byte as char),
                        _ => return self.syntax("unknown escape"),
                    }
                }
                c if (c as u32) < 0x20 => return self.syntax("a control character must be escaped"),
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let high = self.hex()?;
        if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            let mark = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            self.at = mark;
        }
        Ok(char::from_u32(high).unwrap_or('\u{fffd}'))
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let code = self.text.get(self.at..self.at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(code) = code else { return self.syntax("four hexadecimal digits were expected") };
        self.at += 4;
        Ok(code)
    }

    fn untyped(&mut self) -> Result<Value, JsonError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return self.syntax("nested too deeply");
        }
        let value = match self.space() {
            Some(b'"') => Value::from(self.string()?),
            Some(b'[') => {
                let mut items = Vec::new();
                self.array(|reader, _| {
                    items.push(reader.untyped()?);
                    Ok(())
                })?;
                Value::tuple(items)
            }
            Some(b'{') => {
                let mut entries = BTreeMap::new();
                self.entries(|reader, key| {
                    let value = reader.untyped()?;
                    entries.insert(key, value);
                    Ok(())
                })?;
                Value::Object(Arc::new(entries))
            }
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::null())?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return self.syntax("a value was expected"),
        };
        self.depth -= 1;
        Ok(value)
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        self.syntax("a value was expected")
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        match Number::parse(&rest[..length]) {
            Some(number) => {
                self.at += length;
                Ok(Value::Number(number))
            }
            None => self.syntax("not a number"),
        }
    }

    fn array(&mut self, mut item: impl FnMut(&mut Self, usize) -> Result<(), JsonError>) -> Result<(), JsonError> {
        self.expect(b'[')?;
        if self.eat(b']') {
            return Ok(());
        }
        let mut at = 0;
        loop {
            item(self, at)?;
            at += 1;
            if self.eat(b']') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn entries(&mut self, mut entry: impl FnMut(&mut Self, Arc<str>) -> Result<(), JsonError>) -> Result<(), JsonError> {
        self.expect(b'{')?;
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            self.space();
            let key = self.string()?;
            self.expect(b':')?;
            entry(self, key)?;
            if self.eat(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn typed(&mut self, ty: &Type) -> Result<Value, JsonError> {
        let first = self.space();
        let start = self.at;
        if first == Some(b'n') {
            return self.word("null", Value::Null(ty.clone()));
        }
        let wrong = |message: String| JsonError::Type { at: start, message };
        match (ty, first) {
            (Type::Dynamic, Some(b'{')) => self.dynamic(start),
            (Type::List(element), Some(b'[')) => Ok(Value::list((**element).clone(), self.items(element)?)),
            (Type::Set(element), Some(b'[')) => Ok(Value::set((**element).clone(), self.items(element)?)),
            (Type::Tuple(types), Some(b'[')) => {
                let mut items = Vec::with_capacity(types.len());
                self.array(|reader, at| {
                    let ty = types.get(at).ok_or_else(|| wrong(format!("a tuple of {} elements has more", types.len())))?;
                    items.push(reader.typed(ty)?);
                    Ok(())
                })?;
                if items.len() < types.len() {
                    return Err(wrong(format!("a tuple of {} elements has only {}", types.len(), items.len())));
                }
                Ok(Value::tuple(items))
            }
            (Type::Map(element), Some(b'{')) => {
                let mut entries = BTreeMap::new();
                self.entries(|reader, key| {
                    entries.insert(key, reader.typed(element)?);
                    Ok(())
                })?;
                Ok(Value::Map((**element).clone(), Arc::new(entries)))
            }
            (Type::Object(object), Some(b'{')) => {
                let mut entries = BTreeMap::new();
                self.entries(|reader, key| {
                    match object.attributes.get(&*key) {
                        Some(ty) => {
                            entries.insert(key, reader.typed(ty)?);
                        }
                        None => {
                            reader.untyped()?;
                        }
                    }
                    Ok(())
                })?;
                for (name, ty) in &object.attributes {
                    if !entries.contains_key(name) {
                        entries.insert(name.clone(), Value::Null(ty.clone()));
                    }
                }
                Ok(Value::Object(Arc::new(entries)))
            }
            (Type::Bool | Type::Number | Type::String, Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f')) => {
                let scalar = self.untyped()?;
                crate::convert(&scalar, ty).map_err(|error| wrong(error.to_string()))
            }
            _ => {
                self.untyped()?;
                Err(wrong(format!("{} required", ty.friendly_name())))
            }
        }
    }

    fn items(&mut self, element: &Type) -> Result<Vec<Value>, JsonError> {
        let mut items = Vec::new();
        self.array(|reader, _| {
            items.push(reader.typed(element)?);
            Ok(())
        })?;
        Ok(items)
    }

    /// `{"value": …, "type": …}`, the members in either order.
    fn dynamic(&mut self, start: usize) -> Result<Value, JsonError> {
        let (mut value_at, mut ty) = (None, None);
        self.entries(|reader, key| {
            reader.space();
            let at = reader.at;
            let part = reader.untyped()?;
            match &*key {
                "value" => value_at = Some((at, reader.at)),
                "type" => ty = type_of(&part),
                _ => {}
            }
            Ok(())
        })?;
        match (value_at, ty) {
            (Some((from, to)), Some(ty)) => decode_json(&self.text[from..to], &ty),
            _ => Err(JsonError::Type { at: start, message: "\"value\" and \"type\" required".to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let text = r#"{"a":[1,2.50,"x\u003c\n\ud83d\ude00"],"b":null,"c":{"d":true}}"#;
        let value = decode_json_untyped(text).unwrap();
        assert_eq!(encode_json(&value).unwrap(), "{\"a\":[1,2.5,\"x\\u003c\\n😀\"],\"b\":null,\"c\":{\"d\":true}}");
    }

    #[test]
    fn typed() {
        let ty = Type::object([("n", Type::Number), ("l", Type::list(Type::String)), ("any", Type::Dynamic), ("gone", Type::Bool)]);
        let value = decode_json(r#"{"n":"5","l":["a"],"any":{"value":[1],"type":["list","number"]},"extra":{}}"#, &ty).unwrap();
        assert_eq!(format!("{value:?}"), r#"{"any": [1], "gone": null:bool, "l": ["a"], "n": 5}"#);
        let back = encode_json_typed(&value, &ty).unwrap();
        assert_eq!(back, r#"{"any":{"value":[1],"type":["list","number"]},"gone":null,"l":["a"],"n":5}"#);
        assert_eq!(decode_json(&back, &ty).unwrap(), value);
        assert!(decode_json("[1]", &ty).is_err());
    }

    #[test]
    fn errors() {
        for text in ["", "{", "[1,]", "\"a", "{\"a\" 1}", "1 2", "nul", "\"\\x\""] {
            assert!(decode_json_untyped(text).is_err(), "{text}");
        }
        assert!(decode_json_untyped(&"[".repeat(100_000)).is_err());
        assert_eq!(encode_json(&Value::unknown(Type::String)), Err(JsonError::Unknown));
    }

    #[test]
    fn types() {
        for text in [r#""string""#, r#"["list",["map","dynamic"]]"#, r#"["object",{"a":"bool"},["a"]]"#, r#"["tuple",["number"]]"#] {
            assert_eq!(Type::from_json(text).unwrap().to_json(), text);
        }
    }
}
