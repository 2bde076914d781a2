//! Bytes to values.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_value::{Number, Path, PathStep, Refinement, Type, Unknown, Value};

use super::{CodecError, REFINED, refinement};

/// The value that the bytes are under a type.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    let mut reader = Reader { rest: bytes, path: Path::root() };
    let value = reader.value(ty)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(reader.fault("something follows the value")) }
}

struct Reader<'a> {
    rest: &'a [u8],
    path: Path,
}

type Read<T> = Result<T, CodecError>;

impl<'a> Reader<'a> {
    fn fault(&self, message: impl Into<String>) -> CodecError {
        CodecError { path: self.path.clone(), message: message.into() }
    }

    fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else { return Err(self.fault("the value is cut off")) };
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Read<u8> {
        self.take(1).map(|taken| taken[0])
    }

    /// An unsigned number of 1, 2, 4 or 8 bytes.
    fn unsigned(&mut self, bytes: usize) -> Read<u64> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn length(&mut self, bytes: usize) -> Read<usize> {
        let length = self.unsigned(bytes)?;
        usize::try_from(length).map_err(|_| self.fault("a length is too great"))
    }

    fn value(&mut self, ty: &Type) -> Read<Value> {
        let Some(&code) = self.rest.first() else { return Err(self.fault("the value is cut off")) };
        match code {
            0xc0 => {
                self.byte()?;
                return Ok(Value::Null(ty.clone()));
            }
            0xc7..=0xc9 | 0xd4..=0xd8 => return self.unknown(ty),
            _ => {}
        }
        match ty {
            Type::Dynamic => self.dynamic(),
            Type::Bool => match self.byte()? {
                0xc2 => Ok(Value::Bool(false)),
                0xc3 => Ok(Value::Bool(true)),
                other => Err(self.unexpected("a bool", other)),
            },
            Type::Number => self.number().map(Value::Number),
            Type::String => self.text().map(Value::string),
            Type::List(element) => Ok(Value::list((**element).clone(), self.items(|_| Some(element))?)),
            Type::Set(element) => Ok(Value::set((**element).clone(), self.items(|_| Some(element))?)),
            Type::Tuple(types) => {
                let items = self.items(|at| types.get(at))?;
                if items.len() == types.len() { Ok(Value::tuple(items)) } else { Err(self.fault(format!("a tuple of {} elements is required", types.len()))) }
            }
            Type::Map(element) => {
                let length = self.map()?;
                let mut entries = BTreeMap::new();
                for _ in 0..length {
                    let key: Arc<str> = self.text()?.into();
                    let value = self.step(PathStep::Index(Value::String(key.clone())), element)?;
                    entries.insert(key, value);
                }
                Ok(Value::map((**element).clone(), entries))
            }
            Type::Object(object) => {
                let length = self.map()?;
                let mut entries: BTreeMap<Arc<str>, Value> = BTreeMap::new();
                for _ in 0..length {
                    let name = self.text()?;
                    let Some((name, ty)) = object.attributes.get_key_value(name) else { return Err(self.fault(format!("unsupported attribute \"{name}\""))) };
                    let value = self.step(PathStep::Attr(name.clone()), ty)?;
                    entries.insert(name.clone(), value);
                }
                for (name, ty) in &object.attributes {
                    entries.entry(name.clone()).or_insert_with(|| Value::Null(ty.clone()));
                }
                Ok(Value::object(entries))
            }
        }
    }

    fn unexpected(&self, wanted: &str, code: u8) -> CodecError {
        self.fault(format!("{wanted} is required, but have MessagePack 0x{code:02x}"))
    }

    fn step(&mut self, step: PathStep, ty: &Type) -> Read<Value> {
        self.path.0.push(step);
        let value = self.value(ty)?;
        self.path.0.pop();
        Ok(value)
    }

