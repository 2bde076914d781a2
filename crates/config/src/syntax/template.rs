//! Templates: text with escapes, interpolations and directives, cut into pieces.

use std::borrow::Cow;

use weir_diag::Span;
use weir_value::Value;

use super::ast::{Expr, ExprKind, Ident};
use super::recover::{Separator, Sync};
use super::scan::{Failed, Parsed, Parser};

/// What ends a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End<'a> {
    /// A quote; newlines may not occur before it.
    Quote,
    /// A line that holds only this marker.
    Heredoc(&'a str),
    /// The end of the text.
    Text,
}

/// A piece of a template before the directives are matched with each other.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) kind: PieceKind<'a>,
    /// With its braces.
    pub(super) span: Span,
    /// It has `~` at its start: the text before it loses its trailing spaces.
    pub(super) trim_before: bool,
    /// It has `~` at its end: the text behind it loses its leading spaces.
    pub(super) trim_after: bool,
}

/// The kinds of piece.
#[derive(Debug)]
pub(super) enum PieceKind<'a> {
    /// Text with escapes resolved. In a heredoc or file each line is a piece; trimming and the removal of indentation go by these pieces.
    Text(Cow<'a, str>),
    Interpolation(Expr),
    If(Expr),
    Else,
    EndIf,
    For {
        key: Option<Ident>,
        value: Ident,
        collection: Expr,
    },
    EndFor,
    /// A directive that could not be read; what belongs to it is not known.
    Broken,
}

/// Bytes of a quoted string that mean something else than themselves.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let special = b"\"\\$%\n";
    let mut at = 0;
    while at < special.len() {
        table[special[at] as usize] = true;
        at += 1;
    }
    table
};

/// A string value; normalised to NFC, which ASCII always is.
pub(super) fn text_value(text: &str) -> Value {
    if text.is_ascii() { Value::String(text.into()) } else { Value::string(text) }
}

