//! Lists, objects and `for` expressions.

use super::ast::{Expr, ExprKind, ForExpr, ObjectItem};
use super::recover::{Separator, Sync};
use super::scan::{Failed, Parsed, Parser};
use super::template::text_value;

impl Parser<'_> {
    /// Reads `[…]`.
    #[inline(never)]
    pub(super) fn tuple(&mut self) -> Parsed<Expr> {
        let start = self.at;
        let saved = self.enter(b']', 1, true);
        self.skip();
        if self.at_for() {
            let kind = self.for_expression(false);
            self.leave(saved);
            return Ok(Expr { kind: kind?, span: self.span(start, self.at) });
        }
        let mut items = Vec::new();
        let mut separated = true;
        loop {
            self.skip();
            if self.eat(b']') {
                break;
            }
            if let Ok(item) = self.expression() {
                items.push(item);
                self.skip();
                match self.peek() {
                    b',' => {
                        self.at += 1;
                        continue;
                    }
                    b']' => continue,
                    _ if separated => {
                        separated = false;
                        if self.invalid_character().is_none() {
                            self.error_here("Missing item separator", "Expected a comma to mark the beginning of the next item.");
                        }
                    }
                    _ => {}
                }
            }
            match self.resync(Separator::Comma) {
                Sync::Item => {}
                Sync::Closed => break,
                Sync::Lost => {
                    self.leave(saved);
                    return Err(Failed);
                }
            }
        }
        self.leave(saved);
        Ok(Expr { kind: ExprKind::Tuple(items), span: self.span(start, self.at) })
    }

    /// Reads `{…}` in an expression.
    #[inline(never)]
    pub(super) fn object(&mut self) -> Parsed<Expr> {
        let start = self.at;
        let saved = self.enter(b'}', 1, false);
        self.skip_lines();
        if self.at_for() {
            self.multiline = true;
            let kind = self.for_expression(true);
            self.leave(saved);
            return Ok(Expr { kind: kind?, span: self.span(start, self.at) });
        }
        let mut items = Vec::new();
        let errors = self.errors;
        loop {
            self.skip_lines();
            if self.eat(b'}') {
                break;
            }
            if self.errors > errors && matches!(self.peek(), b')' | b']') && self.expected_outside(self.peek()) {
                self.leave(saved);
                return Err(Failed);
            }
            if self.at_end() {
                let detail = "There is no corresponding closing brace before the end of the file. This may be caused by incorrect brace nesting \
                              elsewhere in this file.";
                self.error(self.span(start, start + 1), "Unterminated object constructor expression", detail);
                self.stopped = true;
                return Err(Failed);
            }
            if let Ok(item) = self.object_item() {
                items.push(item);
                self.skip();
                if self.at_newline() || self.peek() == b'}' || self.at_end() || self.eat(b',') {
                    continue;
                }
                if self.invalid_character().is_none() {
                    let detail = "Expected a newline or comma to mark the beginning of the next attribute.";
                    self.error_here("Missing attribute separator", detail);
                    if self.at_ident() || self.peek() == b'"' {
                        continue;
                    }
                }
            }
            match self.resync(Separator::Newline) {
                Sync::Item => {}
                Sync::Closed => break,
                Sync::Lost => {
                    self.leave(saved);
                    return Err(Failed);
                }
            }
        }
        self.leave(saved);
        Ok(Expr { kind: ExprKind::Object(items), span: self.span(start, self.at) })
    }

    #[inline(never)]
    fn object_item(&mut self) -> Parsed<ObjectItem> {
        let (depth, multiline, open) = (self.depth, self.multiline, self.open.len());
        let result = self.object_key().and_then(|key| Ok(ObjectItem { key, value: self.expression()? }));
        if result.is_err() {
            (self.depth, self.multiline) = (depth, multiline);
            self.open.truncate(open);
        }
        result
    }

    /// Reads a key and the sign behind it.
    fn object_key(&mut self) -> Parsed<Expr> {
        let start = self.at;
        if let Some(word) = self.word() {
            let end = self.at;
            self.skip();
            if self.key_sign() {
                return Ok(Expr { kind: ExprKind::Literal(text_value(word)), span: self.span(start, end) });
            }
            self.at = start;
        }
        let key = self.expression()?;
        self.skip();
        if self.key_sign() {
            if matches!(key.kind, ExprKind::GetAttr { .. } | ExprKind::Index { .. }) && is_plain_traversal(&key) {
                let detail = "If this expression is intended to be a reference, wrap it in parentheses. If it's instead intended as a literal name \
                              containing periods, wrap it in quotes to create a string literal.";
                self.error(key.span, "Ambiguous attribute key", detail);
            }
            return Ok(key);
        }
        if self.at_newline() || self.at_end() || self.peek() == b',' {
            return Err(self.error_here("Missing attribute value", "Expected an attribute value, introduced by an equals sign (\"=\")."));
        }
        if let Some(failed) = self.invalid_character() {
            return Err(failed);
        }
        let hint =
            if self.looks_like_block(self.line_start(start)) { " This looks like a nested block; the closing brace of the object before it may be missing." } else { "" };
        let detail = format!("Expected an equals sign (\"=\") to mark the beginning of the attribute value.{hint}");
        Err(self.error_here("Missing key/value separator", detail))
    }

    /// Takes `=` or `:`, but no operator that begins with it.
    fn key_sign(&mut self) -> bool {
        let next = self.byte(self.at + 1);
        let found = match self.peek() {
            b'=' => !matches!(next, b'=' | b'>'),
            b':' => next != b':',
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn at_for(&self) -> bool {
        self.bytes[self.at..].starts_with(b"for") && super::scan::ident_end(self.text, self.at) == self.at + 3
    }

    /// Reads a `for` expression from its keyword to its closing bracket.
    fn for_expression(&mut self, object: bool) -> Parsed<ExprKind> {
        match self.for_parts(object) {
            Ok(kind) => Ok(kind),
            Err(failed) => match self.resync(Separator::None) {
                Sync::Closed => Ok(ExprKind::Invalid),
                _ => Err(failed),
            },
        }
    }

    #[inline(never)]
    fn for_parts(&mut self, object: bool) -> Parsed<ExprKind> {
        const INVALID: &str = "Invalid 'for' expression";
        self.at += 3;
        self.skip();
        let Some(mut value) = self.ident() else {
            return Err(self.error_here(INVALID, "For expression requires variable name after 'for'."));
        };
        let mut key = None;
        self.skip();
        if self.eat(b',') {
            self.skip();
            let Some(second) = self.ident() else {
                return Err(self.error_here(INVALID, "For expression requires a value variable name after the comma."));
            };
            key = Some(std::mem::replace(&mut value, second));
            self.skip();
        }
        let at = self.at;
        if self.word() != Some("in") {
            self.at = at;
            return Err(self.error_here(INVALID, "For expression requires the 'in' keyword after its name declarations."));
        }
        let collection = self.expression()?;
        self.skip();
        if !self.eat(b':') {
            return Err(self.error_here(INVALID, "For expression requires a colon after the collection expression."));
        }
        let mut result = self.expression()?;
        let mut result_key = None;
        self.skip();
        if self.peek() == b'=' && self.byte(self.at + 1) == b'>' {
            self.at += 2;
            let value = self.expression()?;
            if !object {
                self.error(result.span, INVALID, "Key expression is not valid when building a tuple. Use braces instead of square brackets to build an object.");
            }
            result_key = Some(std::mem::replace(&mut result, value));
            self.skip();
        } else if object {
            self.error(result.span, INVALID, "Key expression is required when building an object. Write \"key => value\", or use square brackets to build a tuple.");
        }
        let mut grouped = false;
        if self.text[self.at..].starts_with("...") {
            grouped = true;
            if !object {
                self.error_here(INVALID, "Grouping ellipsis (...) cannot be used when building a tuple.");
            }
            self.at += 3;
            self.skip();
        }
        let mut condition = None;
        let at = self.at;
        if self.word() == Some("if") {
            condition = Some(self.expression()?);
            self.skip();
        } else {
            self.at = at;
        }
        if !self.eat(if object { b'}' } else { b']' }) {
            return Err(self.error_here(INVALID, "Extra characters after the end of the 'for' expression."));
        }
        Ok(ExprKind::For(Box::new(ForExpr { key, value, collection, result_key, result, grouped, condition })))
    }
}

/// True for a name followed by attributes and literal indexes only.
fn is_plain_traversal(mut expr: &Expr) -> bool {
    loop {
        expr = match &expr.kind {
            ExprKind::Variable(_) => return true,
            ExprKind::GetAttr { object, .. } => object,
            ExprKind::Index { collection, key } if matches!(key.kind, ExprKind::Literal(_)) => collection,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::tree;

    #[test]
    fn tuples_and_objects() {
        for (text, expected) in [
            ("[]", "[]"),
            ("[1,]", "[1]"),
            ("[\n1\n,\n2 # x\n]", "[1 2]"),
            ("{}", "{}"),
            ("{\n}", "{}"),
            ("{a=1,}", "{\"a\"=1}"),
            ("{\n a = 1, b : 2\n \"c\" = 3 # x\n\n (d) = 4\n}", "{\"a\"=1 \"b\"=2 \"c\"=3 <d>=4}"),
            ("{ \"e${x}\" = 5, 7 = 8, f(1) : 9 }", "{`\"e\"${x}=5 7=8 f(1)=9}"),
            ("{ true = 1, null: 2, if = 3, a-b = 4 }", "{\"true\"=1 \"null\"=2 \"if\"=3 \"a-b\"=4}"),
            ("{ a = 1, a = 2 }", "{\"a\"=1 \"a\"=2}"),
            ("{ a + b = c == d }", "{(Add a b)=(Equal c d)}"),
            ("{ a = {\n b = [\n 1 ]\n }\n c = 2\r\n}", "{\"a\"={\"b\"=[1]} \"c\"=2}"),
            ("{ a = <<E\nx\nE\n b = 2 }", "{\"a\"=\"x\\n\" \"b\"=2}"),
            ("{ a = x ? y : z, b = 1 }", "{\"a\"=(? x y z) \"b\"=1}"),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }

    #[test]
    fn for_expressions() {
        for (text, expected) in [
            ("[for x in y : x]", "(for x in y: x)"),
            ("[\nfor k, v in y :\n v\n if k > 1\n]", "(for k,v in y: v if (Greater k 1))"),
            ("{for k, v in y: k => v}", "(for k,v in y: k => v)"),
            ("{ for v in y : v.a => v... if v.b }", "(for v in y: v.a => v... if v.b)"),
            ("{\nfor x in y :\nx =>\nx\n}", "(for x in y: x => x)"),
            ("[for x in a ? b : c : x]", "(for x in (? a b c): x)"),
            ("[for x in [for y in z : y] : [for w in x : w]]", "(for x in (for y in z: y): (for w in x: w))"),
            ("[fortune]", "[fortune]"),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }
}
