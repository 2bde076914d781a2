//! The reading position: spaces, comments, newlines and names.

use std::sync::Arc;

use weir_diag::{Diagnostics, SourceId, Span};

use super::Ident;

/// The marker of a failure that is already in the diagnostics.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed;

/// What a part of the parser returns.
pub(super) type Parsed<T> = Result<T, Failed>;

/// How deep expressions and blocks may nest; what is read must also be evaluated and dropped by recursion on a stack of 2 MiB.
pub(super) const DEPTH_LIMIT: usize = 550;

/// From this depth on, a larger stack is taken: nobody knows how much of the caller's is left.
const SHALLOW: usize = 60;

/// Enough for [`DEPTH_LIMIT`] levels, also without optimisation. Only what is used of it takes memory.
const LARGE_STACK: usize = 32 << 20;

/// What must be put back after a bracket is left, also by way of an error.
#[derive(Clone, Copy)]
pub(super) struct Saved {
    depth: usize,
    multiline: bool,
    open: usize,
}

/// An open bracket.
#[derive(Clone, Copy)]
pub(super) struct Open {
    /// The byte that closes it.
    pub(super) close: u8,
    /// Where it stands.
    pub(super) at: usize,
}

/// The state of reading one text.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    /// The next byte to be read; always on a character boundary.
    pub(super) at: usize,
    pub(super) source: SourceId,
    pub(super) diagnostics: Diagnostics,
    /// Errors found, those not reported included.
    pub(super) errors: usize,
    /// True where a newline is a space: in parentheses, brackets and interpolations.
    pub(super) multiline: bool,
    /// The brackets around the position.
    pub(super) open: Vec<Open>,
    /// How deep the expression or block at the position is nested.
    pub(super) depth: usize,
    /// True when no bracket around the position can be closed any more: each gives up at once.
    pub(super) abandoned: bool,
    /// True when reading goes on with a stack that suffices for the deepest nesting.
    pub(super) roomy: bool,
    /// Where reading goes on after the abandoned argument, when that is not the position.
    pub(super) too_deep: bool,
    /// Brackets taken as closed although they were not; their closing ones may still come.
    pub(super) lost: usize,
    /// How many more bytes may be read more than once to go on after errors.
    pub(super) budget: usize,
    /// True when what follows on the line is not to be complained about.
    pub(super) forgive: bool,
    /// True when the rest of the text means nothing: nothing more is reported.
    pub(super) stopped: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, source: SourceId) -> Self {
        // Spans count in 32 bits.
        let text = if u32::try_from(text.len()).is_ok() { text } else { "" };
        Self {
            text,
            bytes: text.as_bytes(),
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
            source,
            diagnostics: Diagnostics::new(),
            errors: 0,
            multiline: false,
            open: Vec::new(),
            depth: 0,
            abandoned: false,
            roomy: false,
            too_deep: false,
            lost: 0,
            budget: 64 << 20,
            forgive: false,
            stopped: false,
        }
    }

    /// The byte at the position; 0 at the end.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.byte(self.at)
    }

    /// The byte at a place; 0 past the end.
    #[inline]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// True at a newline, in either form.
    pub(super) fn at_newline(&self) -> bool {
        match self.peek() {
            b'\n' => true,
            b'\r' => self.byte(self.at + 1) == b'\n',
            _ => false,
        }
    }

    #[inline]
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        // Cannot truncate: `new` refuses longer texts.
        Span { source: self.source, start: start as u32, end: end as u32 }
    }

    /// Skips spaces and comments, and newlines where they are spaces.
    #[inline]
    pub(super) fn skip(&mut self) {
        loop {
            match self.peek() {
                b' ' | b'\t' => self.at += 1,
                b'\n' if self.multiline => self.at += 1,
                b'\r' if self.multiline || self.byte(self.at + 1) != b'\n' => self.at += 1,
                b'#' => self.skip_line_comment(),
                b'/' => match self.byte(self.at + 1) {
                    b'/' => self.skip_line_comment(),
                    b'*' => self.skip_block_comment(),
                    _ => return,
                },
                _ => return,
            }
        }
    }

    /// Skips spaces, comments and newlines.
    #[inline]
    pub(super) fn skip_lines(&mut self) {
        let multiline = std::mem::replace(&mut self.multiline, true);
        self.skip();
        self.multiline = multiline;
    }

    /// Skips to the newline that ends the comment.
    fn skip_line_comment(&mut self) {
        self.at = self.line_end(self.at);
    }

    fn skip_block_comment(&mut self) {
        let start = self.at;
        if let Some(length) = self.text[start + 2..].find("*/") {
            self.at = start + 2 + length + 2;
            return;
        }
        self.error(self.span(start, start + 2), "Unterminated comment", "This comment is not closed before the end of the file. Add \"*/\" where it should end.");
        self.stopped = true;
        self.at = self.bytes.len();
    }

    /// The next `\n` at or after a place, or the end.
    pub(super) fn line_end(&self, at: usize) -> usize {
        self.bytes[at..].iter().position(|byte| *byte == b'\n').map_or(self.bytes.len(), |length| at + length)
    }

    /// The first byte of the line of a place.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1)
    }

    /// The number of the line of a place, from 1.
    pub(super) fn line_number(&self, at: usize) -> usize {
        self.bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// True when a name begins at the position.
    #[inline]
    pub(super) fn at_ident(&self) -> bool {
        let byte = self.peek();
        if byte.is_ascii() { byte.is_ascii_alphabetic() || byte == b'_' } else { ident_end(self.text, self.at) > self.at }
    }

    /// Reads a name, if one begins here.
    #[inline]
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let start = self.at;
        let end = ident_end(self.text, start);
        self.at = end;
        (end > start).then(|| &self.text[start..end])
    }

    /// Reads a name, if one begins here.
    #[inline]
    pub(super) fn ident(&mut self) -> Option<Ident> {
        let start = self.at;
        let name = Arc::from(self.word()?);
        Some(Ident { name, span: self.span(start, self.at) })
    }

    /// Takes a byte if it comes next.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte && !self.at_end();
        self.at += usize::from(found);
        found
    }

    /// Enters a bracket of one byte at the position.
    pub(super) fn enter(&mut self, close: u8, length: usize, multiline: bool) -> Saved {
        let saved = self.save();
        self.open.push(Open { close, at: self.at });
        self.at += length;
        self.multiline = multiline;
        saved
    }

    /// What [`Self::leave`] would put back.
    pub(super) fn save(&self) -> Saved {
        Saved { depth: self.depth, multiline: self.multiline, open: self.open.len() }
    }

    /// Leaves a bracket.
    pub(super) fn leave(&mut self, saved: Saved) {
        self.depth = saved.depth;
        self.multiline = saved.multiline;
        self.open.truncate(saved.open);
    }

    /// Reads something that may be deeply nested, on a stack of its own if it is.
    #[inline]
    pub(super) fn with_room<T: Send>(&mut self, read: fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth < SHALLOW || self.roomy { read(self) } else { self.with_large_stack(read) }
    }

    #[cold]
    #[inline(never)]
    fn with_large_stack<T: Send>(&mut self, read: fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.roomy = true;
        let this = &mut *self;
        let result = std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().name("parser".to_owned()).stack_size(LARGE_STACK);
            builder.spawn_scoped(scope, move || read(this)).ok().and_then(|thread| thread.join().ok())
        });
        self.roomy = false;
        match result {
            Some(result) => result,
            None => Err(self.nested_too_deeply()),
        }
    }

    /// Goes one level deeper, or refuses to.
    #[inline]
    pub(super) fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth <= DEPTH_LIMIT { Ok(()) } else { Err(self.nested_too_deeply()) }
    }
}

/// Where the name that begins at `start` ends; `start` itself when none begins there.
#[inline]
pub(crate) fn ident_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_alphabetic() || *byte == b'_' {
            at += 1;
        } else if byte.is_ascii_digit() || *byte == b'-' {
            if at == start {
                break;
            }
            at += 1;
        } else if byte.is_ascii() {
            break;
        } else {
            let Some(character) = text[at..].chars().next() else { break };
            let fits = if at == start { unicode_ident::is_xid_start(character) } else { unicode_ident::is_xid_continue(character) };
            if !fits {
                break;
            }
            at += character.len_utf8();
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, length) in [("abc", 3), ("a-b_1 c", 5), ("-a", 0), ("1a", 0), ("_", 1), ("é·x=", 5), ("", 0), ("a’", 1)] {
            assert_eq!(ident_end(text, 0), length, "{text}");
        }
    }
}
