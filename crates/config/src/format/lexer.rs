//! Text to tokens.

use std::borrow::Cow;

use super::token::{Kind, Token};
use crate::syntax::ident_end;

/// What surrounds the position.
enum Around<'a> {
    /// Braces opened in this expression (or file) and not closed.
    Code(usize),
    Quotes,
    Heredoc(&'a str),
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    around: Vec<Around<'a>>,
    tokens: Vec<Token<'a>>,
}

/// Cuts a text into tokens; spaces between them are left out. Also counts the spaces behind the last one.
pub(super) fn tokens(text: &str) -> (Vec<Token<'_>>, usize) {
    let lexer = read(text);
    let trailing = text.len() - text.trim_end_matches([' ', '\t']).len();
    let inside = lexer.tokens.last().is_some_and(|last| last.kind == Kind::Comment && !last.ends_line());
    (lexer.tokens, if inside { 0 } else { trailing })
}

/// True when the text ends within brackets or a heredoc. A string cannot go on in the next line.
pub(super) fn is_open(text: &str) -> bool {
    let lexer = read(text);
    match lexer.around.last() {
        Some(Around::Heredoc(_)) => true,
        Some(Around::Quotes) => false,
        _ => lexer.around.len() > 1 || lexer.tokens.iter().map(Token::nesting).sum::<isize>() > 0,
    }
}

fn read(text: &str) -> Lexer<'_> {
    let mut lexer = Lexer { text, at: 0, around: vec![Around::Code(0)], tokens: Vec::with_capacity(text.len() / 4) };
    while lexer.at < text.len() {
        match lexer.around.last() {
            Some(Around::Quotes) => lexer.quoted(),
            Some(Around::Heredoc(marker)) => {
                let marker = *marker;
                lexer.heredoc(marker);
            }
            _ => lexer.code(),
        }
    }
    lexer
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, length: usize) {
        if length > 0 {
            self.tokens.push(Token { kind, text: Cow::Borrowed(&self.text[self.at..self.at + length]), spaces: 0 });
            self.at += length;
        }
    }

    fn code(&mut self) {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let line = || rest.find('\n').map_or(rest.len(), |end| end + 1);
        let (kind, length) = match bytes[0] {
            b' ' | b'\t' => {
                self.at += 1;
                return;
            }
            b'\n' => (Kind::Newline, 1),
            b'\r' if bytes.get(1) == Some(&b'\n') => (Kind::Newline, 2),
            b'\r' => {
                self.at += 1;
                return;
            }
            b'#' => (Kind::Comment, line()),
            b'/' if rest.starts_with("//") => (Kind::Comment, line()),
            b'/' if rest.starts_with("/*") => (Kind::Comment, rest[2..].find("*/").map_or(rest.len(), |end| end + 4)),
            b'0'..=b'9' => (Kind::Number, number(bytes)),
            b'"' => {
                self.around.push(Around::Quotes);
                (Kind::OpenQuote, 1)
            }
            b'<' if rest.starts_with("<<") => match heredoc_marker(rest) {
                Some((marker, length)) => {
                    self.around.push(Around::Heredoc(marker));
                    (Kind::OpenHeredoc, length)
                }
                None => (Kind::Other, 2),
            },
            b'{' => {
                self.braces(|open| *open += 1);
                (Kind::OpenBrace, 1)
            }
            b'}' | b'~' if self.ends_template(rest) => {
                self.around.pop();
                (Kind::CloseTemplate, 1 + usize::from(bytes[0] == b'~'))
            }
            b'}' => {
                self.braces(|open| *open = open.saturating_sub(1));
                (Kind::CloseBrace, 1)
            }
            b'(' | b'[' => (Kind::Open, 1),
            b')' | b']' => (Kind::Close, 1),
            _ => match ident_end(rest, 0) {
                0 => sign(rest),
                end => (Kind::Name, end),
            },
        };
        self.push(kind, length);
    }

    fn braces(&mut self, change: impl FnOnce(&mut usize)) {
        if let Some(Around::Code(open)) = self.around.last_mut() {
            change(open);
        }
    }

    /// True at the `}` or `~}` of an interpolation or directive.
    fn ends_template(&self, rest: &str) -> bool {
        self.around.len() > 1 && matches!(self.around.last(), Some(Around::Code(0))) && (rest.starts_with('}') || rest.starts_with("~}"))
    }

    /// The length of `${` or `%{` at a place, with its `~`.
    fn opening(rest: &str) -> Option<(Kind, usize)> {
        let kind = match rest.as_bytes() {
            [b'$', b'{', ..] => Kind::OpenInterpolation,
            [b'%', b'{', ..] => Kind::OpenDirective,
            _ => return None,
        };
        Some((kind, 2 + usize::from(rest[2..].starts_with('~'))))
    }

    fn open_template(&mut self, (kind, length): (Kind, usize)) {
        self.push(kind, length);
        self.around.push(Around::Code(0));
    }

    fn quoted(&mut self) {
        let rest = self.rest();
        let mut end = 0;
        while let Some(byte) = rest.as_bytes().get(end) {
            match byte {
                b'"' => break,
                b'\\' => end += 2,
                _ if is_escaped(&rest[end..]) => end += 3,
                _ if Self::opening(&rest[end..]).is_some() => break,
                _ => end += rest[end..].chars().next().map_or(1, char::len_utf8),
            }
            // A backslash before a character of several bytes.
            while !rest.is_char_boundary(end.min(rest.len())) {
                end += 1;
            }
        }
        let end = end.min(rest.len());
        self.push(Kind::Text, end);
        let rest = self.rest();
        if rest.starts_with('"') {
            self.push(Kind::CloseQuote, 1);
            self.around.pop();
        } else if let Some(opening) = Self::opening(rest) {
            self.open_template(opening);
        }
    }

    fn heredoc(&mut self, marker: &'a str) {
        let rest = self.rest();
        let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let starts_line = self.text[..self.at].ends_with('\n');
        if starts_line && rest[..line].trim() == marker {
            // The newline, and what stands before it, is left to the code around.
            let end = rest[..line].strip_suffix('\n').map_or(line, |text| text.strip_suffix('\r').unwrap_or(text).len());
            self.push(Kind::CloseHeredoc, end);
            self.around.pop();
            return;
        }
        let mut end = 0;
        while end < line {
            if is_escaped(&rest[end..]) {
                end += 3;
            } else if let Some(opening) = Self::opening(&rest[end..]) {
                self.push(Kind::Text, end);
                self.open_template(opening);
                return;
            } else {
                end += rest[end..].chars().next().map_or(1, char::len_utf8);
            }
        }
        self.push(Kind::Text, line);
    }
}