/// The text between two pieces while it is read.
struct Text<'a> {
    start: usize,
    /// What was read before `start`, when it is not the same as in the source.
    owned: Option<String>,
    /// Where the piece begins in the source.
    from: usize,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Parser<'a> {
    /// Reads a quoted template.
    pub(super) fn quoted(&mut self) -> Parsed<Expr> {
        let start = self.at;
        let mut at = start + 1;
        // Most strings are plain text.
        loop {
            while at < self.bytes.len() && !SPECIAL[self.bytes[at] as usize] {
                at += 1;
            }
            match self.byte(at) {
                b'$' | b'%' if !matches!(self.byte(at + 1), b'{' | b'$' | b'%') => at += 1,
                _ => break,
            }
        }
        if self.byte(at) == b'"' {
            self.at = at + 1;
            return Ok(Expr { kind: ExprKind::Literal(text_value(&self.text[start + 1..at])), span: self.span(start, self.at) });
        }
        let saved = self.enter(b'"', 1, false);
        let pieces = self.pieces(End::Quote, start);
        self.leave(saved);
        let pieces = pieces?;
        let end = self.at;
        self.at += 1;
        let kind = self.assemble(pieces, self.span(end, end + 1));
        Ok(Expr { kind, span: self.span(start, self.at) })
    }

    /// Reads a text that is one template.
    pub(super) fn lone_template(&mut self) -> Expr {
        self.at = 0;
        let kind = match self.pieces(End::Text, 0) {
            Ok(pieces) => self.assemble(pieces, self.span(self.at, self.at)),
            Err(Failed) => ExprKind::Invalid,
        };
        Expr { kind: if self.errors == 0 { kind } else { ExprKind::Invalid }, span: self.span(0, self.bytes.len()) }
    }

    /// Reads up to what ends the template, which is not taken.
    #[inline(never)]
    pub(super) fn pieces(&mut self, end: End<'a>, opened: usize) -> Parsed<Vec<Piece<'a>>> {
        let mut text = Text { start: self.at, owned: None, from: self.at, pieces: Vec::new() };
        let mut line_start = true;
        loop {
            if line_start
                && let End::Heredoc(marker) = end
                && self.marker_length(marker).is_some()
            {
                self.flush(&mut text);
                return Ok(text.pieces);
            }
            line_start = false;
            while self.at < self.bytes.len() && !SPECIAL[self.bytes[self.at] as usize] {
                self.at += 1;
            }
            match self.peek() {
                _ if self.at_end() => {
                    if end != End::Text {
                        return Err(self.unterminated(end, opened));
                    }
                    self.flush(&mut text);
                    return Ok(text.pieces);
                }
                b'"' if end == End::Quote => {
                    self.flush(&mut text);
                    return Ok(text.pieces);
                }
                b'\n' if end == End::Quote => return Err(self.unterminated(end, opened)),
                b'\n' => {
                    self.at += 1;
                    self.flush(&mut text);
                    line_start = true;
                }
                b'\\' if end == End::Quote => self.escape(&mut text),
                sign @ (b'$' | b'%') => {
                    let next = self.byte(self.at + 1);
                    if next == b'{' {
                        self.flush(&mut text);
                        let start = self.at;
                        let saved = self.save();
                        let piece = if sign == b'$' { self.interpolation() } else { self.directive() };
                        match piece {
                            Ok(piece) => text.pieces.push(piece),
                            Err(failed) => {
                                let found = self.after_broken_sequence(start, end);
                                self.leave(saved);
                                found.ok_or(failed)?;
                                let span = self.span(start, self.at);
                                text.pieces.push(Piece { kind: PieceKind::Broken, span, trim_before: false, trim_after: false });
                            }
                        }
                        text.start = self.at;
                        text.from = self.at;
                    } else if next == sign && self.byte(self.at + 2) == b'{' {
                        // `$${` stands for `${`.
                        self.at += 1;
                        self.replace(&mut text, self.at - 1, "");
                        self.at += 2;
                    } else {
                        self.at += 1;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// Makes a piece of the text read so far.
    fn flush(&self, text: &mut Text<'a>) {
        let last = &self.text[text.start..self.at];
        if text.owned.is_some() || !last.is_empty() {
            let content = match text.owned.take() {
                Some(mut owned) => {
                    owned.push_str(last);
                    Cow::Owned(owned)
                }
                None => Cow::Borrowed(last),
            };
            let span = self.span(text.from, self.at);
            text.pieces.push(Piece { kind: PieceKind::Text(content), span, trim_before: false, trim_after: false });
        }
        text.start = self.at;
        text.from = self.at;
    }

    /// Puts something else in the place of the source from `from` to the position.
    fn replace(&self, text: &mut Text<'a>, from: usize, by: &str) {
        let owned = text.owned.get_or_insert_default();
        owned.push_str(&self.text[text.start..from]);
        owned.push_str(by);
        text.start = self.at;
    }

    /// Reads an escape sequence.
    #[inline(never)]
    fn escape(&mut self, text: &mut Text<'a>) {
        let start = self.at;
        let selector = self.text[start + 1..].chars().next().unwrap_or('\n');
        let digits = match selector {
            'u' => 4,
            'U' => 8,
            '\n' => {
                // The string ends here, which is said by the caller.
                self.at += 1;
                return;
            }
            _ => {
                self.at += 1 + selector.len_utf8();
                let by = match selector {
                    'n' => "\n",
                    'r' => "\r",
                    't' => "\t",
                    '"' => "\"",
                    '\\' => "\\",
                    _ => {
                        let hint = match selector {
                            '$' | '%' => format!(" To write \"{selector}{{\" literally, double the sign: \"{selector}{selector}{{\"."),
                            _ => " To write a backslash, double it.".to_owned(),
                        };
                        let detail = format!("The symbol \"{}\" is not a valid escape sequence selector.{hint}", selector.escape_debug());
                        self.error(self.span(start, self.at), "Invalid escape sequence", detail);
                        ""
                    }
                };
                self.replace(text, start, by);
                return;
            }
        };
        let from = start + 2;
        let found = self.bytes[from..].iter().take(digits).take_while(|byte| byte.is_ascii_hexdigit()).count();
        self.at = from + found;
        let span = self.span(start, self.at);
        let code = u32::from_str_radix(&self.text[from..self.at], 16).unwrap_or(0);
        let mut buffer = [0; 4];
        let by = if found < digits {
            let number = if digits == 4 { "four" } else { "eight" };
            let detail = format!("The \\{selector} escape sequence must be followed by {number} hexadecimal digits.");
            self.error(span, "Invalid escape sequence", detail);
            ""
        } else if let Some(character) = char::from_u32(code) {
            &*character.encode_utf8(&mut buffer)
        } else {
            self.error(span, "Invalid escape sequence", format!("Cannot encode character U+{code:04x} in UTF-8."));
            ""
        };
        self.replace(text, start, by);
    }

    /// Reads `${…}`.
    #[inline(never)]
    fn interpolation(&mut self) -> Parsed<Piece<'a>> {
        let start = self.at;
        let saved = self.enter(b'}', 2, true);
        let trim_before = self.eat(b'~');
        self.skip();
        let expr = self.expression()?;
        let trim_after = match self.close_sequence() {
            Some(trim) => trim,
            None => {
                if self.quote_ends_here() {
                    self.error(
                        self.span(start, start + 2),
                        "Unclosed template interpolation sequence",
                        "There is no closing brace for this interpolation sequence before the end of the quoted template. This might be caused by \
                         incorrect nesting inside the given expression.",
                    );
                    self.leave(saved);
                    return Ok(Piece { kind: PieceKind::Broken, span: self.span(start, self.at), trim_before, trim_after: false });
                }
                let detail = "Expected a closing brace to end the interpolation expression, but found extra characters.\n\nThis can happen when you \
                              include interpolation syntax for another language, such as shell scripting, but forget to escape the interpolation \
                              start token. If this is an embedded sequence for another language, escape it by starting with \"$${\" instead of \
                              just \"${\".";
                return Err(self.error_here("Extra characters after interpolation expression", detail));
            }
        };
        self.leave(saved);
        Ok(Piece { kind: PieceKind::Interpolation(expr), span: self.span(start, self.at), trim_before, trim_after })
    }

    /// Takes the brace that closes a sequence; true when a `~` stands before it.
    pub(super) fn close_sequence(&mut self) -> Option<bool> {
        self.skip();
        if self.eat(b'}') {
            return Some(false);
        }
        let trim = self.peek() == b'~' && self.byte(self.at + 1) == b'}';
        self.at += if trim { 2 } else { 0 };
        trim.then_some(true)
    }

    /// True when the quote at the position is rather the end of the string around the sequence than the beginning of another one.
    fn quote_ends_here(&self) -> bool {
        let inside = self.open.iter().rev().nth(1).is_some_and(|open| open.close == b'"');
        if !inside || self.peek() != b'"' {
            return false;
        }
        let rest = self.text[self.at + 1..self.line_end(self.at)].trim_start();
        rest.is_empty() || rest.starts_with([',', ')', ']', '}', '#'])
    }

    /// Goes on behind a sequence that could not be read: after its brace, or in a heredoc after its line.
    fn after_broken_sequence(&mut self, start: usize, end: End<'a>) -> Option<()> {
        // The bracket of the sequence is still the innermost one, since it was left by way of an error.
        if self.resync(Separator::Line) == Sync::Closed {
            return Some(());
        }
        if self.too_deep || self.stopped {
            return None;
        }
        let line_end = self.line_end(start);
        if end == End::Quote {
            self.at = self.at.min(line_end).max(start);
            return None;
        }
        self.abandoned = false;
        self.at = line_end;
        Some(())
    }

    /// Reports that a template is not closed.
    #[inline(never)]
    fn unterminated(&mut self, end: End<'a>, opened: usize) -> Failed {
        let place = self.span(self.at, self.at + usize::from(!self.at_end()));
        let detail = match end {
            End::Heredoc(marker) => return self.unterminated_heredoc(marker, opened),
            _ if self.at_end() => "No closing marker was found for the string.",
            _ => {
                "No closing marker was found for the string before the end of the line. Quoted strings may not be split over multiple lines: add the \
                 missing quote, or, to produce a multi-line string, use the \\n escape or the \"heredoc\" syntax, like \"<<EOT\"."
            }
        };
        let diagnostic = weir_diag::Diagnostic::error("Unterminated template string", detail).at(place);
        let failed = self.report(diagnostic.label(self.span(opened, opened + 1), "the string begins here"));
        // An interpolation over several lines may have led here: go on behind the line where the string begins, if the string was not meant to
        // go on there.
        let line_end = self.line_end(opened);
        self.spend(self.at - opened);
        self.at = self.end_of_split_string(line_end).unwrap_or(self.at.min(line_end));
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{show, tree};
    use super::super::parse_template;
    use weir_diag::Sources;

    #[test]
    fn quoted() {
        for (text, expected) in [
            (r#""""#, r#""""#),
            (r#""a\r\n\tb\"\\""#, r#""a\r\n\tb\"\\""#),
            (r#""\u00e9\U0001F600""#, r#""é😀""#),
            // Composed, as every string.
            ("\"e\u{301}\"", r#""é""#),
            (r#""$${a}""#, r#""${a}""#),
            (r#""$$${a}""#, r#""$${a}""#),
            (r#""$$$${a}""#, r#""$$${a}""#),
            (r#""%%{a}%%%{a}""#, r#""%{a}%%{a}""#),
            (r#""$ $$ $x % %% a$""#, r#""$ $$ $x % %% a$""#),
            (r#""$${${x}""#, r#"`"${"${x}"#),
            (r#""${x}""#, "`${x}"),
            (r#""${x}$""#, r#"`${x}"$""#),
            (r#""a${"b${c}"}d""#, r#"`"a"${`"b"${c}}"d""#),
            ("\"${ # c }\n x /* } */\n}\"", "`${x}"),
            (r#""${{a = 1}.a}${"}"}""#, r#"`${{"a"=1}.a}${"}"}"#),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }

    #[test]
    fn trimming() {
        for (text, expected) in [
            (r#""a ${~ x ~} b""#, r#"`"a"${x}"b""#),
            (r#""a  \n   ${~x~}  \n  \tb""#, r#"`"a"${x}"b""#),
            (r#""a  $${  ${~x~}  $${  b""#, r#"`"a  ${"${x}"${  b""#),
            (r#""${x~}  ${~y}""#, r#"`${x}""${y}"#),
            // The empty text remains, since it makes the result a string.
            (r#""  ${~x}""#, r#"`""${x}"#),
            (r#""${x~}${y}  ${z}""#, r#"`${x}${y}"  "${z}"#),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }

    #[test]
    fn a_lone_template_trims_by_lines() {
        let check = |text: &str, expected: &str| {
            let mut sources = Sources::new();
            let id = sources.add("a.tftpl", text);
            let (expr, diagnostics) = parse_template(&sources, id);
            assert!(diagnostics.is_empty(), "{diagnostics:?}");
            assert_eq!(show(&expr), expected, "{text}");
        };
        check("", r#""""#);
        check("a \\n \"b\"\n$${x}\n", r#""a \\n \"b\"\n${x}\n""#);
        check("%{ for i in l ~}\n\n  ${i}\n%{ endfor ~}\n  z", r#"`%for i in l["\n  "${i}"\n"]"  z""#);
        check("a\n\n  ${~x ~}\n  b", r#"`"a\n\n"${x}"  b""#);
    }
}
