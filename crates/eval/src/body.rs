//! Blocks to values, by a schema.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use weir_config::json::nested_blocks;
use weir_config::syntax::{Attribute as Argument, Block as Source, Body, ExprKind};
use weir_diag::{Diagnostic, Span, did_you_mean};
use weir_provider::{Attribute, Block, NestedBlock, Nesting};
use weir_value::{Path, PathStep, Type, Unknown, Value, convert};

use crate::Evaluator;
use crate::access::{NotIterable, pairs};

/// The value of a body: an object of the schema's type, with marks, null where nothing is written. What is wrong goes to the evaluator's diagnostics.
pub fn decode_body(evaluator: &mut Evaluator<'_>, body: &Body, schema: &Block) -> Value {
    decode(evaluator, body, schema)
}

/// The place in a body that a path leads to: the nearest that is written.
pub fn span_of(body: &Body, path: &Path) -> Option<Span> {
    let (first, rest) = path.0.split_first()?;
    let PathStep::Attr(name) = first else { return None };
    if let Some(attribute) = body.attribute(name) {
        return Some(attribute.expr.span);
    }
    let at = match rest.first() {
        Some(PathStep::Index(key)) => key.as_u64().unwrap_or(0) as usize,
        _ => 0,
    };
    let block = body.blocks_of(name).nth(at).or_else(|| body.blocks_of(name).next())?;
    let deeper = Path(rest.iter().skip_while(|step| matches!(step, PathStep::Index(_))).cloned().collect());
    span_of(&block.body, &deeper).or(Some(block.span))
}

/// The body with those arguments from JSON as blocks that the schema calls blocks.
fn with_blocks<'a>(evaluator: &mut Evaluator<'_>, body: &'a Body, schema: &Block) -> Cow<'a, Body> {
    let nested = |attribute: &Argument| if attribute.json { schema.blocks.get(&attribute.name.name) } else { None };
    if !body.attributes.iter().any(|attribute| nested(attribute).is_some()) {
        return Cow::Borrowed(body);
    }
    let mut own = Body { blocks: body.blocks.clone(), span: body.span, ..Body::default() };
    for attribute in &body.attributes {
        match nested(attribute) {
            Some(nested) => own.blocks.extend(nested_blocks(attribute, usize::from(nested.nesting == Nesting::Map), &mut evaluator.diags)),
            None => own.attributes.push(attribute.clone()),
        }
    }
    Cow::Owned(own)
}

fn decode(evaluator: &mut Evaluator<'_>, body: &Body, schema: &Block) -> Value {
    let body = &*with_blocks(evaluator, body, schema);
    let mut entries = BTreeMap::new();
    for (name, attribute) in &schema.attributes {
        entries.insert(name.clone(), attribute_value(evaluator, body, name, attribute));
    }
    for (name, nested) in &schema.blocks {
        entries.insert(name.clone(), blocks_value(evaluator, body, name, nested));
    }
    complain(evaluator, body, schema);
    Value::Object(Arc::new(entries))
}

fn complain(evaluator: &mut Evaluator<'_>, body: &Body, schema: &Block) {
    let known = || schema.attributes.keys().chain(schema.blocks.keys()).map(|name| &**name);
    for attribute in &body.attributes {
        let name = &*attribute.name.name;
        if schema.attributes.contains_key(name) {
            continue;
        }
        let detail = if schema.blocks.contains_key(name) {
            format!("An argument named \"{name}\" is not expected here. Did you mean to define a block of type \"{name}\"?")
        } else {
            format!("An argument named \"{name}\" is not expected here.{}", did_you_mean(name, known()))
        };
        evaluator.diags.error(attribute.name.span, "Unsupported argument", detail);
    }
    for block in &body.blocks {
        let (kind, labels) = (&*block.kind.name, &block.labels);
        let dynamic = kind == "dynamic" && labels.len() == 1;
        let (name, span) = if dynamic { (&*labels[0].name, labels[0].span) } else { (kind, block.kind.span) };
        if schema.blocks.contains_key(name) || schema.attributes.get(name).is_some_and(|attribute| object_of(attribute).is_some()) {
            continue;
        }
        let detail = if schema.attributes.contains_key(name) {
            format!("Blocks of type \"{name}\" are not expected here. Did you mean to define argument \"{name}\"? If so, use the equals sign to assign it a value.")
        } else {
            format!("Blocks of type \"{name}\" are not expected here.{}", did_you_mean(name, known()))
        };
        evaluator.diags.error(span, "Unsupported block type", detail);
    }
}

