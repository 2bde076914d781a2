//! The configuration of one object.

use std::sync::Arc;

use weir_diag::{Diagnostic, Diagnostics, Span};
use weir_eval::{Evaluator, decode_body, span_of};
use weir_provider::{Block, Fault, NestedBlock, Nesting, Schema, Severity};
use weir_value::{Marks, Path, Type, Value};

use weir_config::syntax::Body;

/// A decoded configuration: the value without marks, and the marks apart.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// An object of the schema's type, unmarked.
    pub config: Value,
    /// Where something was sensitive.
    pub marks: Vec<(Path, Marks)>,
}

/// Evaluates a body by a schema. An ephemeral value where it would be stored is an error.
pub fn decode_instance(evaluator: &mut Evaluator<'_>, body: &Body, schema: &Schema, keeps_ephemeral: bool) -> Decoded {
    let value = decode_body(evaluator, body, &schema.block);
    let (config, marks) = split(&value);
    let marks = marks
        .into_iter()
        .filter_map(|(path, marks)| {
            if marks.is_ephemeral() && !keeps_ephemeral {
                if !write_only(schema, &path) {
                    let span = span_of(body, &path).unwrap_or(body.span);
                    evaluator.diags.error(
                        span,
                        "Invalid use of ephemeral value",
                        "Ephemeral values are not valid for this argument, because its value is kept in the state. Use the write-only form of the argument where there is one (its name ends in _wo).",
                    );
                }
                // Write-only arguments are not stored, so nothing of them is left to be marked.
                return None;
            }
            (!marks.is_empty()).then_some((path, marks))
        })
        .collect();
    Decoded { config, marks }
}

fn write_only(schema: &Schema, path: &Path) -> bool {
    path.first_attr().and_then(|name| schema.block.attributes.get(name)).is_some_and(|attribute| attribute.write_only)
}

/// The value without marks, and where they were.
pub fn split(value: &Value) -> (Value, Vec<(Path, Marks)>) {
    if value.marks_deep().is_empty() {
        return (value.clone(), Vec::new());
    }
    let mut found = Vec::new();
    let bare = value.transform(&mut |path, value| {
        let (value, marks) = value.unmark();
        if !marks.is_empty() {
            found.push((path.clone(), marks));
        }
        value
    });
    (bare, found)
}

/// Puts marks back where they were, as far as the paths exist.
pub(crate) fn mark(value: &Value, marks: &[(Path, Marks)]) -> Value {
    if marks.is_empty() {
        return value.clone();
    }
    value.transform(&mut |path, value| {
        let here = marks.iter().filter(|(at, _)| at == path).fold(Marks::NONE, |all, (_, marks)| all.union(*marks));
        value.with_marks(here)
    })
}

/// Marks everything that the schema calls sensitive, and what mirrors a marked argument.
pub(crate) fn mark_schema(value: &Value, schema: &Schema) -> Value {
    let value = schema.mark_mirrors(value.clone());
    if !schema.block.any(&|attribute| attribute.sensitive) {
        return value;
    }
    let paths: Vec<(Path, Marks)> = schema.block.sensitive_paths(&value).into_iter().map(|path| (path, Marks::SENSITIVE)).collect();
    mark(&value, &paths)
}

/// The object that a configuration alone tells of: computed attributes are unknown, for `cause` if there is one.
pub(crate) fn only_configured(schema: &Schema, config: &Value, cause: Option<&str>) -> Value {
    let unknown = |ty: &Type| match cause {
        Some(cause) => Value::unknown_because(ty.clone(), cause),
        None => Value::unknown(ty.clone()),
    };
    only_written(&schema.block, config, &unknown)
}

fn only_written(block: &Block, config: &Value, unknown: &dyn Fn(&Type) -> Value) -> Value {
    let Value::Object(entries) = config.unmarked() else { return config.clone() };
    Value::object(entries.iter().map(|(name, value)| {
        let value = match (block.attributes.get(name), block.blocks.get(name)) {
            (Some(attribute), _) if attribute.write_only => Value::Null(attribute.ty.clone()),
            (Some(attribute), _) if value.is_null() => match &attribute.default {
                Some(default) => default.clone(),
                None if attribute.computed => unknown(&attribute.ty),
                None => value.clone(),
            },
            (None, Some(nested)) if nested.computed && (value.is_null() || value.length() == Some(0)) => unknown(&nested.ty()),
            (None, Some(nested)) => each_written(nested, value, unknown),
            _ => value.clone(),
        };
        (name.clone(), value)
    }))
}

fn each_written(nested: &NestedBlock, value: &Value, unknown: &dyn Fn(&Type) -> Value) -> Value {
    let one = |item: &Value| only_written(&nested.block, item, unknown);
    match value {
        Value::Object(_) if matches!(nested.nesting, Nesting::Single | Nesting::Group) => one(value),
        Value::List(element, items) => Value::list(element.clone(), items.iter().map(one).collect::<Vec<_>>()),
        Value::Set(set) => Value::set(set.element.clone(), set.items.iter().map(one).collect::<Vec<_>>()),
        Value::Map(element, entries) => Value::map(element.clone(), entries.iter().map(|(key, item)| (key.clone(), one(item))).collect::<Vec<_>>()),
        other => other.clone(),
    }
}

/// A provider's faults as diagnostics at the arguments that they are about.
pub(crate) fn report(faults: Vec<Fault>, body: Option<&Body>, span: Option<Span>, address: &str) -> Diagnostics {
    faults
        .into_iter()
        .map(|fault| {
            let diagnostic = match fault.severity {
                Severity::Error => Diagnostic::error(fault.summary, fault.detail),
                Severity::Warning => Diagnostic::warning(fault.summary, fault.detail),
            };
            let place = fault.path.as_ref().zip(body).and_then(|(path, body)| span_of(body, path)).or(span);
            let diagnostic = place.into_iter().fold(diagnostic, Diagnostic::at);
            if address.is_empty() { diagnostic } else { diagnostic.of(address) }
        })
        .collect()
}

/// A value with null for everything that is not known.
pub fn without_unknown(value: &Value) -> Value {
    if value.is_wholly_known() {
        return value.clone();
    }
    value.transform(&mut |_, value| if let Value::Unknown(unknown) = &value { Value::Null(unknown.ty.clone()) } else { value })
}

/// A configuration in which nothing is set.
pub(crate) fn only_null(schema: &Schema) -> Value {
    let attributes = schema.block.attributes.iter().map(|(name, attribute)| (name.clone(), Value::Null(attribute.ty.clone())));
    let blocks = schema.block.blocks.iter().map(|(name, nested)| {
        let value = match nested.ty() {
            Type::List(element) => Value::list((*element).clone(), []),
            Type::Set(element) => Value::set((*element).clone(), []),
            Type::Map(element) => Value::map::<&str>((*element).clone(), []),
            other => Value::Null(other),
        };
        (name.clone(), value)
    });
    Value::object(attributes.chain(blocks).collect::<Vec<_>>())
}

/// The unknown parts of a value say what they wait for.
pub(crate) fn because(value: &Value, cause: &Arc<str>) -> Value {
    if value.is_wholly_known() {
        return value.clone();
    }
    value.transform(&mut |_, value| match &value {
        Value::Unknown(unknown) if unknown.cause.is_none() => Value::Unknown(Arc::new(weir_value::Unknown { cause: Some(cause.clone()), ..(**unknown).clone() })),
        _ => value,
    })
}
