//! The scanner that all addresses are read with.

use std::sync::Arc;

use thiserror::Error;

use crate::{InstanceKey, Mode, ModulePath, ModuleStep, StepKind};

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("invalid address {text:?}: {message} at byte {at}")]
pub struct AddrError {
    /// The text that was read.
    pub text: String,
    /// Offset of the first byte that does not fit.
    pub at: usize,
    /// What was expected there.
    pub message: String,
}

/// Whether `text` can name a block: letters, digits, `_` and `-`, not starting with a digit or `-`.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(is_continue)
}

fn is_continue(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// What stands after the module path of a `-target`.
pub(crate) type ResourcePart = (Mode, Arc<str>, Arc<str>, Option<InstanceKey>);

pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn fail<T>(&self, message: impl Into<String>) -> Result<T, AddrError> {
        Err(AddrError { text: self.text.to_owned(), at: self.at, message: message.into() })
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(crate) fn expect(&mut self, token: &str) -> Result<(), AddrError> {
        if self.eat(token) { Ok(()) } else { self.fail(format!("expected {token:?}")) }
    }

    pub(crate) fn end<T>(self, value: T) -> Result<T, AddrError> {
        if self.at_end() { Ok(value) } else { self.fail("nothing more was expected") }
    }

    pub(crate) fn identifier(&mut self, what: &str) -> Result<&'a str, AddrError> {
        let rest = self.rest();
        let length = rest.find(|c| !is_continue(c)).unwrap_or(rest.len());
        let name = &rest[..length];
        if !is_identifier(name) {
            return self.fail(format!("expected {what}"));
        }
        self.at += length;
        Ok(name)
    }

    /// `[0]`, `["name"]`, or nothing.
    pub(crate) fn key(&mut self) -> Result<Option<InstanceKey>, AddrError> {
        if !self.eat("[") {
            return Ok(None);
        }
        let key = if self.rest().starts_with('"') {
            InstanceKey::from(self.quoted()?)
        } else {
            let rest = self.rest();
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let Ok(number) = rest[..length].parse::<u64>() else {
                return self.fail("expected a whole number or a string in quotes (in a shell, put the address in single quotes)");
            };
            self.at += length;
            InstanceKey::Int(number)
        };
        self.expect("]")?;
        Ok(Some(key))
    }

    /// A string in double quotes, with the escapes of the language.
    pub(crate) fn quoted(&mut self) -> Result<String, AddrError> {
        self.expect("\"")?;
        let mut out = String::new();
        loop {
            if self.eat("$${") {
                out.push_str("${");
                continue;
            }
            if self.eat("%%{") {
                out.push_str("%{");
                continue;
            }
            let Some(c) = self.rest().chars().next() else { return self.fail("the string does not end") };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => out.push(self.escape()?),
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, AddrError> {
        let letter = self.rest().chars().next();
        let plain = match letter {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('"') => '"',
            Some('\\') => '\\',
            Some(size @ ('u' | 'U')) => {
                let length = if size == 'u' { 4 } else { 8 };
                let digits = self.rest().get(1..=length);
                let c = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
                let Some(c) = c else { return self.fail(format!("expected {length} hexadecimal digits of a character")) };
                self.at += length + 1;
                return Ok(c);
            }
            _ => return self.fail("unknown escape"),
        };
        self.at += 1;
        Ok(plain)
    }

    /// As many `module.NAME[KEY]` as there are; the first may be a `stage.NAME[KEY]`. A dot after the last is eaten when something follows.
    pub(crate) fn module_path(&mut self) -> Result<ModulePath, AddrError> {
        let mut steps = Vec::new();
        loop {
            let kind = if self.eat("module.") {
                StepKind::Module
            } else if steps.is_empty() && self.eat("stage.") {
                StepKind::Stage
            } else if self.rest().starts_with("stage.") {
                return self.fail("a stage can only be the first step of an address");
            } else {
                break;
            };
            let what = if kind == StepKind::Stage { "the name of a stage" } else { "the name of a module" };
            let name = self.identifier(what)?.into();
            let key = self.key()?;
            steps.push(ModuleStep { name, key, kind });
            if self.at_end() {
                break;
            }
            self.expect(".")?;
            if self.at_end() {
                return self.fail("expected more after the dot");
            }
        }
        Ok(ModulePath::new(steps))
    }

    /// `TYPE.NAME[KEY]`, `data.TYPE.NAME[KEY]` or `ephemeral.TYPE.NAME[KEY]`.
    pub(crate) fn resource(&mut self) -> Result<ResourcePart, AddrError> {
        let mode = if self.eat("data.") {
            Mode::Data
        } else if self.eat("ephemeral.") {
            Mode::Ephemeral
        } else {
            Mode::Managed
        };
        let type_ = self.identifier("a resource type")?.into();
        if !self.eat(".") {
            return self.fail("expected \".\" and the name of the resource");
        }
        let name = self.identifier("the name of a resource")?.into();
        Ok((mode, type_, name, self.key()?))
    }
}
