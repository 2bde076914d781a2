//! Heredocs: `<<EOT` and `<<-EOT`.

use weir_diag::Diagnostic;

use super::ast::{Expr, ExprKind};
use super::directive::trim;
use super::scan::{Failed, Parsed, Parser, ident_end};
use super::template::{End, Piece, PieceKind, text_value};

/// Where a marker stands in the source.
pub(super) struct Marker {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Parser<'a> {
    /// Reads a heredoc; the position is left behind its end marker.
    #[inline(never)]
    pub(super) fn heredoc(&mut self) -> Parsed<Expr> {
        let start = self.at;
        let dash = self.byte(start + 2) == b'-';
        let name = start + 2 + usize::from(dash);
        let end = ident_end(self.text, name);
        let line_end = self.line_end(end);
        if end == name || !self.text[end..line_end].trim_end_matches('\r').is_empty() || line_end == self.bytes.len() {
            return Err(self.malformed_heredoc(name, end, line_end));
        }
        let marker = &self.text[name..end];
        self.at = start;
        let saved = self.enter(b'"', line_end + 1 - start, false);
        let pieces = self.pieces(End::Heredoc(marker), start);
        self.leave(saved);
        let mut pieces = match pieces {
            Ok(pieces) => pieces,
            Err(failed) if self.stopped || self.too_deep => return Err(failed),
            Err(Failed) => return Ok(Expr { kind: ExprKind::Invalid, span: self.span(start, self.at) }),
        };
        let last = self.at;
        self.at += self.marker_length(marker).unwrap_or(0);
        let span = self.span(start, self.at);
        let kind = if !dash && pieces.iter().all(|piece| matches!(&piece.kind, PieceKind::Text(std::borrow::Cow::Borrowed(_)))) {
            ExprKind::Literal(text_value(&self.text[line_end + 1..last]))
        } else {
            trim(&mut pieces);
            if dash {
                outdent(&mut pieces);
            }
            self.assemble_trimmed(pieces, self.span(last, self.at))
        };
        Ok(Expr { kind, span })
    }

