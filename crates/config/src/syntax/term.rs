//! Terms: literals, names, calls and parentheses.

use std::sync::Arc;

use weir_value::Value;

use super::ast::{Expr, ExprKind, Ident};
use super::recover::{Separator, Sync};
use super::scan::{Parsed, Parser};

impl Parser<'_> {
    /// Reads a text that is one expression.
    pub(super) fn lone_expression(&mut self) -> Expr {
        self.multiline = true;
        let start = self.at;
        let result = self.expression();
        if result.is_ok() {
            self.skip();
            if !self.at_end() && self.invalid_character().is_none() {
                self.error_here("Extra characters after expression", "An expression was successfully parsed, but extra characters were found after it.");
            }
        }
        match result {
            Ok(expr) if self.errors == 0 => expr,
            _ => Expr { kind: ExprKind::Invalid, span: self.span(start, self.bytes.len()) },
        }
    }

    /// Reads the smallest complete part of an expression.
    pub(super) fn term(&mut self) -> Parsed<Expr> {
        let start = self.at;
        match self.peek() {
            b'"' => self.quoted(),
            b'(' => self.parens(),
            b'[' => self.tuple(),
            b'{' => self.object(),
            b'<' if self.byte(start + 1) == b'<' => self.heredoc(),
            byte if byte.is_ascii_digit() => {
                self.at = self.number_end(start);
                Ok(self.number(start))
            }
            _ => {
                if self.word().is_none() {
                    return Err(self.expression_expected());
                }
                self.named(start)
            }
        }
    }

    /// Reads what the name from `start` to the position begins: a keyword, a call or a variable.
    fn named(&mut self, start: usize) -> Parsed<Expr> {
        let end = self.at;
        if matches!(self.peek(), b' ' | b'\t' | b'(' | b':' | b'/' | b'#' | b'\n' | b'\r') {
            self.skip();
            if self.peek() == b'(' {
                return self.call(&self.text[start..end], start, end);
            }
            if self.peek() == b':' && self.byte(self.at + 1) == b':' {
                return self.namespaced(start, end);
            }
            self.at = end;
        }
        let span = self.span(start, end);
        let kind = match &self.text[start..end] {
            "true" => ExprKind::Literal(Value::from(true)),
            "false" => ExprKind::Literal(Value::from(false)),
            "null" => ExprKind::Literal(Value::null()),
            name => ExprKind::Variable(Ident { name: Arc::from(name), span }),
        };
        Ok(Expr { kind, span })
    }

    /// Reads the rest of a name such as `provider::pki::verify`, and the call.
    #[inline(never)]
    fn namespaced(&mut self, start: usize, end: usize) -> Parsed<Expr> {
        let mut name = self.text[start..end].to_owned();
        let mut end = end;
        while self.peek() == b':' && self.byte(self.at + 1) == b':' {
            self.at += 2;
            self.skip();
            let Some(part) = self.word() else {
                let detail = "Function scope resolution symbol :: must be followed by a function name in this scope.";
                return Err(self.error_here("Missing function name", detail));
            };
            name.push_str("::");
            name.push_str(part);
            end = self.at;
            self.skip();
        }
        if self.peek() != b'(' {
            let detail = "Function selector must be followed by an open parenthesis to begin the function call.";
            return Err(self.error_here("Missing open parenthesis", detail));
        }
        self.call(&name, start, end)
    }

    /// Reads the arguments of a call.
    #[inline(never)]
    fn call(&mut self, name: &str, start: usize, end: usize) -> Parsed<Expr> {
        let name = Ident { name: Arc::from(name), span: self.span(start, end) };
        let saved = self.enter(b')', 1, true);
        let mut args = Vec::new();
        let mut expand = false;
        let mut separated = true;
        loop {
            self.skip();
            if self.eat(b')') {
                break;
            }
            let mut failed = None;
            match self.expression() {
                Ok(arg) => {
                    args.push(arg);
                    self.skip();
                    match self.peek() {
                        b',' => {
                            self.at += 1;
                            continue;
                        }
                        b')' => continue,
                        b'.' if self.text[self.at..].starts_with("...") => {
                            let dots = self.at;
                            self.at += 3;
                            self.skip();
                            if self.eat(b')') {
                                expand = true;
                                break;
                            }
                            let detail = "An expanded function argument (with ...) must be immediately followed by closing parentheses.";
                            failed = Some(self.error(self.span(dots, dots + 3), "Missing closing parenthesis", detail));
                        }
                        _ => {
                            if separated {
                                let detail = "A comma is required to separate each function argument from the next.";
                                failed = Some(match self.invalid_character() {
                                    Some(failed) => failed,
                                    None => self.error_here("Missing argument separator", detail),
                                });
                            }
                            separated = false;
                        }
                    }
                }
                Err(error) => failed = Some(error),
            }
            match self.resync(Separator::Comma) {
                Sync::Item => {}
                Sync::Closed => break,
                Sync::Lost => {
                    self.leave(saved);
                    return Err(failed.unwrap_or(super::scan::Failed));
                }
            }
        }
        self.leave(saved);
        Ok(Expr { kind: ExprKind::Call { name, args, expand }, span: self.span(start, self.at) })
    }

    #[inline(never)]
    fn parens(&mut self) -> Parsed<Expr> {
        let start = self.at;
        let saved = self.enter(b')', 1, true);
        let result = match self.expression() {
            Ok(inner) => {
                self.skip();
                if self.eat(b')') {
                    Ok(inner)
                } else if let Some(failed) = self.invalid_character() {
                    Err(failed)
                } else {
                    Err(self.error_here("Unbalanced parentheses", "Expected a closing parenthesis to terminate the expression."))
                }
            }
            Err(failed) => Err(failed),
        };
        let kind = match result {
            Ok(inner) => ExprKind::Parens(Box::new(inner)),
            Err(failed) => {
                let sync = self.resync(Separator::None);
                if sync != Sync::Closed {
                    self.leave(saved);
                    return Err(failed);
                }
                ExprKind::Invalid
            }
        };
        self.leave(saved);
        Ok(Expr { kind, span: self.span(start, self.at) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{show, tree};
    use super::super::parse_expression;
    use weir_diag::Sources;

    #[test]
    fn literals_and_names() {
        for (text, expected) in [
            ("1.50", "1.5"),
            ("1.5e3", "1500"),
            ("1E-3", "0.001"),
            ("100000000000000000000000000000", "100000000000000000000000000000"),
            ("1.e5", "100000"),
            ("1.e", "1.e"),
            ("01.50.a", "1.5.a"),
            ("true", "true"),
            ("[false, null, nullx, true-x]", "[false null:dynamic nullx true-x]"),
            ("été", "été"),
            ("if", "if"),
        ] {
            let expected = expected.replace("null:dynamic", &format!("{:?}", weir_value::Value::null()));
            assert_eq!(tree(text), expected, "{text}");
        }
    }

    #[test]
    fn calls() {
        for (text, expected) in [
            ("f()", "f()"),
            ("f (\n1,\n\"x\",\n)", "f(1 \"x\")"),
            ("max(a...)", "max(a...)"),
            ("max(1, a ...\n)", "max(1 a...)"),
            ("core::upper(\"a\")", "core::upper(\"a\")"),
            ("provider :: pki::verify(a, b).ok", "provider::pki::verify(a b).ok"),
            ("a ? b::c(1) : d", "(? a b::c(1) d)"),
            ("true(1)", "true(1)"),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }

    #[test]
    fn a_lone_expression_may_span_lines() {
        let check = |text: &str, expected: &str, errors: &[&str]| {
            let mut sources = Sources::new();
            let id = sources.add("<console>", text);
            let (expr, diagnostics) = parse_expression(&sources, id);
            assert_eq!(diagnostics.iter().map(|diagnostic| &*diagnostic.summary).collect::<Vec<_>>(), errors, "{text}");
            assert_eq!(show(&expr), expected, "{text}");
        };
        check(" a\n + 1 # x\n", "(Add a 1)", &[]);
        check("<<E\nx\nE", "\"x\\n\"", &[]);
        check("a b", "!", &["Extra characters after expression"]);
        check("", "!", &["Missing expression"]);
        check("[1", "!", &["Missing item separator"]);
    }
}
