//! Directives of templates: reading them, and building the tree of a template from its pieces.

use std::sync::Arc;

use weir_diag::{Diagnostic, Span, did_you_mean};

use super::ast::{Expr, ExprKind, Ident, TemplatePart};
use super::scan::{DEPTH_LIMIT, Parsed, Parser};
use super::template::{Piece, PieceKind, text_value};

/// A directive whose end is still to come.
struct Frame {
    kind: FrameKind,
    /// The parts before it.
    before: Vec<TemplatePart>,
    span: Span,
}

enum FrameKind {
    If { condition: Expr, yes: Option<Vec<TemplatePart>> },
    For { key: Option<Ident>, value: Ident, collection: Expr },
}

impl<'a> Parser<'a> {
    /// Reads `%{…}`.
    #[inline(never)]
    pub(super) fn directive(&mut self) -> Parsed<Piece<'a>> {
        let start = self.at;
        let saved = self.enter(b'}', 2, true);
        let trim_before = self.eat(b'~');
        self.skip();
        let word = self.at;
        let (kind, name) = match self.word() {
            Some("if") => {
                self.skip();
                (PieceKind::If(self.expression()?), "if")
            }
            Some("else") => (PieceKind::Else, "else"),
            Some("endif") => (PieceKind::EndIf, "endif"),
            Some("for") => (self.for_directive()?, "for"),
            Some("endfor") => (PieceKind::EndFor, "endfor"),
            Some(other) => {
                let hint = did_you_mean(other, ["if", "else", "endif", "for", "endfor"]);
                let detail = format!("\"{other}\" is not a valid template control keyword.{hint}");
                return Err(self.error(self.span(word, self.at), "Invalid template control keyword", detail));
            }
            None => {
                let detail = "A template directive keyword (\"if\", \"for\", etc) is expected at the beginning of a %{ sequence. To write \"%{\" \
                              literally, double the sign: \"%%{\".";
                return Err(self.error_here("Invalid template directive", detail));
            }
        };
        let Some(trim_after) = self.close_sequence() else {
            let detail = "Expected a closing brace to end the sequence, but found extra characters.";
            return Err(self.error_here(&format!("Extra characters in {name} marker"), detail));
        };
        self.leave(saved);
        Ok(Piece { kind, span: self.span(start, self.at), trim_before, trim_after })
    }

    #[inline(never)]
    fn for_directive(&mut self) -> Parsed<PieceKind<'a>> {
        const INVALID: &str = "Invalid 'for' directive";
        self.skip();
        let Some(mut value) = self.ident() else {
            return Err(self.error_here(INVALID, "For directive requires variable name after 'for'."));
        };
        let mut key = None;
        self.skip();
        if self.eat(b',') {
            self.skip();
            let Some(second) = self.ident() else {
                return Err(self.error_here(INVALID, "For directive requires a value variable name after the comma."));
            };
            key = Some(std::mem::replace(&mut value, second));
            self.skip();
        }
        let at = self.at;
        if self.word() != Some("in") {
            self.at = at;
            return Err(self.error_here(INVALID, "For directive requires 'in' keyword after names."));
        }
        Ok(PieceKind::For { key, value, collection: self.expression()? })
    }

    /// Builds the tree of a template; `end` is what closes it.
    pub(super) fn assemble(&mut self, mut pieces: Vec<Piece<'a>>, end: Span) -> ExprKind {
        trim(&mut pieces);
        self.assemble_trimmed(pieces, end)
    }

    /// Builds the tree of a template of which the text is final.
    pub(super) fn assemble_trimmed(&mut self, pieces: Vec<Piece<'a>>, end: Span) -> ExprKind {
        if let [Piece { kind: PieceKind::Text(text), .. }] = &*pieces {
            return ExprKind::Literal(text_value(text));
        }
        if pieces.iter().all(|piece| matches!(piece.kind, PieceKind::Text(_))) {
            let mut whole = String::with_capacity(pieces.iter().map(|piece| (piece.span.end - piece.span.start) as usize).sum());
            for piece in &pieces {
                if let PieceKind::Text(text) = &piece.kind {
                    whole.push_str(text);
                }
            }
            return ExprKind::Literal(text_value(&whole));
        }
        // An error in a directive leaves others without their counterparts.
        let broken = pieces.iter().any(|piece| matches!(piece.kind, PieceKind::Broken));
        let errors = self.errors;
        let parts = self.tree(pieces, end, broken);
        if broken || self.errors > errors { ExprKind::Invalid } else { ExprKind::Template(parts) }
    }

    #[inline(never)]
    fn tree(&mut self, pieces: Vec<Piece<'a>>, end: Span, mut broken: bool) -> Vec<TemplatePart> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut parts: Vec<TemplatePart> = Vec::new();
        let mut text: Option<String> = None;
        for Piece { kind, span, .. } in pieces {
            let kind = match kind {
                PieceKind::Text(line) => {
                    match &mut text {
                        Some(text) => text.push_str(&line),
                        None => text = Some(line.into_owned()),
                    }
                    continue;
                }
                kind => kind,
            };
            parts.extend(text.take().map(|text| TemplatePart::Literal(Arc::from(text))));
            if self.depth + frames.len() >= DEPTH_LIMIT {
                self.nested_too_deeply();
                self.abandoned = false;
                self.too_deep = false;
                return parts;
            }
            match kind {
                PieceKind::Text(_) | PieceKind::Broken => {}
                PieceKind::Interpolation(expr) => parts.push(TemplatePart::Interpolation(expr)),
                PieceKind::If(condition) => {
                    let before = std::mem::take(&mut parts);
                    frames.push(Frame { kind: FrameKind::If { condition, yes: None }, before, span });
                }
                PieceKind::For { key, value, collection } => {
                    let before = std::mem::take(&mut parts);
                    frames.push(Frame { kind: FrameKind::For { key, value, collection }, before, span });
                }
                PieceKind::Else => match frames.last_mut().map(|frame| &mut frame.kind) {
                    Some(FrameKind::If { yes: yes @ None, .. }) => *yes = Some(std::mem::take(&mut parts)),
                    _ if broken => {}
                    _ => {
                        self.unexpected("else", span, frames.last());
                        broken = true;
                    }
                },
                PieceKind::EndIf | PieceKind::EndFor => {
                    let wanted = matches!(kind, PieceKind::EndIf);
                    match frames.pop() {
                        Some(frame) if wanted == matches!(frame.kind, FrameKind::If { .. }) => {
                            let inner = std::mem::replace(&mut parts, frame.before);
                            parts.push(close(frame.kind, inner, frame.span));
                        }
                        frame => {
                            if !broken {
                                self.unexpected(if wanted { "endif" } else { "endfor" }, span, frame.as_ref());
                                broken = true;
                            }
                            frames.extend(frame);
                        }
                    }
                }
            }
        }
        parts.extend(text.map(|text| TemplatePart::Literal(Arc::from(text))));
        if let Some(frame) = frames.pop()
            && !broken
        {
            let name = frame.kind.name();
            let line = self.line_number(frame.span.start as usize);
            let detail = format!("The {name} directive at line {line} is missing its corresponding end{name} directive.");
            self.report(Diagnostic::error("Unexpected end of template", detail).at(end).label(frame.span, "this directive is not ended"));
        }
        parts
    }

    /// Reports a directive that has no place where it stands.
    fn unexpected(&mut self, name: &str, span: Span, frame: Option<&Frame>) {
        let detail = match frame {
            None => "The control directives within this template are unbalanced: no directive is open here.".to_owned(),
            Some(frame) => {
                let line = self.line_number(frame.span.start as usize);
                match (&frame.kind, name) {
                    (FrameKind::If { .. }, "else") => format!("Already in the else clause for the if started at line {line}."),
                    (FrameKind::For { .. }, "else") => "An else clause is not expected for a for directive.".to_owned(),
                    (FrameKind::If { .. }, _) => format!("Expecting an endif directive for the if started at line {line}."),
                    (FrameKind::For { .. }, _) => format!("Expecting an endfor directive corresponding to the for directive at line {line}."),
                }
            }
        };
        let mut diagnostic = Diagnostic::error(format!("Unexpected {name} directive"), detail).at(span);
        if let Some(frame) = frame {
            diagnostic = diagnostic.label(frame.span, "this directive is open");
        }
        self.report(diagnostic);
    }
}