/// `$${` and `%%{` stand for themselves.
fn is_escaped(rest: &str) -> bool {
    rest.starts_with("$${") || rest.starts_with("%%{")
}

/// The marker of a heredoc that begins here, and the length up to its text.
fn heredoc_marker(rest: &str) -> Option<(&str, usize)> {
    let start = 2 + usize::from(rest[2..].starts_with('-'));
    let end = ident_end(rest, start);
    let newline = match rest.as_bytes().get(end..)? {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => return None,
    };
    (end > start).then(|| (&rest[start..end], end + newline))
}

fn number(bytes: &[u8]) -> usize {
    let digits = |from: usize| from + bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let from = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digits(from) > from {
            end = digits(from);
        }
    }
    end
}

fn sign(rest: &str) -> (Kind, usize) {
    if rest.starts_with("...") {
        return (Kind::Ellipsis, 3);
    }
    if rest.starts_with("::") {
        return (Kind::DoubleColon, 2);
    }
    if ["==", "!=", "<=", ">=", "&&", "||", "=>"].iter().any(|sign| rest.starts_with(sign)) {
        return (Kind::Operator, 2);
    }
    let kind = match rest.as_bytes()[0] {
        b'=' => Kind::Equal,
        b',' => Kind::Comma,
        b'.' => Kind::Dot,
        b'-' => Kind::Minus,
        b'!' => Kind::Not,
        b'+' | b'*' | b'/' | b'%' | b'<' | b'>' | b'?' | b':' => Kind::Operator,
        _ => Kind::Other,
    };
    (kind, rest.chars().next().map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_open;

    const PIECES: &[&str] =
        &["\"", "${", "%{", "}", "~}", "{", "[", "(", ")", "]", "<<EOT\n", "EOT\n", "\n", "\\", "$${", "é", "a", " ", "=", "#", "/*", "~", "\r", "\u{feff}", "<<-", "1."];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the text is, it is cut into tokens, and no byte but spaces is lost.
        #[test]
        fn any_text(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
            let text = pieces.concat();
            is_open(&text);
            let bare = |text: &str| text.replace([' ', '\t', '\r'], "");
            let tokens: String = super::tokens(&text).0.iter().map(|token| token.text.as_ref()).collect();
            prop_assert_eq!(bare(&tokens), bare(&text));
        }
    }

    #[test]
    fn what_goes_on_in_the_next_line() {
        for text in ["[\n", "f(1,\n", "{ a = \"}\"\n", "<<EOT\nx\n", "\"${[\n", "\"${ a\n"] {
            assert!(is_open(text), "{text}");
        }
        for text in ["", "1 +\n", "[1]\n", "]\n", "\"[\n", "<<EOT\n[\nEOT\n", "1 # (\n", "\"(\"\n"] {
            assert!(!is_open(text), "{text}");
        }
    }
}