/// The object type of a list or set of objects: such an attribute may also be written as blocks.
fn object_of(attribute: &Attribute) -> Option<&weir_value::ObjectType> {
    match attribute.ty.element() {
        Some(Type::Object(object)) if !matches!(attribute.ty, Type::Map(_)) => Some(object),
        _ => None,
    }
}

fn attribute_value(evaluator: &mut Evaluator<'_>, body: &Body, name: &Arc<str>, attribute: &Attribute) -> Value {
    let Some(written) = body.attribute(name) else {
        if let Some(object) = object_of(attribute)
            && writes_blocks(body, name)
        {
            let attributes = object.attributes.iter().map(|(name, ty)| (name.clone(), Attribute::optional(ty.clone()))).collect();
            let block = Block { attributes, ..Block::default() };
            let nesting = if matches!(attribute.ty, Type::Set(_)) { Nesting::Set } else { Nesting::List };
            let nested = NestedBlock { nesting, block, min: 0, max: 0, force_new: false, computed: false };
            return blocks_value(evaluator, body, name, &nested);
        }
        if attribute.required {
            evaluator.diags.error(body.span, "Missing required argument", format!("The argument \"{name}\" is required, but no definition was found."));
        }
        return Value::Null(attribute.ty.clone());
    };
    if !attribute.required && !attribute.optional {
        evaluator.diags.error(
            written.name.span,
            "Value for unconfigurable attribute",
            format!("Can't configure a value for \"{name}\": its value will be decided automatically based on the result of applying this configuration."),
        );
        return Value::Null(attribute.ty.clone());
    }
    if let Some(why) = attribute.deprecated {
        evaluator.diags.warning(written.name.span, "Argument is deprecated", why);
    }
    let errors = evaluator.diags.len();
    let value = evaluator.eval(&written.expr);
    match convert(&value, &attribute.ty) {
        Ok(value) => {
            if attribute.required && value.is_null() && evaluator.diags.len() == errors {
                let diagnostic =
                    Diagnostic::error("Missing required argument", format!("The argument \"{name}\" is required, but the given value is null.")).at(written.expr.span);
                let diagnostic = evaluator.describe(diagnostic, &written.expr);
                evaluator.diags.push(diagnostic);
            }
            value
        }
        Err(error) => {
            let diagnostic = Diagnostic::error("Incorrect attribute value type", format!("Inappropriate value for attribute \"{name}\": {error}.")).at(written.expr.span);
            let diagnostic = evaluator.describe(diagnostic, &written.expr);
            evaluator.diags.push(diagnostic);
            Value::unknown(attribute.ty.clone())
        }
    }
}

fn is_dynamic(block: &Source, name: &str) -> bool {
    &*block.kind.name == "dynamic" && block.labels.len() == 1 && &*block.labels[0].name == name
}

fn writes_blocks(body: &Body, name: &str) -> bool {
    body.blocks.iter().any(|block| &*block.kind.name == name || is_dynamic(block, name))
}