impl FrameKind {
    fn name(&self) -> &'static str {
        match self {
            Self::If { .. } => "if",
            Self::For { .. } => "for",
        }
    }
}

/// The part that a directive and its content make.
fn close(kind: FrameKind, inner: Vec<TemplatePart>, span: Span) -> TemplatePart {
    match kind {
        FrameKind::If { condition, yes: None } => TemplatePart::If { condition, yes: inner, no: Vec::new(), span },
        FrameKind::If { condition, yes: Some(yes) } => TemplatePart::If { condition, yes, no: inner, span },
        FrameKind::For { key, value, collection } => TemplatePart::For { key, value, collection, body: inner, span },
    }
}

/// Does what `~` asks for. Only the piece of text next to it is concerned: in a heredoc, what is left of that line, its newline included.
pub(super) fn trim(pieces: &mut [Piece<'_>]) {
    for at in 0..pieces.len() {
        if pieces[at].trim_before
            && at > 0
            && let PieceKind::Text(text) = &mut pieces[at - 1].kind
        {
            let kept = text.trim_end().len();
            text.to_mut().truncate(kept);
        }
        if pieces[at].trim_after
            && let Some(Piece { kind: PieceKind::Text(text), .. }) = pieces.get_mut(at + 1)
        {
            *text = text.trim_start().to_owned().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::tree;

    #[test]
    fn directives() {
        for (text, expected) in [
            (r#""%{ if a }b%{ endif }""#, r#"`%if a["b"][]"#),
            (r#""x%{if a}b%{else}c%{endif}y""#, r#"`"x"%if a["b"]["c"]"y""#),
            (r#""a %{ if t ~} b %{~ else ~} c %{~ endif } d""#, r#"`"a "%if t["b"]["c"]" d""#),
            (r#""%{ for i in l }${i},%{ endfor }""#, r#"`%for i in l[${i}","]"#),
            (r#""%{ for k, v in m }%{ if k }${v}%{ endif }%{ endfor }""#, "`%for k,v in m[%if k[${v}][]]"),
            (r#""%{ for i in l ~} ${i} %{~ endfor }""#, r#"`%for i in l[""${i}""]"#),
            (r#""%{ for x in ["a}"] }%{ endfor }""#, r#"`%for x in ["a}"][]"#),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }
}