    /// Reports a `<<` that begins no heredoc, and skips the text that was meant to be one.
    fn malformed_heredoc(&mut self, name: usize, end: usize, line_end: usize) -> Failed {
        let start = self.at;
        // The marker that was meant: perhaps after a space, perhaps in quotes.
        let from = name + self.bytes[name..line_end].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'"' | b'\'')).count();
        let marker = &self.text[from..ident_end(self.text, from)];
        let detail = if end > name && line_end < self.bytes.len() {
            format!("The marker \"{marker}\" of a multi-line string must end its line: the text begins on the next one.")
        } else {
            "A multi-line string begins with \"<<\" or \"<<-\", immediately followed by a marker such as EOT without quotes, and nothing else on that \
             line."
                .to_owned()
        };
        let failed = self.error(self.span(start, start + 1), "Invalid expression", detail);
        let found = if marker.is_empty() { None } else { self.find_marker(marker, line_end) };
        self.spend(found.as_ref().map_or(self.bytes.len(), |marker| marker.end) - start);
        self.at = found.map_or(line_end, |marker| marker.end);
        failed
    }

    /// The length of the line at the position up to the end of the marker, if the line holds nothing else.
    #[inline]
    pub(super) fn marker_length(&self, marker: &str) -> Option<usize> {
        let mut at = self.at;
        while matches!(self.byte(at), b' ' | b'\t') {
            at += 1;
        }
        if !self.bytes[at..].starts_with(marker.as_bytes()) {
            return None;
        }
        at += marker.len();
        let length = at - self.at;
        while matches!(self.byte(at), b' ' | b'\t' | b'\r') {
            at += 1;
        }
        (at >= self.bytes.len() || self.byte(at) == b'\n').then_some(length)
    }

    /// The first line after a place that holds only the marker.
    pub(super) fn find_marker(&self, marker: &str, after: usize) -> Option<Marker> {
        self.marker_lines(marker, after).find_map(|(marker, alone)| alone.then_some(marker))
    }

    /// The lines after a place that begin with the marker; true where nothing else stands on the line.
    fn marker_lines(&self, marker: &str, after: usize) -> impl Iterator<Item = (Marker, bool)> {
        let mut line = after;
        std::iter::from_fn(move || {
            while line < self.bytes.len() {
                let next = self.line_end(line + 1);
                let content = &self.text[line + 1..next];
                let start = line + 1 + content.len() - content.trim_start().len();
                line = next;
                if let Some(rest) = content.trim_start().strip_prefix(marker) {
                    let same = !rest.starts_with(|character: char| character.is_alphanumeric() || character == '_');
                    if same {
                        return Some((Marker { start, end: start + marker.len() }, rest.trim().is_empty()));
                    }
                }
                if next >= self.bytes.len() {
                    break;
                }
            }
            None
        })
    }

    /// Reports a heredoc without its end marker. If a line begins with the marker, that was probably meant, and reading goes on behind it.
    pub(super) fn unterminated_heredoc(&mut self, marker: &str, opened: usize) -> Failed {
        let near = self.marker_lines(marker, self.line_end(opened)).next().map(|(marker, _)| marker);
        let mut diagnostic =
            Diagnostic::error("Unterminated template string", format!("No closing marker was found for the string. It ends with a line that holds only \"{marker}\"."))
                .at(self.span(self.at, self.at))
                .label(self.span(opened, self.line_end(opened)), "the string begins here");
        if let Some(near) = &near {
            diagnostic = diagnostic.label(self.span(near.start, near.end), "this does not end it, since more text stands on the line");
        }
        let failed = self.report(diagnostic);
        self.spend(self.at - opened);
        match near {
            Some(near) => {
                self.at = near.end;
                self.forgive = true;
            }
            None => self.stopped = true,
        }
        failed
    }
}

