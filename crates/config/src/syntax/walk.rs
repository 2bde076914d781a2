//! The references that an expression makes.

use std::sync::Arc;

use weir_diag::Span;
use weir_value::Value;

use super::ast::{Expr, ExprKind, Ident, TemplatePart};

/// A root name and the attributes and literal indexes that follow it: `aws_vpc.main[0].id`.
#[derive(Clone, Debug)]
pub struct Traversal {
    /// The name that it starts with.
    pub root: Ident,
    /// What follows, up to the first splat, computed index, call or parenthesis.
    pub steps: Vec<Step>,
    /// From the root to the last step.
    pub span: Span,
}

/// One step of a [`Traversal`].
#[derive(Clone, Debug)]
pub enum Step {
    /// `.name`
    Attr(Arc<str>, Span),
    /// `[literal]`, and the legacy `.0`
    Index(Value, Span),
}

impl Step {
    /// Where the name or key stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Attr(_, span) | Self::Index(_, span) => *span,
        }
    }
}

/// Visits every reference of an expression in source order, except those to variables of the `for` expressions and directives around them.
pub fn for_each_variable(expr: &Expr, visit: &mut dyn FnMut(&Traversal)) {
    Walk { bound: Vec::new(), visit, call: &mut |_| {} }.expr(expr);
}

/// Visits the name of every function that an expression calls, in no certain order.
pub fn for_each_call(expr: &Expr, call: &mut dyn FnMut(&Ident)) {
    Walk { bound: Vec::new(), visit: &mut |_| {}, call }.expr(expr);
}

impl Traversal {
    /// Reads an expression that is nothing but a traversal; `None` for any other.
    pub fn of(expr: &Expr) -> Option<Self> {
        let mut steps = Vec::new();
        let mut inner = expr;
        loop {
            inner = match &inner.kind {
                ExprKind::Variable(root) => {
                    steps.reverse();
                    return Some(Self { root: root.clone(), steps, span: expr.span });
                }
                ExprKind::GetAttr { object, name } => {
                    steps.push(Step::Attr(name.name.clone(), name.span));
                    object
                }
                ExprKind::Index { collection, key } => {
                    let ExprKind::Literal(value) = &key.kind else { return None };
                    steps.push(Step::Index(value.clone(), key.span));
                    collection
                }
                _ => return None,
            };
        }
    }
}

struct Walk<'e, 'v> {
    /// The variables of the constructs around the position.
    bound: Vec<&'e str>,
    visit: &'v mut dyn FnMut(&Traversal),
    call: &'v mut dyn FnMut(&Ident),
}

