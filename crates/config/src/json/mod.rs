//! The JSON syntax of the language: `.tf.json`, `.tofu.json` and `.tfvars.json`.
//!
//! A file becomes the same tree as one in the native syntax. What a property is, a block, a literal, a template or an expression, is told by the place where it stands
//! (`form`). In the blocks of a provider's types nobody knows yet which properties are nested blocks: they become arguments with [`Attribute::json`], and whoever knows the
//! schema asks for [`nested_blocks`].

mod body;
mod expression;
mod form;
mod value;

use std::sync::Arc;

use weir_diag::{Diagnostics, SourceId, Sources};

pub use body::nested_blocks;

use crate::Assignment;
use crate::syntax::{Attribute, Body};
use form::Reading;
use value::{Json, Kind};

/// Reads a configuration file.
pub(crate) fn parse(sources: &Sources, id: SourceId) -> (Body, Diagnostics) {
    let (root, mut diags) = read(sources, id);
    let body = root.map(|root| body::file(&root, &mut diags)).unwrap_or_default();
    (body, diags)
}

/// The assignments of a `.tfvars.json` file. Its strings are literal.
pub(crate) fn parse_assignments(sources: &Sources, id: SourceId) -> (Vec<Assignment>, Diagnostics) {
    let (root, mut diags) = read(sources, id);
    let Some(root) = root else { return (Vec::new(), diags) };
    let Kind::Object(properties) = &root.kind else {
        diags.error(root.span, "Invalid values file", "A file of values is one JSON object: { \"name\": value }.");
        return (Vec::new(), diags);
    };
    let mut found = Vec::new();
    for property in properties.iter().filter(|property| property.name.text != "//") {
        let expr = expression::expression(&property.value, Reading::Literal, &mut diags);
        found.push(Assignment { name: property.name.text.as_str().into(), expr: Arc::new(expr), span: property.name.span });
    }
    (found, diags)
}

fn read(sources: &Sources, id: SourceId) -> (Option<Json>, Diagnostics) {
    value::parse(sources.get(id).map_or("", |file| &*file.text), id)
}

/// An argument from a JSON property.
fn attribute(property: &value::Property, reading: Reading, json: bool, diags: &mut Diagnostics) -> Attribute {
    let expr = expression::expression(&property.value, reading, diags);
    Attribute { name: property.name.ident(), expr: Arc::new(expr), span: property.name.span.to(property.value.span), json }
}

#[cfg(test)]
mod tests;