/// Removes the indentation that all lines have in common.
///
/// What begins a line is a piece of text that follows a newline, where trimming by `~` may have taken the newline away. Blank lines do not count
/// and stay as they are; a sequence at the very start of a line leaves nothing in common.
fn outdent(pieces: &mut [Piece<'_>]) {
    let starts = |pieces: &[Piece<'_>]| {
        let mut line_start = true;
        let mut found = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            let begins = std::mem::replace(&mut line_start, matches!(&piece.kind, PieceKind::Text(text) if text.ends_with('\n')));
            if begins {
                found.push(at);
            }
        }
        found
    };
    let indent = |piece: &Piece<'_>| match &piece.kind {
        PieceKind::Text(text) if text.ends_with('\n') && text.trim().is_empty() => None,
        PieceKind::Text(text) => Some(text.chars().take_while(|character| character.is_whitespace()).count()),
        _ => Some(0),
    };
    let starts = starts(pieces);
    let common = starts.iter().filter_map(|at| indent(&pieces[*at])).min().unwrap_or(0);
    if common == 0 {
        return;
    }
    for at in starts {
        if indent(&pieces[at]).is_some()
            && let PieceKind::Text(text) = &mut pieces[at].kind
        {
            let cut = text.char_indices().nth(common).map_or(text.len(), |(at, _)| at);
            match text {
                std::borrow::Cow::Borrowed(line) => *text = line[cut..].into(),
                std::borrow::Cow::Owned(line) => drop(line.drain(..cut)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::tree;

    /// Expected texts are what `terraform` 1.11 makes of the same heredocs.
    #[test]
    fn texts() {
        for (text, expected) in [
            ("<<EOT\na\n  b\nEOT", "a\n  b\n"),
            ("<<EOT\nEOT", ""),
            ("<<EOT\n\nEOT", "\n"),
            ("<<EOT\na\\n\"b\" $${x} %%{y} \\u0041\nEOT", "a\\n\"b\" ${x} %{y} \\u0041\n"),
            ("<<EOT\na EOT\nEOTX\n  EOT  ", "a EOT\nEOTX\n"),
            ("<<EOT\n$\n$$\n%\n%%\n$ {\nEOT", "$\n$$\n%\n%%\n$ {\n"),
            ("<<EOT\r\na\r\n  b\r\nEOT\r", "a\r\n  b\r\n"),
            ("<<-EOT\n    a\n      b\n    EOT", "a\n  b\n"),
            ("<<-EOT\r\n    a\r\n      b\r\n    EOT\r", "a\r\n  b\r\n"),
            ("<<-EOT\n    a\n\n      b\n  EOT", "a\n\n  b\n"),
            ("<<-EOT\n\ta\n\t    b\n  EOT", "a\n    b\n"),
            ("<<-EOT\n  EOT", ""),
            // Blank lines stay as they are.
            ("<<-EOT\n    a\n  \n    b\n  EOT", "a\n  \nb\n"),
            ("<<-EOT\n    a\n     \n    b\n  EOT", "a\n     \nb\n"),
            // Indentation is counted in characters of any white space.
            ("<<-EOT\n    a\n　　b\n  EOT", "  a\nb\n"),
            ("<<-EOT\n  \ta\n \t b\n  EOT", "a\nb\n"),
            ("<<-EOT\n    a\n    $${x}\n  %%{x}\n  EOT", "  a\n  ${x}\n%{x}\n"),
        ] {
            assert_eq!(tree(text), format!("{expected:?}"), "{text}");
        }
    }

    #[test]
    fn indentation_around_sequences() {
        for (text, expected) in [
            ("<<-EOT\n    a\n      ${x}\n  EOT", r#"`"a\n  "${x}"\n""#),
            ("<<-EOT\n     ${x}\n    a\n  EOT", r#"`" "${x}"\na\n""#),
            // A sequence at the start of a line leaves nothing in common.
            ("<<-EOT\n    a\n${x}\n  EOT", r#"`"    a\n"${x}"\n""#),
            ("<<-EOT\n    a\n%{ if t }\n    b\n%{ endif }\n  EOT", r#"`"    a\n"%if t["\n    b\n"][]"\n""#),
            ("<<-EOT\n    %{ if t }\n      yes\n    %{ endif }\n  EOT", r#"`""%if t["\n  yes\n"][]"\n""#),
            // So does one that ate the spaces before it; one that ate the newline behind it hides the start of the next line.
            ("<<-EOT\n    a\n    ${~ x }\n    b\n  EOT", r#"`"    a\n"${x}"\n    b\n""#),
            ("<<-EOT\n    a\n    ${x ~}\n    b\n  EOT", r#"`"a\n"${x}"    b\n""#),
            ("<<-EOT\n    a\n    %{ if t ~}\n    b\n    %{ endif ~}\n    c\n  EOT", r#"`"a\n"%if t["    b\n"][]"    c\n""#),
            ("<<-EOT\n    a\n    ${x ~}\n\n    b\n  EOT", r#"`"a\n"${x}"\nb\n""#),
            // Trimming concerns one line.
            ("<<EOT\n%{ for i in l ~}\n\n  \n  ${i}\n%{ endfor ~}\nz\nEOT", r#"`%for i in l["\n  \n  "${i}"\n"]"z\n""#),
            ("<<EOT\n  ${~ x ~}  \n  ${~ x ~}\nEOT", r#"`""${x}""${x}"""#),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }

    #[test]
    fn in_brackets() {
        assert_eq!(tree("[<<A\nx\nA\n, <<-B\n  y\n  B\n]"), r#"["x\n" "y\n"]"#);
        assert_eq!(tree("f(\n<<A\nx\nA\n)"), r#"f("x\n")"#);
        assert_eq!(tree("<<A\na ${<<-X\n     b\n    X\n} c\nA"), r#"`"a "${"b\n"}" c\n""#);
    }
}
