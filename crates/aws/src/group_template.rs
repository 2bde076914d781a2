//! The launch template of an Auto Scaling group: how it is sent, and what a change of it leaves open.

use aws_sdk_autoscaling::types as sdk;
use weir_provider::native::ResourcePlan;
use weir_value::Value;

use crate::resource::autoscaling_group::AutoscalingGroup;
use crate::wire::ToSdk;

/// Launch templates are named by id or by name: only one of them is sent.
fn one_name(specification: &mut sdk::LaunchTemplateSpecification) {
    if specification.launch_template_id.is_some() {
        specification.launch_template_name = None;
    }
}

impl AutoscalingGroup {
    /// The `launch_template` block as the API takes it.
    pub(crate) fn template(&self) -> Option<sdk::LaunchTemplateSpecification> {
        let mut template: sdk::LaunchTemplateSpecification = self.launch_template.first()?.to_sdk();
        one_name(&mut template);
        Some(template)
    }

    /// The `mixed_instances_policy` block as the API takes it.
    pub(crate) fn policy(&self) -> Option<sdk::MixedInstancesPolicy> {
        let mut policy: sdk::MixedInstancesPolicy = self.mixed_instances_policy.first()?.to_sdk();
        if let Some(template) = &mut policy.launch_template {
            template.launch_template_specification.iter_mut().for_each(one_name);
            let overrides = template.overrides.iter_mut().flatten();
            overrides.filter_map(|one| one.launch_template_specification.as_mut()).for_each(one_name);
        }
        Some(policy)
    }
}

/// What is computed from a launch template's id or name is unknown when the other one changes.
pub(crate) fn follow_template(plan: &mut ResourcePlan<'_>, block: &str, pair: [&str; 2]) {
    let (prior, config) = (plan.prior(block), plan.config(block));
    let planned = plan.planned(block).transform(&mut |path, value| {
        let (Some(mine), Some(theirs)) = (value.get(pair[0]), value.get(pair[1])) else { return value };
        let (before, written) = (prior.at(path), config.at(path));
        let unset = |name: &str| written.as_ref().and_then(|written| written.get(name)).is_none_or(|value| value.is_null());
        let changed = |name: &str, now: &Value| before.as_ref().and_then(|before| before.get(name)).is_none_or(|before| before != *now);
        let stale = match (unset(pair[0]), unset(pair[1])) {
            (true, false) if changed(pair[1], &theirs) => pair[0],
            (false, true) if changed(pair[0], &mine) => pair[1],
            _ => return value,
        };
        let Value::Object(entries) = &value else { return value };
        Value::object(entries.iter().map(|(name, value)| (name.clone(), if **name == *stale { Value::unknown(weir_value::Type::String) } else { value.clone() })))
    });
    plan.set(block, planned);
}
