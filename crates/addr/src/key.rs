//! Instance keys of `count` and `for_each`.

use std::fmt;
use std::sync::Arc;

/// Which instance of a block: a number from `count`, a string from `for_each`. Numbers come first, numerically.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// An index of `count`.
    Int(u64),
    /// A key of `for_each`.
    Str(Arc<str>),
}

impl From<u64> for InstanceKey {
    fn from(index: u64) -> Self {
        Self::Int(index)
    }
}
impl From<&str> for InstanceKey {
    fn from(key: &str) -> Self {
        Self::Str(key.into())
    }
}
impl From<String> for InstanceKey {
    fn from(key: String) -> Self {
        Self::Str(key.into())
    }
}
impl From<Arc<str>> for InstanceKey {
    fn from(key: Arc<str>) -> Self {
        Self::Str(key)
    }
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(index) => write!(f, "[{index}]"),
            Self::Str(key) => {
                f.write_str("[")?;
                write_quoted(f, key)?;
                f.write_str("]")
            }
        }
    }
}

/// A string literal of the language: what the scanner reads back, template markers doubled.
pub(crate) fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    use fmt::Write;
    f.write_char('"')?;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '$' | '%' if chars.peek() == Some(&'{') => write!(f, "{c}{c}")?,
            c if c.is_control() => write!(f, "\\u{:04x}", c as u32)?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
