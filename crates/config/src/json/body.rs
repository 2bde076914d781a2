//! Objects as bodies, properties as blocks and arguments.

use std::sync::Arc;

use weir_diag::{Diagnostics, Span};
use weir_value::Value;

use super::attribute;
use super::form::{DYNAMIC, FILE, Form, NESTED};
use super::value::{Json, Kind, Property};
use crate::syntax::{Attribute, Block, Body, Expr, ExprKind, Ident};

const SHAPE: &str = "Incorrect JSON value type";

/// The body of a file: an object, or an array of objects that are put together.
pub(super) fn file(root: &Json, diags: &mut Diagnostics) -> Body {
    let mut body = Body { span: root.span, ..Body::default() };
    each(root, diags, "The content of a configuration file is one object, or an array of objects.", &mut |properties, diags| {
        for property in properties.iter().filter(|property| property.name.text != "//") {
            match FILE.block(&property.name.text) {
                Some(form) => blocks(property.name.ident(), &property.value, form, &mut body, diags),
                // No such kind: the block only says where it stands.
                None => body.blocks.push(Block { kind: property.name.ident(), labels: Vec::new(), body: Body::default(), span: property.name.span }),
            }
        }
    });
    body
}

/// Visits an object, or each object of an array; null is none.
fn each(json: &Json, diags: &mut Diagnostics, needed: &str, visit: &mut dyn FnMut(&[Property], &mut Diagnostics)) {
    match &json.kind {
        Kind::Object(properties) => visit(properties, diags),
        Kind::Array(items) => items.iter().for_each(|item| each(item, diags, needed, visit)),
        Kind::Null => {}
        _ => diags.error(json.span, SHAPE, format!("{needed} This is {}.", json.name())),
    }
}

/// Adds the blocks of one kind.
fn blocks(kind: Ident, value: &Json, form: &'static Form, into: &mut Body, diags: &mut Diagnostics) {
    labelled(&kind, &mut Vec::new(), kind.span, value, form, into, diags);
}

fn labelled(kind: &Ident, labels: &mut Vec<Ident>, span: Span, value: &Json, form: &'static Form, into: &mut Body, diags: &mut Diagnostics) {
    let name = &kind.name;
    if labels.len() < form.labels {
        let needed = format!("The labels of blocks of type \"{name}\" are the names of an object's properties here, or of the objects of an array.");
        each(value, diags, &needed, &mut |properties, diags| {
            // A comment may also stand beside the names.
            for property in properties.iter().filter(|property| property.name.text != "//") {
                labels.push(property.name.ident());
                labelled(kind, labels, property.name.span, &property.value, form, into, diags);
                labels.pop();
            }
        });
        return;
    }
    let needed = format!("What a block of type \"{name}\" holds is an object here; several blocks are an array of objects.");
    each(value, diags, &needed, &mut |properties, diags| {
        let body = content(properties, value.span, form, diags);
        into.blocks.push(Block { kind: kind.clone(), labels: labels.clone(), body, span });
    });
}

fn content(properties: &[Property], span: Span, form: &'static Form, diags: &mut Diagnostics) -> Body {
    let mut body = Body { span, ..Body::default() };
    for property in properties {
        let name = &*property.name.text;
        if name == "//" {
            continue;
        }
        if let Some(nested) = form.block(name) {
            blocks(property.name.ident(), &property.value, nested, &mut body, diags);
        } else if form.open && has_dynamic(&property.value) {
            // Its iterators are names only inside it, which matters before a schema is known.
            blocks(property.name.ident(), &property.value, &NESTED, &mut body, diags);
        } else {
            body.attributes.push(attribute(property, form.reading(name), form.open, diags));
        }
    }
    body
}

/// Whether a property's value is that of a block with a `dynamic` block somewhere in it.
fn has_dynamic(value: &Json) -> bool {
    match &value.kind {
        Kind::Object(properties) => properties.iter().any(|property| {
            let is_dynamic = |property: &Property| matches!(&property.value.kind, Kind::Object(inner) if inner.iter().any(|inner| inner.name.text == "for_each") );
            property.name.text == DYNAMIC.kind && matches!(&property.value.kind, Kind::Object(labels) if labels.iter().any(is_dynamic)) || has_dynamic(&property.value)
        }),
        Kind::Array(items) => items.iter().any(has_dynamic),
        _ => false,
    }
}

/// The blocks that an argument from JSON stands for, now that it is known to be one, each with `labels` labels. An expression that cannot be blocks is reported.
pub fn nested_blocks(attribute: &Attribute, labels: usize, diags: &mut Diagnostics) -> Vec<Block> {
    let mut found = Vec::new();
    unfold(attribute, &attribute.expr, labels, &mut Vec::new(), &mut found, diags);
    found
}

fn unfold(attribute: &Attribute, expr: &Expr, left: usize, labels: &mut Vec<Ident>, found: &mut Vec<Block>, diags: &mut Diagnostics) {
    match &expr.kind {
        ExprKind::Tuple(items) => items.iter().for_each(|item| unfold(attribute, item, left, labels, found, diags)),
        ExprKind::Object(items) => {
            let mut body = Body { span: expr.span, ..Body::default() };
            for item in items {
                let ExprKind::Literal(Value::String(name)) = &item.key.kind else {
                    diags.error(item.key.span, "Invalid argument name", "The name of an argument or block is not a template: write it out.");
                    continue;
                };
                let name = Ident { name: name.clone(), span: item.key.span };
                if &*name.name == "//" {
                    continue;
                }
                if left > 0 {
                    labels.push(name);
                    unfold(attribute, &item.value, left - 1, labels, found, diags);
                    labels.pop();
                } else {
                    let span = item.key.span.to(item.value.span);
                    body.attributes.push(Attribute { name, expr: Arc::new(item.value.clone()), span, json: true });
                }
            }
            if left == 0 {
                found.push(Block { kind: attribute.name.clone(), labels: labels.clone(), body, span: attribute.name.span });
            }
        }
        ExprKind::Literal(value) if value.is_null() => {}
        ExprKind::Invalid => {}
        _ => diags.error(expr.span, SHAPE, format!("\"{}\" is a block: an object is needed here, or an array of objects.", attribute.name.name)),
    }
}
