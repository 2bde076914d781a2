//! Dropping long chains without recursion.
//!
//! A sum of 10,000 terms is a tree of that depth along its left edge; dropped by the compiler's recursion it would exhaust a thread's stack.

use std::mem;

use super::{Expr, ExprKind};

impl Drop for Expr {
    fn drop(&mut self) {
        let mut next = self.take_spine();
        while let Some(mut expr) = next {
            next = expr.take_spine();
        }
    }
}

impl Expr {
    /// The child that continues a chain, if it has itself such a child; a leaf is left in its place.
    fn take_spine(&mut self) -> Option<Self> {
        let child = self.kind.spine()?;
        child.kind.spine()?;
        let span = child.span;
        Some(mem::replace(child, Self { kind: ExprKind::Invalid, span }))
    }

    /// Takes the kind out.
    pub(super) fn take_kind(&mut self) -> ExprKind {
        mem::replace(&mut self.kind, ExprKind::Invalid)
    }
}

impl ExprKind {
    fn spine(&mut self) -> Option<&mut Expr> {
        match self {
            Self::Binary { left: child, .. }
            | Self::GetAttr { object: child, .. }
            | Self::Index { collection: child, .. }
            | Self::Splat { source: child, .. }
            | Self::Conditional { no: child, .. }
            | Self::Unary { operand: child, .. }
            | Self::Parens(child) => Some(child),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{for_each_variable, parse};
    use weir_diag::Sources;

    /// Parses on a stack of 2 MiB; returns the number of references and the summaries of errors.
    fn deep(text: String) -> (usize, Vec<String>) {
        let read = move || {
            let mut sources = Sources::new();
            let id = sources.add("main.tf", text);
            let (body, diagnostics) = parse(&sources, id);
            let mut count = 0;
            body.attributes.iter().for_each(|attribute| for_each_variable(&attribute.expr, &mut |_| count += 1));
            (count, diagnostics.into_iter().map(|diagnostic| diagnostic.summary).collect())
        };
        std::thread::Builder::new().stack_size(2 << 20).spawn(read).unwrap().join().unwrap()
    }

    #[test]
    fn long_chains() {
        assert_eq!(deep(format!("a = 1{}\n", " + x".repeat(50_000))), (50_000, vec![]));
        assert_eq!(deep(format!("a = x{}\n", ".b[0]".repeat(50_000))), (1, vec![]));
        assert_eq!(deep(format!("a = x{}\n", ".*.b[0]".repeat(50_000))), (1, vec![]));
    }

    #[test]
    fn nesting() {
        for (open, close) in [("(", ")"), ("[", "]"), ("{ a = ", "}"), ("f(", ")"), ("x[", "]"), ("\"${", "}\""), ("[for x in y : ", "]"), ("!", ""), ("x ? y : ", "")] {
            let text = |levels: usize| format!("a = {}1{}\nb =\n", open.repeat(levels), close.repeat(levels));
            assert_eq!(deep(text(500)).1, ["Invalid expression"], "{open}");
            assert_eq!(deep(text(20_000)).1, ["Nesting too deep", "Invalid expression"], "{open}");
        }
        for levels in [500, 20_000] {
            let (_, errors) = deep(format!("{}{}b =\n", "a {\n".repeat(levels), "}\n".repeat(levels)));
            assert_eq!(errors.len(), 1, "{errors:?}");
            let (_, errors) = deep(format!("a = \"{}{}\"\nb =\n", "%{if x}".repeat(levels), "%{endif}".repeat(levels)));
            assert_eq!(errors.len(), if levels == 500 { 1 } else { 2 }, "{errors:?}");
            let (_, errors) = deep(format!("a = x{}\nb =\n", "[*]".repeat(levels)));
            assert_eq!(errors.len(), if levels == 500 { 1 } else { 2 }, "{errors:?}");
        }
    }
}
