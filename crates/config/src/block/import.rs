//! `import`

use std::sync::Arc;

use weir_addr::StepKind;
use weir_diag::Diagnostics;

use super::resource::provider_ref;
use crate::module::{Import, ImportStep, Repeat};
use crate::reader::{Reader, labels, required};
use crate::syntax::{Block, Expr, ExprKind};

pub(super) fn read(block: &Block, diags: &mut Diagnostics) -> Option<Import> {
    labels(block, 0, diags)?;
    let mut reader = Reader::new(&block.body, diags);
    let to = required(&mut reader, "to", block.span);
    let identity = reader.expr("identity");
    let by_identity = identity.is_some();
    let id = match identity {
        None => required(&mut reader, "id", block.span),
        Some(identity) => {
            if let Some(id) = reader.expr("id") {
                let detail = "An object is imported by its id or by its identity. Remove one of the two.";
                reader.diags.error(id.span, "Invalid combination of \"id\" and \"identity\"", detail);
            }
            Some(identity)
        }
    };
    let ends = (to, id);
    let provider = reader.expr("provider").and_then(|expr| provider_ref(&expr, reader.diags));
    let repeat = reader.expr("for_each").map_or(Repeat::Once, Repeat::ForEach);
    reader.finish();
    let (Some(to), Some(id)) = ends else { return None };
    let parts = parts(&to);
    let Some((module, type_, resource)) = parts.and_then(target) else {
        if !matches!(to.kind, ExprKind::Invalid) {
            diags.error(
                to.span,
                "Invalid import 'to' expression",
                "The address of a managed resource instance is needed here, such as aws_vpc.main, aws_subnet.each[each.key] or module.network.aws_vpc.main.",
            );
        }
        return None;
    };
    Some(Import { module, type_, resource, to, id, by_identity, repeat, provider, span: block.span })
}

/// The names of an address from the left, each with its key.
fn parts(expr: &Expr) -> Option<Vec<ImportStep>> {
    let mut found: Vec<ImportStep> = Vec::new();
    let mut key: Option<Arc<Expr>> = None;
    let mut at = expr;
    loop {
        at = match &at.kind {
            ExprKind::Variable(root) => {
                found.push((root.name.clone(), key));
                found.reverse();
                return Some(found);
            }
            ExprKind::GetAttr { object, name } => {
                found.push((name.name.clone(), key.take()));
                object
            }
            ExprKind::Index { collection, key: inner } if key.is_none() => {
                key = Some(Arc::new((**inner).clone()));
                collection
            }
            _ => return None,
        };
    }
}

type Parts = (Vec<(ImportStep, StepKind)>, Arc<str>, ImportStep);

fn target(parts: Vec<ImportStep>) -> Option<Parts> {
    let mut parts = parts.into_iter().peekable();
    let mut module = Vec::new();
    while let Some((word, _)) = parts.peek()
        && (&**word == "module" || &**word == "stage" && module.is_empty())
    {
        let kind = if &**word == "stage" { StepKind::Stage } else { StepKind::Module };
        parts.next().filter(|(_, key)| key.is_none())?;
        module.push((parts.next()?, kind));
    }
    let (type_, key) = parts.next()?;
    let resource = parts.next()?;
    let whole = parts.next().is_none() && key.is_none();
    let reserved = matches!(&*type_, "data" | "ephemeral" | "var" | "local" | "each" | "count" | "gate" | "path");
    (whole && !reserved).then_some((module, type_, resource))
}