    fn items<'t>(&mut self, ty: impl Fn(usize) -> Option<&'t Type>) -> Read<Vec<Value>> {
        let length = self.array()?;
        // Each element has at least one byte, whatever length is claimed.
        let mut items = Vec::with_capacity(length.min(self.rest.len()));
        for at in 0..length {
            let Some(ty) = ty(at) else { return Err(self.fault("there are more elements than the type has")) };
            items.push(self.step(PathStep::Index(Value::from(at as u64)), ty)?);
        }
        Ok(items)
    }

    fn dynamic(&mut self) -> Read<Value> {
        if self.array()? != 2 {
            return Err(self.fault("a pair of type and value is required"));
        }
        let name = self.bytes()?;
        let name = std::str::from_utf8(name).map_err(|_| self.fault("a type is not text"))?;
        let ty = Type::from_json(name).map_err(|error| self.fault(format!("a type cannot be read: {error}")))?;
        if ty == Type::Dynamic { self.null_or_unknown() } else { self.value(&ty) }
    }

    /// What a value of no particular type can be: a pair within a pair is none.
    fn null_or_unknown(&mut self) -> Read<Value> {
        match self.rest.first() {
            Some(0xc0 | 0xc7..=0xc9 | 0xd4..=0xd8) => self.value(&Type::Dynamic),
            _ => Err(self.fault("a value without a type is required to be null or unknown")),
        }
    }

    fn unknown(&mut self, ty: &Type) -> Read<Value> {
        let (kind, body) = self.extension()?;
        let refinement = if kind == REFINED { self.refinement(body, ty)? } else { Refinement::default() };
        Ok(Value::Unknown(Arc::new(Unknown { ty: ty.clone(), refinement, cause: None })))
    }

    fn extension(&mut self) -> Read<(i8, &'a [u8])> {
        let length = match self.byte()? {
            0xd4 => 1,
            0xd5 => 2,
            0xd6 => 4,
            0xd7 => 8,
            0xd8 => 16,
            code => self.length(1 << (code - 0xc7))?,
        };
        let kind = self.byte()?.cast_signed();
        Ok((kind, self.take(length)?))
    }

    fn refinement(&self, body: &[u8], ty: &Type) -> Read<Refinement> {
        let mut reader = Reader { rest: body, path: self.path.clone() };
        let mut found = Refinement::default();
        for _ in 0..reader.map()? {
            match reader.number()?.to_i64() {
                Some(refinement::IS_NULL) => found.not_null = reader.byte()? == 0xc2,
                Some(refinement::PREFIX) if *ty == Type::String => found.prefix = reader.text()?.into(),
                Some(refinement::MIN_LENGTH) => found.min_length = reader.count()?,
                Some(refinement::MAX_LENGTH) => found.max_length = Some(reader.count()?),
                _ => reader.skip(0)?,
            }
        }
        Ok(found)
    }

    fn count(&mut self) -> Read<u64> {
        let number = self.number()?;
        number.to_i64().and_then(|length| u64::try_from(length).ok()).ok_or_else(|| self.fault("a length is required"))
    }

    fn number(&mut self) -> Read<Number> {
        let code = self.byte()?;
        let whole = match code {
            0x00..=0x7f => i64::from(code),
            0xe0..=0xff => i64::from(code.cast_signed()),
            0xcc..=0xcf => {
                let number = self.unsigned(1 << (code - 0xcc))?;
                return Number::parse(&number.to_string()).ok_or_else(|| self.fault("a number is required"));
            }
            0xd0 => i64::from(self.byte()?.cast_signed()),
            0xd1 => i64::from((self.unsigned(2)? as u16).cast_signed()),
            0xd2 => i64::from((self.unsigned(4)? as u32).cast_signed()),
            0xd3 => self.unsigned(8)?.cast_signed(),
            0xca => {
                let bits = self.unsigned_u32()?;
                return self.finite(f64::from(f32::from_bits(bits)));
            }
            0xcb => {
                let bits = self.unsigned(8)?;
                return self.finite(f64::from_bits(bits));
            }
            0xa0..=0xbf | 0xd9..=0xdb => {
                let text = self.text_after(code)?;
                return Number::parse(text).ok_or_else(|| self.fault(format!("a number is required, but have \"{text}\"")));
            }
            other => return Err(self.unexpected("a number", other)),
        };
        Number::parse(&whole.to_string()).ok_or_else(|| self.fault("a number is required"))
    }

    fn unsigned_u32(&mut self) -> Read<u32> {
        self.unsigned(4).map(|number| number as u32)
    }

    fn finite(&self, float: f64) -> Read<Number> {
        Number::from_f64(float).ok_or_else(|| self.fault("a finite number is required"))
    }

    fn text(&mut self) -> Read<&'a str> {
        let code = self.byte()?;
        self.text_after(code)
    }

    fn text_after(&mut self, code: u8) -> Read<&'a str> {
        let length = match code {
            0xa0..=0xbf => usize::from(code & 0x1f),
            0xd9..=0xdb => self.length(1 << (code - 0xd9))?,
            0xc4..=0xc6 => self.length(1 << (code - 0xc4))?,
            other => return Err(self.unexpected("a string", other)),
        };
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.fault("a string is not UTF-8"))
    }

    fn bytes(&mut self) -> Read<&'a [u8]> {
        self.text().map(str::as_bytes)
    }

    fn array(&mut self) -> Read<usize> {
        match self.byte()? {
            code @ 0x90..=0x9f => Ok(usize::from(code & 0x0f)),
            code @ 0xdc..=0xdd => self.length(2 << (code - 0xdc)),
            other => Err(self.unexpected("a list", other)),
        }
    }

    fn map(&mut self) -> Read<usize> {
        match self.byte()? {
            code @ 0x80..=0x8f => Ok(usize::from(code & 0x0f)),
            code @ 0xde..=0xdf => self.length(2 << (code - 0xde)),
            other => Err(self.unexpected("a map", other)),
        }
    }

    /// Goes past one value, whatever it is.
    fn skip(&mut self, depth: usize) -> Read<()> {
        if depth > 16 {
            return Err(self.fault("a refinement is nested too deeply"));
        }
        let Some(&code) = self.rest.first() else { return Err(self.fault("the value is cut off")) };
        match code {
            0xc0 | 0xc2 | 0xc3 => self.byte().map(drop),
            0x80..=0x8f | 0xde | 0xdf => {
                let length = self.map()?;
                (0..length.saturating_mul(2)).try_for_each(|_| self.skip(depth + 1))
            }
            0x90..=0x9f | 0xdc | 0xdd => {
                let length = self.array()?;
                (0..length).try_for_each(|_| self.skip(depth + 1))
            }
            0xc4..=0xc6 => self.text().map(drop),
            0xc7..=0xc9 | 0xd4..=0xd8 => self.extension().map(drop),
            _ => self.number().map(drop),
        }
    }
}
