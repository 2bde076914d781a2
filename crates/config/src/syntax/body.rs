//! Bodies: arguments and blocks.

use std::collections::HashMap;
use std::sync::Arc;

use weir_diag::{Diagnostic, Span};
use weir_value::Value;

use super::ast::{Attribute, Block, Body, Expr, ExprKind, Ident, TemplatePart};
use super::scan::{Failed, Open, Parsed, Parser};

/// A body being read, with the names that its arguments have so far.
struct Reading {
    body: Body,
    names: HashMap<Arc<str>, Span>,
    /// True after an argument on the line of the opening brace, when that was already found wrong.
    one_line: bool,
}

/// From so many arguments on, names are looked up in a map.
const FEW: usize = 16;

impl Reading {
    fn new() -> Self {
        Self { body: Body::default(), names: HashMap::new(), one_line: false }
    }

    fn defined(&self, name: &str) -> Option<Span> {
        if self.names.is_empty() {
            return self.body.attribute(name).map(|attribute| attribute.name.span);
        }
        self.names.get(name).copied()
    }

    fn add(&mut self, attribute: Attribute) {
        let name = &attribute.name;
        if !self.names.is_empty() {
            self.names.insert(name.name.clone(), name.span);
        } else if self.body.attributes.len() == FEW {
            let all = self.body.attributes.iter().map(|other| &other.name).chain([name]);
            self.names = all.map(|name| (name.name.clone(), name.span)).collect();
        }
        self.body.attributes.push(attribute);
    }
}

/// How far the header of a block that holds an error can be used.
enum Header {
    /// It is complete, and a brace is next.
    Whole,
    /// It is not complete. If a brace is next, it opens the body.
    Broken,
    /// The brace is missing, but a body seems to follow.
    NoBrace,
}

