//! `count` and `for_each`.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_addr::InstanceKey;
use weir_config::Repeat;
use weir_diag::Diagnostic;
use weir_value::{Type, Value, convert};

use crate::Evaluator;

/// The instances of a repeated block.
#[derive(Clone, Debug, PartialEq)]
pub enum Instances {
    /// One, without a key.
    Single,
    /// That many, with numbers from 0.
    Count(u64),
    /// One per key, with its value.
    Keys(BTreeMap<Arc<str>, Value>),
    /// Not known yet how many; what that waits for.
    Unknown(Option<Arc<str>>),
}

impl Instances {
    /// The keys in order.
    pub fn keys(&self) -> Vec<Option<InstanceKey>> {
        match self {
            Self::Single => vec![None],
            Self::Count(count) => (0..*count).map(|at| Some(InstanceKey::Int(at))).collect(),
            Self::Keys(keys) => keys.keys().map(|key| Some(InstanceKey::Str(key.clone()))).collect(),
            Self::Unknown(_) => Vec::new(),
        }
    }
}

/// The same where nothing can wait: that it is not known yet how many there are is an error, unless what it waits for is known by name.
pub fn expand_now(repeat: &Repeat, evaluator: &mut Evaluator<'_>) -> Instances {
    let errors = evaluator.diags.len();
    let instances = expand(repeat, evaluator);
    if instances == Instances::Unknown(None) && evaluator.diags.len() == errors {
        let (name, what, expr) = match repeat {
            Repeat::Once => return instances,
            Repeat::Count(expr) => ("count", "the number of instances", expr),
            Repeat::ForEach(expr) => ("for_each", "the keys of the instances", expr),
        };
        let detail = format!(
            "The \"{name}\" value depends on resource attributes that cannot be determined until apply, so {what} cannot be planned. Make it depend on values of the configuration instead: for_each over a map whose keys are written there, with the unknown parts in its values. Or apply what it depends on first, with -target, and then the rest."
        );
        let diagnostic = evaluator.describe(Diagnostic::error(format!("Invalid {name} argument"), detail).at(expr.span), expr);
        evaluator.diags.push(diagnostic);
    }
    instances
}

/// The instances that `count` or `for_each` says.
pub fn expand(repeat: &Repeat, evaluator: &mut Evaluator<'_>) -> Instances {
    match repeat {
        Repeat::Once => Instances::Single,
        Repeat::Count(expr) => {
            let fail = |evaluator: &mut Evaluator<'_>, detail: &str| {
                let diagnostic = evaluator.describe(Diagnostic::error("Invalid count argument", detail).at(expr.span), expr);
                evaluator.diags.push(diagnostic);
                Instances::Unknown(None)
            };
            let errors = evaluator.diags.len();
            let (value, marks) = evaluator.eval(expr).unmark();
            if evaluator.diags.len() > errors {
                return Instances::Unknown(None);
            }
            if marks.is_ephemeral() {
                return fail(
                    evaluator,
                    "The given \"count\" is derived from an ephemeral value, so it cannot be kept from plan to apply. Use a value that is not ephemeral.",
                );
            }
            if marks.is_sensitive() {
                return fail(
                    evaluator,
                    "Sensitive values, or values derived from sensitive values, cannot be used as count arguments: the number of instances would disclose them. Use nonsensitive(…) if the number itself is no secret.",
                );
            }
            match convert(&value, &Type::Number) {
                Ok(Value::Unknown(unknown)) => Instances::Unknown(unknown.cause.clone()),
                Ok(Value::Number(number)) => match number.to_i64() {
                    Some(count) if count >= 0 => Instances::Count(count.unsigned_abs()),
                    Some(_) => fail(evaluator, "The given \"count\" argument value is unsuitable: must be greater than or equal to zero."),
                    None => fail(evaluator, "The given \"count\" argument value is unsuitable: a whole number is required."),
                },
                Ok(_) => fail(evaluator, "The given \"count\" argument value is null. An integer is required."),
                Err(error) => fail(evaluator, &format!("The given \"count\" argument value is unsuitable: {error}.")),
            }
        }
        Repeat::ForEach(expr) => for_each(expr, evaluator),
    }
}

fn for_each(expr: &weir_config::syntax::Expr, evaluator: &mut Evaluator<'_>) -> Instances {
    let fail = |evaluator: &mut Evaluator<'_>, detail: String| {
        let diagnostic = evaluator.describe(Diagnostic::error("Invalid for_each argument", detail).at(expr.span), expr);
        evaluator.diags.push(diagnostic);
        Instances::Unknown(None)
    };
    let errors = evaluator.diags.len();
    let (value, marks) = evaluator.eval(expr).unmark();
    if evaluator.diags.len() > errors {
        return Instances::Unknown(None);
    }
    if !marks.is_empty() {
        return fail(evaluator, "Sensitive or ephemeral values, or values derived from them, cannot be used as for_each arguments: the keys of the instances would disclose them. Use nonsensitive(…) for keys that are no secret.".to_owned());
    }
    match &value {
        Value::Unknown(unknown) => match unknown.ty {
            Type::Map(_) | Type::Set(_) | Type::Object(_) | Type::Dynamic => Instances::Unknown(unknown.cause.clone()),
            _ => fail(evaluator, unsuitable(&unknown.ty)),
        },
        Value::Null(_) => fail(
            evaluator,
            "The given \"for_each\" argument value is unsuitable: the given \"for_each\" argument value is null. A map, or set of strings is allowed.".to_owned(),
        ),
        Value::Map(_, entries) | Value::Object(entries) => Instances::Keys((**entries).clone()),
        Value::Set(set) => {
            let mut keys = BTreeMap::new();
            for item in set.items.iter() {
                match item {
                    Value::String(key) => {
                        keys.insert(key.clone(), item.clone());
                    }
                    Value::Unknown(unknown) => return Instances::Unknown(unknown.cause.clone()),
                    Value::Null(_) => {
                        return fail(evaluator, "The given \"for_each\" argument value is unsuitable: \"for_each\" sets must not contain null values.".to_owned());
                    }
                    other => {
                        let name = other.ty().friendly_name();
                        return fail(
                            evaluator,
                            format!(
                                "The given \"for_each\" argument value is unsuitable: \"for_each\" supports maps and sets of strings, but you have provided a set containing type {name}."
                            ),
                        );
                    }
                }
            }
            Instances::Keys(keys)
        }
        other => fail(evaluator, unsuitable(&other.ty())),
    }
}

fn unsuitable(ty: &Type) -> String {
    format!(
        "The given \"for_each\" argument value is unsuitable: the \"for_each\" argument must be a map, or set of strings, and you have provided a value of type {}. For a list, write toset(…).",
        ty.friendly_name()
    )
}
