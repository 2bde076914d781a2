//! Values to bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_value::{Number, Path, PathStep, Refinement, Type, Value};

use super::{CodecError, REFINED, UNKNOWN, refinement};

/// The bytes of a value under a type. Marks are left out; the caller has decided who may see the value.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, CodecError> {
    let mut writer = Writer { out: Vec::new(), path: Path::root() };
    writer.value(value, ty)?;
    Ok(writer.out)
}

struct Writer {
    out: Vec<u8>,
    path: Path,
}

impl Writer {
    fn value(&mut self, value: &Value, ty: &Type) -> Result<(), CodecError> {
        let value = value.unmarked();
        if *ty == Type::Dynamic {
            let own = value.ty();
            if own != Type::Dynamic {
                let name = own.to_json();
                self.array(2);
                self.bin(name.as_bytes());
                return self.value(value, &own);
            }
        }
        match (value, ty) {
            (Value::Null(_), _) => self.out.push(0xc0),
            (Value::Unknown(unknown), _) => self.unknown(&unknown.refinement),
            (Value::Bool(truth), Type::Bool) => self.out.push(if *truth { 0xc3 } else { 0xc2 }),
            (Value::Number(number), Type::Number) => self.number(number),
            (Value::String(text), Type::String) => self.text(text),
            (Value::List(_, items) | Value::Tuple(items), Type::List(element)) => self.items(items, |_| element)?,
            (Value::Set(set), Type::Set(element)) => self.items(&set.items, |_| element)?,
            (Value::Tuple(items), Type::Tuple(types)) if items.len() == types.len() => self.items(items, |at| &types[at])?,
            (Value::Map(_, entries) | Value::Object(entries), Type::Map(element)) => {
                self.map(entries.len());
                for (key, item) in entries.iter() {
                    self.text(key);
                    self.step(PathStep::Index(Value::String(key.clone())), item, element)?;
                }
            }
            (Value::Object(entries) | Value::Map(_, entries), Type::Object(object)) => self.object(entries, &object.attributes)?,
            _ => {
                let message = format!("{} required, but have {}", ty.friendly_name(), value.ty().friendly_name());
                return Err(CodecError { path: self.path.clone(), message });
            }
        }
        Ok(())
    }

    fn step(&mut self, step: PathStep, value: &Value, ty: &Type) -> Result<(), CodecError> {
        self.path.0.push(step);
        self.value(value, ty)?;
        self.path.0.pop();
        Ok(())
    }

    fn items<'a>(&mut self, items: &[Value], ty: impl Fn(usize) -> &'a Type) -> Result<(), CodecError> {
        self.array(items.len());
        for (at, item) in items.iter().enumerate() {
            self.step(PathStep::Index(Value::from(at as u64)), item, ty(at))?;
        }
        Ok(())
    }

    fn object(&mut self, entries: &BTreeMap<Arc<str>, Value>, attributes: &BTreeMap<Arc<str>, Type>) -> Result<(), CodecError> {
        if let Some(name) = entries.keys().find(|name| !attributes.contains_key(*name)) {
            return Err(CodecError { path: self.path.clone(), message: format!("attribute \"{name}\" is not expected here") });
        }
        self.map(attributes.len());
        for (name, ty) in attributes {
            self.text(name);
            match entries.get(name) {
                Some(value) => self.step(PathStep::Attr(name.clone()), value, ty)?,
                None => self.out.push(0xc0),
            }
        }
        Ok(())
    }

    fn unknown(&mut self, known: &Refinement) {
        if *known == Refinement::default() {
            // One byte of data, whose content does not matter.
            self.out.extend([0xd4, UNKNOWN.cast_unsigned(), 0]);
            return;
        }
        let mut body = Self { out: Vec::new(), path: Path::root() };
        let entries = usize::from(known.not_null) + usize::from(!known.prefix.is_empty()) + usize::from(known.min_length > 0) + usize::from(known.max_length.is_some());
        body.map(entries);
        if known.not_null {
            body.int(refinement::IS_NULL);
            body.out.push(0xc2);
        }
        if !known.prefix.is_empty() {
            body.int(refinement::PREFIX);
            body.text(&known.prefix);
        }
        for (key, length) in [(refinement::MIN_LENGTH, Some(known.min_length).filter(|least| *least > 0)), (refinement::MAX_LENGTH, known.max_length)] {
            if let Some(length) = length {
                body.int(key);
                body.int(i64::try_from(length).unwrap_or(i64::MAX));
            }
        }
        self.sized(&[0xc7, 0xc8, 0xc9], body.out.len());
        self.out.push(REFINED.cast_unsigned());
        self.out.extend(body.out);
    }

    fn number(&mut self, number: &Number) {
        if let Some(whole) = number.to_i64() {
            return self.int(whole);
        }
        let float = number.to_f64();
        if Number::from_f64(float).as_ref() == Some(number) {
            self.out.push(0xcb);
            self.out.extend(float.to_be_bytes());
        } else {
            self.text(&number.to_string());
        }
    }

    fn int(&mut self, number: i64) {
        let bytes = number.to_be_bytes();
        match number {
            -32..=127 => self.out.push(bytes[7]),
            -128..=-33 => self.out.extend([0xd0, bytes[7]]),
            128..=255 => self.out.extend([0xcc, bytes[7]]),
            -32768..=-129 => self.prefixed(0xd1, &bytes[6..]),
            256..=65535 => self.prefixed(0xcd, &bytes[6..]),
            -2_147_483_648..=-32769 => self.prefixed(0xd2, &bytes[4..]),
            65536..=4_294_967_295 => self.prefixed(0xce, &bytes[4..]),
            _ if number < 0 => self.prefixed(0xd3, &bytes),
            _ => self.prefixed(0xcf, &bytes),
        }
    }

    fn prefixed(&mut self, code: u8, bytes: &[u8]) {
        self.out.push(code);
        self.out.extend(bytes);
    }

    /// A code for lengths of one, two and four bytes, and the length.
    fn sized(&mut self, codes: &[u8; 3], length: usize) {
        let bytes = (length as u32).to_be_bytes();
        match length {
            0..=0xff => self.out.extend([codes[0], bytes[3]]),
            0x100..=0xffff => self.prefixed(codes[1], &bytes[2..]),
            _ => self.prefixed(codes[2], &bytes),
        }
    }

    fn bin(&mut self, bytes: &[u8]) {
        self.sized(&[0xc4, 0xc5, 0xc6], bytes.len());
        self.out.extend(bytes);
    }

    fn text(&mut self, text: &str) {
        match text.len() {
            short @ 0..=31 => self.out.push(0xa0 | short as u8),
            long => self.sized(&[0xd9, 0xda, 0xdb], long),
        }
        self.out.extend(text.as_bytes());
    }

    fn array(&mut self, length: usize) {
        self.container(0x90, 0xdc, length);
    }

    fn map(&mut self, length: usize) {
        self.container(0x80, 0xde, length);
    }

    fn container(&mut self, short: u8, long: u8, length: usize) {
        let bytes = (length as u32).to_be_bytes();
        match length {
            0..=15 => self.out.push(short | length as u8),
            16..=0xffff => self.prefixed(long, &bytes[2..]),
            _ => self.prefixed(long + 1, &bytes),
        }
    }
}