impl Parser<'_> {
    /// Reads a whole file.
    pub(super) fn file(&mut self) -> Body {
        let start = self.at;
        let mut reading = Reading::new();
        loop {
            self.items(&mut reading);
            if self.at_end() {
                break;
            }
            // A closing brace.
            if self.lost > 0 {
                self.lost -= 1;
            } else {
                self.error_here(
                    "Argument or block definition required",
                    "An argument or block definition is required here. This closing brace has no opening one: remove it, or look for a block above \
                     that was closed too early.",
                );
            }
            self.at += 1;
        }
        reading.body.span = self.span(start, self.at);
        reading.body
    }

    /// Reads items up to a closing brace or the end of the file.
    #[inline(never)]
    fn items(&mut self, reading: &mut Reading) {
        loop {
            self.skip_lines();
            if self.stopped {
                self.at = self.bytes.len();
            }
            if self.at_end() || self.peek() == b'}' {
                return;
            }
            match self.ident() {
                Some(name) => self.item(name, reading),
                None => self.not_an_item(),
            }
        }
    }

    fn item(&mut self, name: Ident, reading: &mut Reading) {
        self.skip();
        match self.peek() {
            b'=' if !matches!(self.byte(self.at + 1), b'=' | b'>') => {
                self.at += 1;
                if self.attribute(name, reading).is_ok() {
                    self.end_of_argument(reading.one_line);
                }
            }
            b'{' | b'"' | b'\'' | b'`' => self.block(name, reading),
            _ if self.at_ident() => self.block(name, reading),
            _ => self.not_a_definition(&name),
        }
    }

    /// Reads the value of an argument. An error in it is reported, and reading goes on at the end of its line or after it.
    #[inline(never)]
    fn attribute(&mut self, name: Ident, reading: &mut Reading) -> Parsed<()> {
        self.skip();
        let start = self.at;
        let errors = self.errors;
        let (saved, depth) = (self.multiline, self.depth);
        let result = self.expression();
        let failed = result.is_err();
        let expr = match result {
            Ok(expr) if self.errors == errors => expr,
            Ok(mut expr) => {
                expr.kind = ExprKind::Invalid;
                expr
            }
            Err(Failed) => {
                if std::mem::take(&mut self.too_deep) {
                    self.at = start;
                }
                (self.multiline, self.depth) = (saved, depth);
                self.open.clear();
                self.abandoned = false;
                let end = self.at.max(start);
                self.resync_line();
                self.skip_continuation(start);
                Expr { kind: ExprKind::Invalid, span: self.span(start, end) }
            }
        };
        match reading.defined(&name.name) {
            Some(first) => {
                let line = self.line_number(first.start as usize);
                let detail = format!("The argument \"{}\" was already set at line {line}. Each argument may be set only once.", name.name);
                self.report(Diagnostic::error("Attribute redefined", detail).at(name.span).label(first, "first set here"));
            }
            None => {
                let span = name.span.to(expr.span);
                reading.add(Attribute { name, expr: Arc::new(expr), span, json: false });
            }
        }
        if failed { Err(Failed) } else { Ok(()) }
    }

    fn end_of_argument(&mut self, one_line: bool) {
        self.skip();
        let forgiven = std::mem::take(&mut self.forgive);
        if self.at_end() || self.at_newline() || one_line && self.peek() == b'}' {
            return;
        }
        if !forgiven {
            self.newline_expected();
        }
        self.resync_line();
    }

    /// Reads a block from behind its kind.
    fn block(&mut self, kind: Ident, reading: &mut Reading) {
        let mut labels: Vec<Ident> = Vec::new();
        let mut whole = true;
        loop {
            self.skip();
            if self.peek() == b'{' {
                break;
            }
            if self.peek() == b'"' {
                let errors = self.errors;
                let label = self.label();
                whole &= self.errors == errors;
                if let Ok(label) = label {
                    labels.push(label);
                    continue;
                }
                if let Some(end) = self.end_of_split_string(self.line_end(self.at)) {
                    self.at = end;
                }
                match self.brace_at_line_end() {
                    Some(brace) => self.at = brace,
                    None => self.resync_line(),
                }
            } else if let Some(label) = self.ident() {
                labels.push(label);
                continue;
            } else {
                match self.header_broken(kind.span.start as usize) {
                    Header::Whole => {}
                    Header::Broken => whole = false,
                    Header::NoBrace => {
                        self.block_body(0);
                        return;
                    }
                }
            }
            if self.peek() != b'{' {
                return;
            }
            break;
        }
        let span = labels.last().map_or(kind.span, |last| kind.span.to(last.span));
        let Some(body) = self.block_body(1) else { return };
        if whole {
            reading.body.blocks.push(Block { kind, labels, body, span });
        }
    }

    /// Reports what is wrong in the header of a block that begins at `start`, and goes to the brace that opens its body, if there is one.
    #[inline(never)]
    fn header_broken(&mut self, start: usize) -> Header {
        if self.at_end() || self.at_newline() {
            let newline = self.at;
            let detail = "A block definition must have block content delimited by \"{\" and \"}\", starting on the same line as the block header.";
            self.error_here("Invalid block definition", detail);
            self.skip_lines();
            if self.peek() == b'{' {
                return Header::Whole;
            }
            let next = self.at;
            self.at = newline;
            let deeper = self.indentation(next) > self.indentation(start) && !self.at_end();
            return if deeper { Header::NoBrace } else { Header::Broken };
        }
        if self.peek() == b'=' {
            let detail = "The equals sign \"=\" indicates an argument definition, and must not be used when defining a block.";
            self.error_here("Invalid block definition", detail);
            self.at += 1;
        } else if self.invalid_character().is_none() {
            let detail = "Either a quoted string block label or an opening brace (\"{\") is expected here.";
            self.error_here("Invalid block definition", detail);
        }
        match self.brace_at_line_end() {
            Some(brace) => self.at = brace,
            None => self.resync_line(),
        }
        Header::Broken
    }

    /// Reads a quoted label.
    #[inline(never)]
    fn label(&mut self) -> Parsed<Ident> {
        let start = self.at;
        let errors = self.errors;
        if self.bytes[start + 1..self.line_end(start)].iter().all(|byte| !matches!(byte, b'"')) {
            let end = self.line_end(start);
            let end = end - usize::from(self.byte(end - 1) == b'\r');
            let detail = "The quotes of this label are not closed. A label ends on the line where it begins.";
            let diagnostic = Diagnostic::error("Invalid multi-line string", detail).at(self.span(end, end));
            return Err(self.report(diagnostic.label(self.span(start, start + 1), "opened here")));
        }
        let mut expr = self.quoted()?;
        let name = match expr.take_kind() {
            _ if self.errors > errors => Arc::from(""),
            ExprKind::Literal(Value::String(text)) => text,
            ExprKind::Template(parts) => {
                let at = parts.iter().find_map(|part| match part {
                    TemplatePart::Interpolation(expr) => self.text[start..expr.span.start as usize].rfind("${").map(|at| start + at),
                    TemplatePart::If { span, .. } | TemplatePart::For { span, .. } => Some(span.start as usize),
                    TemplatePart::Literal(_) => None,
                });
                self.error(
                    at.map_or(self.span(start, self.at), |at| self.span(at, at + 2)),
                    "Invalid string literal",
                    "Template sequences are not allowed in this string. To include a literal \"$\", double it (as \"$$\") to escape it.",
                );
                Arc::from("")
            }
            _ => Arc::from(""),
        };
        Ok(Ident { name, span: self.span(start, self.at) })
    }

    /// Reads the braces and what stands in them; `brace` is the length of the opening one, 0 where it is missing.
    #[inline(never)]
    fn block_body(&mut self, brace: usize) -> Option<Body> {
        let open = self.at;
        if self.deeper().is_err() {
            // Where this ends would take as deep a look.
            self.stopped = true;
            self.depth -= 1;
            return None;
        }
        let lost = std::mem::take(&mut self.lost);
        self.at += brace;
        let start = self.at;
        let mut reading = Reading::new();
        self.skip();
        let newline_before = self.at_newline() || self.at_end();
        if !newline_before && self.peek() != b'}' {
            self.one_line(&mut reading);
        }
        self.items(&mut reading);
        let mut body = reading.body;
        body.span = self.span(start, self.at);
        if self.at_end() {
            // When something is missing at the very end, that is why.
            let told = self.diagnostics.iter().filter_map(|other| other.span).any(|span| span.start as usize == self.bytes.len());
            if !self.stopped && !told && brace > 0 {
                self.unclosed_block(open);
            }
        } else {
            self.at += 1;
            self.end_of_block();
        }
        self.depth -= 1;
        self.lost = lost;
        Some(body)
    }

    /// Reports a block that is not closed; the blocks around it are not closed either, which is not worth a word.
    #[inline(never)]
    fn unclosed_block(&mut self, open: usize) {
        let mut diagnostic = Diagnostic::error(
            "Unclosed configuration block",
            "There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.",
        )
        .at(self.span(open, open + 1));
        if let Some((from, to)) = self.crooked_brace() {
            diagnostic = diagnostic
                .label(self.span(from, from + 1), "this brace may be the one that is not closed,")
                .label(self.span(to, to + 1), "since the brace that closes it is indented differently");
        }
        self.report(diagnostic);
        self.stopped = true;
    }

    fn end_of_block(&mut self) {
        self.skip();
        if self.at_end() || self.at_newline() {
            return;
        }
        if self.peek() == b'}' && self.lost > 0 {
            return;
        }
        if self.invalid_character().is_none() {
            self.error_here("Missing newline after block definition", "A block definition must end with a newline.");
        }
        if self.peek() != b'}' && !self.at_ident() {
            self.resync_line();
        } else if self.depth == 1 && self.peek() == b'}' {
            // Reported already.
            self.at += 1;
        }
    }

    /// Reads the single argument of a block on one line; leaves the position at its closing brace, or where items on lines of their own follow.
    #[inline(never)]
    fn one_line(&mut self, reading: &mut Reading) {
        let Some(name) = self.ident() else {
            self.not_an_item();
            return;
        };
        self.skip();
        if self.peek() == b'=' && !matches!(self.byte(self.at + 1), b'=' | b'>') {
            self.at += 1;
            if self.attribute(name, reading).is_err() {
                return;
            }
            self.skip();
            let detail = match self.peek() {
                b'}' => return,
                _ if self.at_end() => return,
                b',' => {
                    "Single-line block syntax can include only one argument definition. To define multiple arguments, use the multi-line block \
                     syntax with one argument definition per line."
                }
                _ if self.at_newline() => {
                    "An argument definition on the same line as its containing block creates a single-line block definition, which must also be \
                     closed on the same line. Place the block's closing brace immediately after the argument definition."
                }
                _ => "A single-line block definition must end with a closing brace immediately after its single argument definition.",
            };
            self.error_here("Invalid single-argument block definition", detail);
            reading.one_line = true;
            self.resync_line();
        } else if matches!(self.peek(), b'{' | b'"') || self.at_ident() {
            let span = name.span.to(self.token());
            let detail = format!(
                "A single-line block definition can contain only a single argument. If you meant to define argument \"{}\", use an equals sign to \
                 assign it a value. To define a nested block, place it on a line of its own within its parent block.",
                name.name
            );
            self.error(span, "Argument definition required", detail);
            self.resync_line();
        } else {
            self.not_a_definition(&name);
        }
    }

    /// Reports a name that is followed neither by a value nor by a block, and skips its line.
    #[inline(never)]
    fn not_a_definition(&mut self, name: &Ident) {
        self.definition_expected(name);
        let rest = &self.text[self.at..];
        let Some(sign) = [":=", "+=", "==", "=>", ":"].into_iter().find(|sign| rest.starts_with(sign)) else {
            self.resync_line();
            return;
        };
        // The sign is wrong, but what follows can still be checked.
        self.at += sign.len();
        let _ = self.attribute(name.clone(), &mut Reading::new());
        self.resync_line();
    }

    /// Reports something that cannot begin an item, and skips it.
    #[inline(never)]
    fn not_an_item(&mut self) {
        let start = self.at;
        match self.peek() {
            b')' | b']' if self.lost > 0 => {
                self.lost -= 1;
                self.at += 1;
                self.skip();
                if !self.at_newline() {
                    self.resync_line();
                }
                return;
            }
            b'"' => {
                self.error_here("Invalid argument name", "Argument names must not be quoted.");
                self.skip_string(0);
                self.skip();
                if self.eat(b'=') {
                    let name = Ident { name: Arc::from(""), span: self.span(start, self.at) };
                    if self.attribute(name, &mut Reading::new()).is_ok() {
                        self.resync_line();
                    }
                    return;
                }
            }
            _ => {
                if self.invalid_character().is_none() {
                    self.error_here("Argument or block definition required", "An argument or block definition is required here.");
                }
            }
        }
        self.resync_line();
        if self.at == start {
            self.at += self.text[start..].chars().next().map_or(0, char::len_utf8);
        }
    }

    /// The number of spaces and tabs that begin the line of a place.
    fn indentation(&self, at: usize) -> usize {
        self.bytes[self.line_start(at)..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    /// The first pair of braces on different lines of which the closing one is indented otherwise than the line of the opening one.
    fn crooked_brace(&mut self) -> Option<(usize, usize)> {
        let mut stack: Vec<Open> = Vec::new();
        let end = std::mem::replace(&mut self.at, 0);
        let mut found = None;
        while let Some((byte, at)) = self.next_brace() {
            if byte == b'{' {
                stack.push(Open { close: b'}', at });
                continue;
            }
            let Some(open) = stack.pop() else { break };
            let (from, to) = (self.line_start(open.at), self.line_start(at));
            if from != to && to + self.indentation(at) == at && self.indentation(open.at) != self.indentation(at) {
                found = Some((open.at, at));
                break;
            }
        }
        self.at = end;
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::outline;
    use super::super::parse;
    use weir_diag::Sources;

    fn check(text: &str, expected: &str) {
        let mut sources = Sources::new();
        let id = sources.add("main.tf", text);
        let (body, diagnostics) = parse(&sources, id);
        assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        assert_eq!(outline(&body), expected, "{text}");
    }

    #[test]
    fn bodies() {
        check("", "");
        check("\u{feff}a = 1", "a=1");
        check("a = 1 # x\r\nb = 2 // y\r\n/* z */ c /* q */ = /* r\n */ 3", "a=1; b=2; c=3");
        check("resource \"a\" b {\n  x = 1\n\n  y {\n  }\n}\n", "resource \"a\" \"b\" {x=1; y {}}");
        check("a {}\nb { x = [\n1\n] }\nc { # d\n}\ne \"f\" { /* g */ }", "a {}; b {x=[1]}; c {}; e \"f\" {}");
        check("a \"x\\n$${y}\" {}", "a \"x\\n${y}\" {}");
        check("for = 1\nnull = 2\ntrue {\n}", "for=1; null=2; true {}");
    }

    #[test]
    fn many_arguments() {
        let text: String = (0..40).map(|at| format!("a{at} = {at}\n")).collect();
        check(&text, &(0..40).map(|at| format!("a{at}={at}")).collect::<Vec<_>>().join("; "));
        let twice = text + "a30 = 1\n";
        assert_eq!(super::super::check::errors(&twice), "41:1 \"a30\" Attribute redefined\n");
    }

    #[test]
    fn spans() {
        let text = "resource \"a\" \"b\" {\n  x = 1 + 2 # c\n}\n";
        let mut sources = Sources::new();
        let id = sources.add("main.tf", text);
        let (body, _) = parse(&sources, id);
        let block = &body.blocks[0];
        assert_eq!(sources.text(block.span), "resource \"a\" \"b\"");
        assert_eq!(sources.text(block.labels[1].span), "\"b\"");
        assert_eq!(sources.text(block.body.span), "\n  x = 1 + 2 # c\n");
        let attribute = &block.body.attributes[0];
        assert_eq!(sources.text(attribute.span), "x = 1 + 2");
        assert_eq!(sources.text(attribute.expr.span), "1 + 2");
    }
}
