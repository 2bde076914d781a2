//! Going on after an error: where the next thing begins.

use super::scan::{Parser, ident_end};

/// Where reading goes on in a bracket after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sync {
    /// At the next item.
    Item,
    /// After the closing bracket.
    Closed,
    /// Not in this bracket: it was never closed.
    Lost,
}

/// What separates the items of a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// Nothing: there is one item.
    None,
    /// Nothing, and the closing bracket should stand on the same line or begin the next one.
    Line,
    /// Commas.
    Comma,
    /// Commas or newlines.
    Newline,
}

/// How far the end of a broken argument is looked for.
const LOOKAHEAD: usize = 64 << 10;

enum Token {
    Open,
    Close(u8),
    Comma,
    Newline,
    Other,
    End,
}

impl<'a> Parser<'a> {
    /// Looks for the next item of the innermost bracket, or for its end.
    pub(super) fn resync(&mut self, separator: Separator) -> Sync {
        let Some(bracket) = self.open.last().copied() else { return Sync::Lost };
        if self.abandoned || self.stopped {
            return Sync::Lost;
        }
        let start = self.at;
        // A line `name = …` cannot stand in parentheses or square brackets: they were left open on an earlier line.
        // Nor can the header of a block stand in an object.
        let line = self.line_start(start);
        if line > bracket.at && self.looks_like_definition(line) && (separator != Separator::Newline || self.looks_like_block(line)) {
            return self.lose_before(line);
        }
        let mut depth = 0_usize;
        loop {
            match self.token_before(start + LOOKAHEAD) {
                Token::Open => depth += 1,
                Token::Close(_) if depth > 0 => depth -= 1,
                Token::Close(close) if close == bracket.close => return Sync::Closed,
                Token::Close(close) if close == b'}' || self.expected_outside(close) => {
                    self.at -= 1;
                    return Sync::Lost;
                }
                Token::Comma if depth == 0 && matches!(separator, Separator::Comma | Separator::Newline) => return Sync::Item,
                Token::Newline if depth == 0 => {
                    if separator == Separator::Newline {
                        return Sync::Item;
                    }
                    if separator == Separator::Line && !self.sequence_ends_on(self.at) {
                        self.at -= 1;
                        return Sync::Lost;
                    }
                    if self.looks_like_definition(self.at) {
                        return self.lose_before(self.at);
                    }
                }
                Token::End => {
                    // The brackets around this one would come to the same end.
                    self.abandoned = true;
                    self.at = start;
                    return Sync::Lost;
                }
                _ => {}
            }
        }
    }

    /// True when a line looks like the end of a string with an interpolation over several lines.
    fn sequence_ends_on(&self, line: usize) -> bool {
        let line = self.text[line..self.line_end(line)].trim_start();
        line.starts_with('}') && line.contains('"')
    }

    fn lose_before(&mut self, line: usize) -> Sync {
        self.at = line - 1;
        self.lost += 1;
        Sync::Lost
    }

    /// True when a bracket around the innermost one is closed by that byte; brackets outside of a string do not count in it.
    pub(super) fn expected_outside(&self, close: u8) -> bool {
        self.open.iter().rev().skip(1).take_while(|open| open.close != b'"').any(|open| open.close == close)
    }

