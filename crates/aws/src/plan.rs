//! What the plans of all types have in common.

use weir_provider::native::ResourcePlan;

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
