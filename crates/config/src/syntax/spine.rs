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