    /// Skips the rest of an argument or block header: to the newline that ends it, or to the brace that closes the body around it.
    pub(super) fn resync_line(&mut self) {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let before = self.at;
            match self.token_before(start + LOOKAHEAD) {
                Token::Open => depth += 1,
                Token::Close(_) if depth > 0 => depth -= 1,
                Token::Close(b'}') => {
                    self.at = before;
                    return;
                }
                Token::Newline if depth == 0 => {
                    self.at = before;
                    return;
                }
                Token::End => {
                    self.at = self.line_end(if depth > 0 { start } else { self.at });
                    return;
                }
                _ => {}
            }
        }
    }

    /// Reads one token, if it begins before a limit.
    fn token_before(&mut self, limit: usize) -> Token {
        if self.at < limit { self.token_after_error() } else { Token::End }
    }

    /// Takes note of bytes that are read again; with too many of them the text is given up.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.budget = self.budget.saturating_sub(bytes);
        if self.budget == 0 {
            self.stopped = true;
        }
    }

    /// Reads one token, of which only the kind matters; a string, heredoc or comment is one.
    fn token_after_error(&mut self) -> Token {
        let byte = self.peek();
        self.spend(1);
        match byte {
            _ if self.at_end() || self.stopped => return Token::End,
            b'"' => self.skip_string(0),
            b'<' if self.byte(self.at + 1) == b'<' => self.skip_heredoc(),
            b'#' => self.at = self.line_end(self.at),
            b'/' if self.byte(self.at + 1) == b'/' => self.at = self.line_end(self.at),
            b'/' if self.byte(self.at + 1) == b'*' => {
                self.at = self.text[self.at + 2..].find("*/").map_or(self.at + 2, |length| self.at + length + 4);
            }
            b'\'' | b'`' => self.skip_foreign_string(byte),
            _ if byte.is_ascii() => {
                self.at += 1;
                return match byte {
                    b'(' | b'[' | b'{' => Token::Open,
                    b')' | b']' | b'}' => Token::Close(byte),
                    b',' => Token::Comma,
                    b'\n' => Token::Newline,
                    _ => Token::Other,
                };
            }
            _ => self.at += self.text[self.at..].chars().next().map_or(1, char::len_utf8),
        }
        Token::Other
    }

    /// Skips a string in quotes of another language, if it ends on its line.
    fn skip_foreign_string(&mut self, quote: u8) {
        let rest = &self.bytes[self.at + 1..self.line_end(self.at)];
        self.at += rest.iter().position(|byte| *byte == quote).map_or(1, |length| length + 2);
    }

    /// Skips a quoted string; one that is not closed ends with its line.
    pub(super) fn skip_string(&mut self, depth: usize) {
        self.at += 1;
        while !self.at_end() {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\n' => return,
                b'\\' => {
                    self.at += 1;
                    if self.peek() != b'\n' {
                        self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
                    }
                }
                sign @ (b'$' | b'%') if self.byte(self.at + 1) == sign && self.byte(self.at + 2) == b'{' => self.at += 3,
                b'$' | b'%' if self.byte(self.at + 1) == b'{' => {
                    self.at += 2;
                    self.skip_interpolation(depth + 1);
                }
                _ => self.at += self.text[self.at..].chars().next().map_or(1, char::len_utf8),
            }
        }
    }

    /// Skips to the brace that closes an interpolation on the same line; stops before the newline otherwise.
    fn skip_interpolation(&mut self, depth: usize) {
        let mut braces = 0_usize;
        while !self.at_end() && self.peek() != b'\n' {
            match self.peek() {
                b'"' if depth < 32 => {
                    self.skip_string(depth);
                    continue;
                }
                b'{' => braces += 1,
                b'}' if braces == 0 => {
                    self.at += 1;
                    return;
                }
                b'}' => braces -= 1,
                _ => {}
            }
            self.at += self.text[self.at..].chars().next().map_or(1, char::len_utf8);
        }
    }

    fn skip_heredoc(&mut self) {
        let name = self.at + 2 + usize::from(self.byte(self.at + 2) == b'-');
        let end = ident_end(self.text, name);
        let found = (end > name).then(|| self.find_marker(&self.text[name..end], self.line_end(end))).flatten();
        let searched = found.as_ref().map_or(self.bytes.len(), |line| line.end);
        self.spend(searched - self.at);
        self.at = found.map_or(self.at + 2, |line| line.end);
    }

    /// The end of a quoted string that was split over several lines, if the lines from there on look like its continuation.
    pub(super) fn end_of_split_string(&self, mut newline: usize) -> Option<usize> {
        for _ in 0..50 {
            let line = newline + 1;
            if line >= self.bytes.len() || self.looks_like_definition(line) {
                return None;
            }
            newline = self.line_end(line);
            let content = &self.text[line..newline];
            let quotes = content.bytes().filter(|byte| *byte == b'"').count();
            if content.trim_start().starts_with([')', ']', '}']) || quotes % 2 == 0 && quotes > 0 {
                return None;
            }
            if quotes > 0 {
                return content.find('"').map(|at| line + at + 1);
            }
        }
        None
    }

    /// Skips the lines that continue an expression which broke off behind an operator at the end of its line.
    pub(super) fn skip_continuation(&mut self, start: usize) {
        while self.at_newline() {
            let before = self.text[start.min(self.at)..self.at].trim_end();
            let newline = self.line_end(self.at);
            let next = self.text[newline..].trim_start();
            let broken_off = if before.is_empty() {
                let name = ident_end(next, 0);
                let follows = if name > 0 { &next[name..] } else { next };
                follows.starts_with(['.', '(', '[']) || name == 0 && next.starts_with(|first: char| first.is_ascii_digit() || "\"{-!<".contains(first))
            } else {
                before.ends_with(['+', '-', '*', '/', '%', '&', '|', '?', ':', '<', '>', '=', '!'])
            };
            if !broken_off || newline + 1 >= self.bytes.len() || next.starts_with(['}', '#']) || self.looks_like_definition(newline + 1) {
                return;
            }
            self.at = newline + 1;
            self.resync_line();
        }
    }

    /// True when the line that begins there looks like the header of a block.
    pub(super) fn looks_like_block(&self, line: usize) -> bool {
        self.looks_like_definition(line) && !self.text[line..self.line_end(line)].contains('=')
    }

    /// True when the line that begins there looks like `name = …` or like the header of a block.
    pub(super) fn looks_like_definition(&self, line: usize) -> bool {
        let line_end = self.line_end(line);
        let space = |mut at: usize| {
            while matches!(self.byte(at), b' ' | b'\t') {
                at += 1;
            }
            at
        };
        let start = space(line);
        let mut at = ident_end(self.text, start);
        if at == start {
            return false;
        }
        at = space(at);
        if self.byte(at) == b'=' {
            return !matches!(self.byte(at + 1), b'=' | b'>');
        }
        loop {
            at = space(at);
            if at >= line_end {
                return false;
            }
            if self.byte(at) == b'{' {
                return self.text[at + 1..line_end].trim().is_empty();
            }
            let end = if self.byte(at) == b'"' {
                let length = self.bytes[at + 1..line_end].iter().position(|byte| *byte == b'"');
                length.map_or(at, |length| at + length + 2)
            } else {
                ident_end(self.text, at)
            };
            if end == at {
                return false;
            }
            at = end;
        }
    }

    /// The brace that ends the line of the position, if one does: the body of a block whose header is broken.
    pub(super) fn brace_at_line_end(&self) -> Option<usize> {
        let line = &self.text[self.at..self.line_end(self.at)];
        let line = line.split(" #").next().unwrap_or(line).trim_end();
        line.ends_with('{').then(|| self.at + line.len() - 1)
    }
}

impl Parser<'_> {
    /// The next brace outside of strings and comments, and where it stands.
    pub(super) fn next_brace(&mut self) -> Option<(u8, usize)> {
        loop {
            let at = self.at;
            match self.token_after_error() {
                Token::End => return None,
                Token::Open | Token::Close(_) if matches!(self.byte(at), b'{' | b'}') => return Some((self.byte(at), at)),
                _ => {}
            }
        }
    }
}
