//! Expressions: conditionals, operators, and what may follow a term.

use weir_value::{Number, Value};

use super::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use super::error::bitwise;
use super::recover::{Separator, Sync};
use super::scan::{Parsed, Parser};

/// The lowest binding strength of a binary operator.
const LOWEST: u8 = 1;

impl Parser<'_> {
    /// Reads an expression.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.deeper()?;
        self.with_room(Self::conditional)
    }

    fn conditional(&mut self) -> Parsed<Expr> {
        let condition = self.binary(LOWEST)?;
        self.skip();
        if self.peek() != b'?' {
            self.depth -= 1;
            return Ok(condition);
        }
        self.at += 1;
        let yes = self.expression()?;
        self.skip();
        if !self.eat(b':') {
            return Err(self.error_here(
                "Missing false expression in conditional",
                "The conditional operator (...?...:...) requires a false expression, delimited by a colon. To continue on the next line, put the \
                 whole conditional in parentheses.",
            ));
        }
        let no = self.expression()?;
        self.depth -= 1;
        let span = condition.span.to(no.span);
        let kind = ExprKind::Conditional { condition: Box::new(condition), yes: Box::new(yes), no: Box::new(no) };
        Ok(Expr { kind, span })
    }

    /// Reads a chain of operations that bind at least so strongly.
    #[inline(never)]
    fn binary(&mut self, strength: u8) -> Parsed<Expr> {
        self.skip();
        let mut left = self.unary()?;
        loop {
            self.skip();
            let start = self.at;
            let Some((op, stronger, length)) = self.operator() else { return Ok(left) };
            if stronger < strength {
                return Ok(left);
            }
            if length == 0 {
                // An operator of another language stands for its nearest kin, so that its operands are checked.
                let (summary, detail) = bitwise(char::from(self.peek()));
                self.error_here(summary, detail);
            }
            self.at += length.max(1);
            let op_span = self.span(start, self.at);
            let right = self.binary(stronger + 1)?;
            let span = left.span.to(right.span);
            left = Expr { kind: ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) }, span };
        }
    }

    /// The binary operator at the position, how strongly it binds, and its length; a length of 0 marks one that the language does not have.
    #[inline]
    fn operator(&self) -> Option<(BinaryOp, u8, usize)> {
        let next = self.byte(self.at + 1);
        Some(match self.peek() {
            b'|' => (BinaryOp::Or, 1, if next == b'|' { 2 } else { 0 }),
            b'&' => (BinaryOp::And, 2, if next == b'&' { 2 } else { 0 }),
            b'=' if next == b'=' => (BinaryOp::Equal, 3, 2),
            b'!' if next == b'=' => (BinaryOp::NotEqual, 3, 2),
            b'<' if next == b'=' => (BinaryOp::LessEqual, 4, 2),
            b'<' if next != b'<' => (BinaryOp::Less, 4, 1),
            b'>' if next == b'=' => (BinaryOp::GreaterEqual, 4, 2),
            b'>' => (BinaryOp::Greater, 4, 1),
            b'+' => (BinaryOp::Add, 5, 1),
            b'-' => (BinaryOp::Subtract, 5, 1),
            b'*' => (BinaryOp::Multiply, 6, 1),
            b'^' => (BinaryOp::Multiply, 6, 0),
            b'/' => (BinaryOp::Divide, 6, 1),
            b'%' => (BinaryOp::Modulo, 6, 1),
            _ => return None,
        })
    }

    /// Reads a term with the signs before it and the accesses behind it.
    fn unary(&mut self) -> Parsed<Expr> {
        let op = match self.peek() {
            b'-' => UnaryOp::Negate,
            b'!' if self.byte(self.at + 1) != b'=' => UnaryOp::Not,
            _ => {
                let term = self.term()?;
                return self.accesses(term);
            }
        };
        let start = self.at;
        self.deeper()?;
        self.at += 1;
        self.skip();
        let operand = self.unary()?;
        self.depth -= 1;
        let span = self.span(start, start).to(operand.span);
        Ok(Expr { kind: ExprKind::Unary { op, operand: Box::new(operand) }, span })
    }

    /// Reads the attributes, indexes and splats that follow an expression.
    fn accesses(&mut self, mut expr: Expr) -> Parsed<Expr> {
        // What follows `[*]` applies to each item: the sources of full splats wait here for what is done with their items.
        let mut sources: Vec<Expr> = Vec::new();
        loop {
            self.skip();
            match self.peek() {
                b'.' if self.byte(self.at + 1) != b'.' => {
                    let dot = self.at;
                    self.at += 1;
                    self.skip();
                    if self.peek() == b'*' {
                        self.at += 1;
                        expr = self.attribute_splat(expr)?;
                    } else {
                        expr = self.dotted(expr, dot)?;
                    }
                }
                b'[' => expr = self.bracketed(expr, &mut sources)?,
                _ => break,
            }
        }
        self.depth -= sources.len();
        while let Some(source) = sources.pop() {
            let span = source.span.to(expr.span);
            expr = Expr { kind: ExprKind::Splat { source: Box::new(source), each: Box::new(expr), full: true }, span };
        }
        Ok(expr)
    }

    /// Reads the name or number after a dot.
    fn dotted(&mut self, object: Expr, dot: usize) -> Parsed<Expr> {
        if let Some(name) = self.ident() {
            let span = object.span.to(name.span);
            return Ok(Expr { kind: ExprKind::GetAttr { object: Box::new(object), name }, span });
        }
        let start = self.at;
        if self.peek().is_ascii_digit() {
            self.at = self.number_end(start);
            let text = &self.text[start..self.at];
            if let Some((first, second)) = text.split_once('.') {
                let detail = format!(
                    "When using the legacy index syntax, chaining two indexes together is not permitted. Use the proper index syntax instead, like \
                     [{first}][{second}]."
                );
                self.error(self.span(start, self.at), "Invalid legacy index syntax", detail);
            }
            let key = self.number(start);
            let span = object.span.to(key.span);
            return Ok(Expr { kind: ExprKind::Index { collection: Box::new(object), key: Box::new(key) }, span });
        }
        let hint = match self.peek() {
            b'"' | b'(' | b'-' => " To look up a key that is not a plain name, use brackets: [\"key\"].",
            b'[' => " Remove the dot before the bracket.",
            _ => "",
        };
        let failed = self.error_here("Invalid attribute name", format!("An attribute name is required after a dot.{hint}"));
        if self.at_newline() {
            self.at = self.at.max(dot + 1);
        }
        Err(failed)
    }

    /// Reads what an attribute-only splat applies to each item: names and numbers after dots.
    #[inline(never)]
    fn attribute_splat(&mut self, source: Expr) -> Parsed<Expr> {
        let star = self.at - 1;
        let mut each = Expr { kind: ExprKind::SplatItem, span: self.span(star, self.at) };
        loop {
            self.skip();
            if self.peek() != b'.' || self.byte(self.at + 1) == b'.' {
                break;
            }
            let dot = self.at;
            self.at += 1;
            self.skip();
            if self.peek() == b'*' {
                let failed = self.error_here(
                    "Nested splat expression not allowed",
                    "A splat expression (*) cannot be used inside another attribute-only splat expression. Use [*] for both.",
                );
                self.at += 1;
                return Err(failed);
            }
            each = self.dotted(each, dot)?;
        }
        let span = source.span.to(each.span);
        Ok(Expr { kind: ExprKind::Splat { source: Box::new(source), each: Box::new(each), full: false }, span })
    }

    /// Reads an index, or a full splat, whose source is put aside.
    #[inline(never)]
    fn bracketed(&mut self, collection: Expr, sources: &mut Vec<Expr>) -> Parsed<Expr> {
        let open = self.at;
        let saved = self.enter(b']', 1, true);
        self.skip();
        let splat = self.eat(b'*');
        let key = if splat { None } else { Some(self.expression()) };
        let key = match key {
            Some(Err(failed)) => Err(failed),
            key => {
                self.skip();
                if self.eat(b']') {
                    Ok(key.and_then(Result::ok))
                } else if splat {
                    let detail = "The star for a full splat operator must be immediately followed by a closing bracket (\"]\").";
                    Err(self.error_here("Missing close bracket on splat index", detail))
                } else {
                    let detail = "The index operator must end with a closing bracket (\"]\").";
                    Err(self.error_here("Missing close bracket on index", detail))
                }
            }
        };
        let key = match key {
            Ok(key) => key,
            Err(failed) => {
                let sync = self.resync(Separator::None);
                self.leave(saved);
                if sync != Sync::Closed {
                    return Err(failed);
                }
                Some(Expr { kind: ExprKind::Invalid, span: self.span(open, self.at) })
            }
        };
        self.leave(saved);
        let brackets = self.span(open, self.at);
        let span = collection.span.to(brackets);
        let Some(key) = key else {
            self.deeper()?;
            sources.push(collection);
            return Ok(Expr { kind: ExprKind::SplatItem, span: brackets });
        };
        Ok(Expr { kind: ExprKind::Index { collection: Box::new(collection), key: Box::new(key) }, span })
    }

    /// Where the number that begins at a place ends: at the last digit of a run of digits, points and exponents, whether they make sense or not.
    pub(super) fn number_end(&self, start: usize) -> usize {
        let mut at = start;
        let mut end = start;
        loop {
            match self.byte(at) {
                byte if byte.is_ascii_digit() => {
                    at += 1;
                    end = at;
                }
                b'.' => at += 1,
                b'e' | b'E' => {
                    at += 1 + usize::from(matches!(self.byte(at + 1), b'+' | b'-'));
                    if !self.byte(at).is_ascii_digit() {
                        return end;
                    }
                }
                _ => return end,
            }
        }
    }

    /// The number that was read from `start` to the position.
    pub(super) fn number(&mut self, start: usize) -> Expr {
        let span = self.span(start, self.at);
        match Number::parse(&self.text[start..self.at]) {
            Some(number) => Expr { kind: ExprKind::Literal(Value::from(number)), span },
            None => {
                let points = self.text[start..self.at].matches('.').count();
                let hint = if points > 1 { " Enclose a version or an address in quotes." } else { "" };
                self.error(span, "Invalid number literal", format!("Failed to recognize the value of this number literal.{hint}"));
                Expr { kind: ExprKind::Invalid, span }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::tree;

    #[test]
    fn operators() {
        for (text, expected) in [
            ("1 + 2 * 3 - 4 / 2 % 3", "(Subtract (Add 1 (Multiply 2 3)) (Modulo (Divide 4 2) 3))"),
            ("10 - 3 - 2", "(Subtract (Subtract 10 3) 2)"),
            ("a || b && !c", "(Or a (And b (Not c)))"),
            ("1 < 2 == true", "(Equal (Less 1 2) true)"),
            ("a >= b != c <= d", "(NotEqual (GreaterEqual a b) (LessEqual c d))"),
            ("-a.b + - -1", "(Add (Negate a.b) (Negate (Negate 1)))"),
            ("1--1", "(Subtract 1 (Negate 1))"),
            ("a-b - c -1", "(Subtract (Subtract a-b c) 1)"),
            ("!a == b", "(Equal (Not a) b)"),
            ("a ? b : c ? d : e", "(? a b (? c d e))"),
            ("a ? b ? 1 : 2 : 3", "(? a (? b 1 2) 3)"),
            ("a == b ? c : d + 1", "(? (Equal a b) c (Add d 1))"),
            ("(\na\n? 1 /* x */\n: 2 # y\n)", "<(? a 1 2)>"),
            ("a /* x\n */ + 1", "(Add a 1)"),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }

    #[test]
    fn accesses() {
        for (text, expected) in [
            ("a.b.c", "a.b.c"),
            ("a . b [ 0 ] [\"k\"].c", "a.b[0][\"k\"].c"),
            ("a.0.b", "a[0].b"),
            ("a[b.c].d", "a[b.c].d"),
            ("f(x).y[\n0\n]", "f(x).y[0]"),
            ("\"x\".y", "\"x\".y"),
            // An attribute splat takes only what follows by dots; a full one takes all.
            ("a.*.b.0.c[1]", "(.* a @.b[0].c)[1]"),
            ("a.*[0]", "(.* a @)[0]"),
            ("a[*].b[0].c", "([*] a @.b[0].c)"),
            ("a[*].b[*].c", "([*] a ([*] @.b @.c))"),
            ("a[*].*.b", "([*] a (.* @ @.b))"),
            ("a.*.b[*].c", "([*] (.* a @.b) @.c)"),
            ("a[ * ]", "([*] a @)"),
            ("[a\n.b\n[0]]", "[a.b[0]]"),
        ] {
            assert_eq!(tree(text), expected, "{text}");
        }
    }
}