/// All blocks of one kind, written out or made by `dynamic`.
fn blocks_value(evaluator: &mut Evaluator<'_>, body: &Body, name: &Arc<str>, nested: &NestedBlock) -> Value {
    let mut found: Vec<(Option<Arc<str>>, Value)> = Vec::new();
    let mut waits: Option<Option<Arc<str>>> = None;
    let mut marks = weir_value::Marks::NONE;
    let mut count = 0_u64;
    for block in &body.blocks {
        if *block.kind.name == **name {
            let labelled = usize::from(nested.nesting == Nesting::Map);
            if block.labels.len() != labelled {
                let detail = if labelled == 1 { format!("A {name} block needs one label: its key.") } else { format!("No labels are expected for {name} blocks.") };
                evaluator.diags.error(block.labels.first().map_or(block.span, |label| label.span), format!("Extraneous label for {name}"), detail);
            }
            let value = decode(evaluator, &block.body, &nested.block);
            found.push((block.labels.first().map(|label| label.name.clone()), value));
            count += 1;
            if nested.max > 0 && count == nested.max + 1 {
                evaluator.diags.error(block.span, format!("Too many {name} blocks"), format!("No more than {} \"{name}\" blocks are allowed", nested.max));
            }
        } else if is_dynamic(block, name) {
            let errors = evaluator.diags.len();
            match dynamic(evaluator, block, name, nested) {
                Ok((items, own)) => {
                    count += items.len() as u64;
                    marks = marks.union(own);
                    found.extend(items);
                }
                Err(cause) => {
                    let _ = errors;
                    waits.get_or_insert(cause);
                }
            }
        }
    }
    if count < nested.min && waits.is_none() {
        evaluator.diags.error(body.span, format!("Insufficient {name} blocks"), format!("At least {} \"{name}\" blocks are required.", nested.min));
    }
    let ty = nested.ty();
    if let Some(cause) = waits {
        return Value::Unknown(Arc::new(Unknown { ty, refinement: weir_value::Refinement::default(), cause })).with_marks(marks);
    }
    let element = nested.block.ty();
    let values = || found.iter().map(|(_, value)| value.clone());
    let value = match nested.nesting {
        Nesting::Single => values().next().unwrap_or(Value::Null(ty)),
        Nesting::Group => values().next().unwrap_or_else(|| empty(&nested.block)),
        Nesting::List if ty == Type::Dynamic => Value::tuple(values()),
        Nesting::List => Value::list(element, values()),
        Nesting::Set => Value::set(element, values()),
        Nesting::Map => {
            let entries = found.iter().filter_map(|(key, value)| Some((key.clone()?, value.clone()))).collect::<Vec<_>>();
            if ty == Type::Dynamic { Value::object(entries) } else { Value::map(element, entries) }
        }
    };
    value.with_marks(marks)
}

fn empty(block: &Block) -> Value {
    let attributes = block.attributes.iter().map(|(name, attribute)| (name.clone(), Value::Null(attribute.ty.clone())));
    Value::object(attributes.chain(block.blocks.iter().map(|(name, nested)| (name.clone(), Value::Null(nested.ty())))).collect::<Vec<_>>())
}

type Made = (Vec<(Option<Arc<str>>, Value)>, weir_value::Marks);

/// The blocks that a `dynamic` block makes; `Err` while their number is not known.
fn dynamic(evaluator: &mut Evaluator<'_>, block: &Source, name: &Arc<str>, nested: &NestedBlock) -> Result<Made, Option<Arc<str>>> {
    let body = &block.body;
    let Some(for_each) = body.attribute("for_each") else {
        evaluator.diags.error(block.span, "Missing required argument", "The argument \"for_each\" is required, but no definition was found.");
        return Err(None);
    };
    let Some(content) = body.blocks_of("content").next() else {
        evaluator.diags.error(block.span, "Missing required block", format!("A dynamic block needs a nested \"content\" block with what each {name} holds."));
        return Err(None);
    };
    let iterator = match body.attribute("iterator").map(|attribute| &attribute.expr.kind) {
        Some(ExprKind::Variable(ident)) => ident.name.clone(),
        Some(_) => {
            evaluator.diags.error(block.span, "Invalid dynamic iterator name", "Dynamic iterator must be a single variable name.");
            return Err(None);
        }
        None => name.clone(),
    };
    let errors = evaluator.diags.len();
    let (collection, marks) = evaluator.eval(&for_each.expr).unmark();
    if evaluator.diags.len() > errors {
        return Err(None);
    }
    let items = match pairs(&collection) {
        Ok(Some(items)) => items,
        Ok(None) => {
            // The content is still checked, with an element that nothing is known of.
            let item = Value::object([("key", Value::unknown(Type::Dynamic)), ("value", Value::unknown(Type::Dynamic))]);
            evaluator.with([(iterator, item)], |evaluator| decode(evaluator, &content.body, &nested.block));
            return Err(collection.cause());
        }
        Err(NotIterable::Null) => {
            evaluator.fail(for_each.expr.span, "Invalid dynamic for_each value", "Cannot use a null value in for_each.", &[&for_each.expr]);
            return Err(None);
        }
        Err(NotIterable::Scalar) => {
            let detail = format!("Cannot use a {} value in for_each. An iterable collection is required.", collection.ty().friendly_name());
            evaluator.fail(for_each.expr.span, "Invalid dynamic for_each value", detail, &[&for_each.expr]);
            return Err(None);
        }
    };
    let mut made = Vec::with_capacity(items.len());
    for (key, value) in items {
        let item = Value::object([("key", key.clone()), ("value", value)]);
        let value = evaluator.with([(iterator.clone(), item)], |evaluator| decode(evaluator, &content.body, &nested.block));
        made.push((key.as_str().map(Arc::from), value));
    }
    Ok((made, marks))
}
