//! Printing of trees and errors for tests.

use std::fmt::Write as _;

use weir_diag::Sources;

use super::ast::{Body, Expr, ExprKind, TemplatePart};
use super::parse;

/// The errors of a file, a line each: `line:column "range" summary`.
pub(super) fn errors(text: &str) -> String {
    let mut sources = Sources::new();
    let id = sources.add("main.tf", text);
    let (_, diagnostics) = parse(&sources, id);
    let file = sources.get(id).unwrap();
    let mut out = String::new();
    for diagnostic in diagnostics.iter() {
        let span = diagnostic.span.unwrap();
        let at = file.position(span.start);
        writeln!(out, "{}:{} {:?} {}", at.line, at.column, sources.text(span), diagnostic.summary).unwrap();
    }
    out
}

/// The tree of the expression, which must hold no error, in a prefix notation.
pub(super) fn tree(text: &str) -> String {
    let mut sources = Sources::new();
    let id = sources.add("main.tf", format!("x = {text}\n"));
    let (body, diagnostics) = parse(&sources, id);
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    show(&body.attributes[0].expr)
}

pub(super) fn show(expr: &Expr) -> String {
    let list = |items: &[Expr]| items.iter().map(show).collect::<Vec<_>>().join(" ");
    match &expr.kind {
        ExprKind::Literal(value) => format!("{value:?}"),
        ExprKind::Template(parts) => format!("`{}", show_parts(parts)),
        ExprKind::Variable(name) => name.name.to_string(),
        ExprKind::GetAttr { object, name } => format!("{}.{}", show(object), name.name),
        ExprKind::Index { collection, key } => format!("{}[{}]", show(collection), show(key)),
        ExprKind::Splat { source, each, full } => format!("({} {} {})", if *full { "[*]" } else { ".*" }, show(source), show(each)),
        ExprKind::SplatItem => "@".to_owned(),
        ExprKind::Call { name, args, expand } => format!("{}({}{})", name.name, list(args), if *expand { "..." } else { "" }),
        ExprKind::Conditional { condition, yes, no } => format!("(? {} {} {})", show(condition), show(yes), show(no)),
        ExprKind::Binary { op, left, right, .. } => format!("({op:?} {} {})", show(left), show(right)),
        ExprKind::Unary { op, operand } => format!("({op:?} {})", show(operand)),
        ExprKind::Tuple(items) => format!("[{}]", list(items)),
        ExprKind::Object(items) => {
            let items: Vec<_> = items.iter().map(|item| format!("{}={}", show(&item.key), show(&item.value))).collect();
            format!("{{{}}}", items.join(" "))
        }
        ExprKind::For(parts) => {
            let mut out = "(for ".to_owned();
            if let Some(key) = &parts.key {
                write!(out, "{},", key.name).unwrap();
            }
            write!(out, "{} in {}:", parts.value.name, show(&parts.collection)).unwrap();
            if let Some(key) = &parts.result_key {
                write!(out, " {} =>", show(key)).unwrap();
            }
            write!(out, " {}", show(&parts.result)).unwrap();
            if parts.grouped {
                out.push_str("...");
            }
            if let Some(condition) = &parts.condition {
                write!(out, " if {}", show(condition)).unwrap();
            }
            out + ")"
        }
        ExprKind::Parens(inner) => format!("<{}>", show(inner)),
        ExprKind::Invalid => "!".to_owned(),
    }
}

fn show_parts(parts: &[TemplatePart]) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            TemplatePart::Literal(text) => write!(out, "{text:?}").unwrap(),
            TemplatePart::Interpolation(expr) => write!(out, "${{{}}}", show(expr)).unwrap(),
            TemplatePart::If { condition, yes, no, .. } => {
                write!(out, "%if {}[{}][{}]", show(condition), show_parts(yes), show_parts(no)).unwrap();
            }
            TemplatePart::For { key, value, collection, body, .. } => {
                let key = key.as_ref().map_or(String::new(), |key| format!("{},", key.name));
                write!(out, "%for {key}{} in {}[{}]", value.name, show(collection), show_parts(body)).unwrap();
            }
        }
    }
    out
}

/// The structure of a body: arguments, then blocks, each with its content.
pub(super) fn outline(body: &Body) -> String {
    let attributes = body.attributes.iter().map(|attribute| format!("{}={}", attribute.name.name, show(&attribute.expr)));
    let blocks = body.blocks.iter().map(|block| {
        let labels: String = block.labels.iter().map(|label| format!(" {:?}", label.name)).collect();
        format!("{}{labels} {{{}}}", block.kind.name, outline(&block.body))
    });
    attributes.chain(blocks).collect::<Vec<_>>().join("; ")
}