impl<'e> Walk<'e, '_> {
    fn expr(&mut self, expr: &'e Expr) {
        if matches!(expr.kind, ExprKind::Literal(_) | ExprKind::SplatItem | ExprKind::Invalid) {
            return;
        }
        // Chains are long on their left side: it is walked by a loop, what stands to the right of each link by recursion.
        let mut links = vec![expr];
        let mut at = expr;
        loop {
            at = match &at.kind {
                ExprKind::GetAttr { object: next, .. }
                | ExprKind::Index { collection: next, .. }
                | ExprKind::Splat { source: next, .. }
                | ExprKind::Binary { left: next, .. }
                | ExprKind::Conditional { condition: next, .. }
                | ExprKind::Unary { operand: next, .. }
                | ExprKind::Parens(next) => next,
                _ => break,
            };
            links.push(at);
        }
        let steps = self.traversal(&links);
        for link in links.into_iter().rev().skip(steps) {
            self.right_of(link);
        }
    }

    /// Visits the traversal at the end of a chain, if there is one; returns how many links belong to it.
    fn traversal(&mut self, links: &[&'e Expr]) -> usize {
        let Some(ExprKind::Variable(root)) = links.last().map(|last| &last.kind) else { return 0 };
        let mut steps = Vec::new();
        let mut span = root.span;
        for link in links.iter().rev().skip(1) {
            match &link.kind {
                ExprKind::GetAttr { name, .. } => steps.push(Step::Attr(name.name.clone(), name.span)),
                ExprKind::Index { key, .. } => match &key.kind {
                    ExprKind::Literal(value) => steps.push(Step::Index(value.clone(), key.span)),
                    _ => break,
                },
                _ => break,
            }
            span = span.to(link.span);
        }
        let length = steps.len() + 1;
        if !self.bound.contains(&&*root.name) {
            (self.visit)(&Traversal { root: root.clone(), steps, span });
        }
        length
    }

    /// Walks what a link holds besides the next link of its chain.
    fn right_of(&mut self, expr: &'e Expr) {
        match &expr.kind {
            ExprKind::Index { key, .. } => self.expr(key),
            ExprKind::Splat { each, .. } => self.expr(each),
            ExprKind::Binary { right, .. } => self.expr(right),
            ExprKind::Conditional { yes, no, .. } => {
                self.expr(yes);
                self.expr(no);
            }
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Call { name, args, .. } => {
                (self.call)(name);
                args.iter().for_each(|arg| self.expr(arg));
            }
            ExprKind::Tuple(items) => items.iter().for_each(|item| self.expr(item)),
            ExprKind::Object(items) => {
                for item in items {
                    self.expr(&item.key);
                    self.expr(&item.value);
                }
            }
            ExprKind::For(parts) => {
                self.expr(&parts.collection);
                let outer = self.bind(parts.key.as_ref(), &parts.value);
                parts.result_key.iter().chain([&parts.result]).chain(&parts.condition).for_each(|expr| self.expr(expr));
                self.bound.truncate(outer);
            }
            ExprKind::Literal(_)
            | ExprKind::Variable(_)
            | ExprKind::GetAttr { .. }
            | ExprKind::SplatItem
            | ExprKind::Unary { .. }
            | ExprKind::Parens(_)
            | ExprKind::Invalid => {}
        }
    }

    fn parts(&mut self, parts: &'e [TemplatePart]) {
        for part in parts {
            match part {
                TemplatePart::Literal(_) => {}
                TemplatePart::Interpolation(expr) => self.expr(expr),
                TemplatePart::If { condition, yes, no, .. } => {
                    self.expr(condition);
                    self.parts(yes);
                    self.parts(no);
                }
                TemplatePart::For { key, value, collection, body, .. } => {
                    self.expr(collection);
                    let outer = self.bind(key.as_ref(), value);
                    self.parts(body);
                    self.bound.truncate(outer);
                }
            }
        }
    }

    /// Binds the variables of a `for`; returns how many were bound before.
    fn bind(&mut self, key: Option<&'e Ident>, value: &'e Ident) -> usize {
        let outer = self.bound.len();
        self.bound.extend(key.into_iter().chain([value]).map(|ident| &*ident.name));
        outer
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::syntax::parse_expression;
    use weir_diag::Sources;

    fn check(text: &str, expected: &str) {
        let mut sources = Sources::new();
        let id = sources.add("main.tf", text);
        let (expr, diagnostics) = parse_expression(&sources, id);
        assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        let mut found = Vec::new();
        for_each_variable(&expr, &mut |traversal| {
            let mut name = traversal.root.name.to_string();
            for step in &traversal.steps {
                match step {
                    Step::Attr(attr, _) => write!(name, ".{attr}").unwrap(),
                    Step::Index(key, _) => write!(name, "[{key:?}]").unwrap(),
                }
            }
            assert!(sources.text(traversal.span).starts_with(&*traversal.root.name), "{text}");
            found.push(name);
        });
        assert_eq!(found.join(" "), expected, "{text}");
    }

    #[test]
    fn calls() {
        let mut sources = Sources::new();
        let id = sources.add("main.tf", "[for x in keys(var.a) : \"${upper(x)}\" if provider::b::c(lower(1))].0 + abs(1)");
        let mut found = Vec::new();
        for_each_call(&parse_expression(&sources, id).0, &mut |name| found.push(name.name.to_string()));
        found.sort();
        assert_eq!(found, ["abs", "keys", "lower", "provider::b::c", "upper"]);
    }

    #[test]
    fn references() {
        check("a.b[0].c[\"k\"].d", "a.b[0].c[\"k\"].d");
        check("a.0.b", "a[0].b");
        check("a.b[c.d].e", "a.b c.d");
        check("a.b[*].c[d]", "a.b d");
        check("(a.b).c + -d", "a.b d");
        check("f(a, b ? c : d)[e]", "a b c d e");
        check("\"x${a.b}%{ if c }${d}%{ else }${e}%{ endif }\"", "a.b c d e");
        check("{ a = b, (c) = d, \"${e}\" = 1 }", "b c d e");
        check("a + b * c == d && e", "a b c d e");
        check("1 + 2", "");
    }

    #[test]
    fn bound_names() {
        check("[for x in x.y : x.z + y if k]", "x.y y k");
        check("{for k, v in m : k => [for k in v : k]... if k}", "m");
        check("[for x in a : [for y in x : y + z]]", "a z");
        check("\"%{ for x in xs }${x}${y}%{ endfor }${x}\"", "xs y x");
        check("[for x in a : x] == x", "a x");
    }

    #[test]
    fn lone_traversals() {
        let steps = |text: &str| {
            let mut sources = Sources::new();
            let id = sources.add("main.tf", text);
            Traversal::of(&parse_expression(&sources, id).0).map(|traversal| traversal.steps.len())
        };
        assert_eq!(steps("a.b[0]"), Some(2));
        assert_eq!(steps("a[b]"), None);
        assert_eq!(steps("a + b"), None);
        assert_eq!(steps("(a)"), None);
    }
}
