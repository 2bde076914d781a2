//! What the plans of all types have in common.

use weir_provider::native::ResourcePlan;
use weir_value::{Type, Value};

use crate::Client;

/// The beginning of every `plan` hook of a type without tags: unset arguments and zero values mean the same.
///
/// A state that the incumbent wrote holds `false`, `0`, `""` or an empty collection where an argument was never set.
pub(crate) fn zeros(plan: &mut ResourcePlan<'_>) {
    plan.keep_zeros();
}

/// The beginning of every `plan` hook of a type with `tags` and `tags_all`.
pub(crate) fn base(client: &Client, plan: &mut ResourcePlan<'_>) {
    zeros(plan);
    client.tag_rules().plan(plan);
}

/// Fills what is null in the objects of an attribute (a set or list of objects, such as `ingress`) with the zero value of its type: the one form in which both
/// plan and state have them, whether the configuration left something out or wrote it empty.
pub(crate) fn fill(plan: &mut ResourcePlan<'_>, name: &str) {
    let filled = plan.planned(name).transform(&mut |path, value| match (path.0.len(), &value) {
        (2, Value::Null(Type::String)) => Value::from(""),
        (2, Value::Null(Type::Bool)) => Value::from(false),
        (2, Value::Null(Type::Number)) => Value::from(0),
        (2, Value::Null(Type::List(element))) => Value::list((**element).clone(), []),
        (2, Value::Null(Type::Set(element))) => Value::set((**element).clone(), []),
        _ => value,
    });
    plan.set(name, filled);
}
