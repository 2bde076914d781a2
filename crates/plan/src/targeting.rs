//! What `-target` and `-exclude` leave in.

use std::collections::HashSet;

use weir_addr::{InstanceAddr, ResourceAddr, Target};
use weir_diag::Diagnostic;

use crate::nodes::{Node, NodeId, Nodes};
use crate::plan::{Mode, Options};
use crate::walk::Walk;

impl Options {
    /// True when a part of the configuration is left out.
    pub fn is_partial(&self) -> bool {
        !self.targets.is_empty() || !self.excludes.is_empty()
    }

    /// What the user should know of a plan that leaves something out.
    pub(crate) fn partial_warning(&self) -> Option<Diagnostic> {
        let (what, option) = match (self.targets.is_empty(), self.excludes.is_empty()) {
            (true, true) => return None,
            (false, _) => ("targeting", "-target"),
            (true, false) => ("exclusion", "-exclude"),
        };
        let detail = format!(
            "You are creating a plan with the {option} option, which means that the result of this plan may not represent all of the changes requested by the current configuration.\n\nThe {option} option is not for routine use, and is provided only for exceptional situations such as recovering from errors or mistakes."
        );
        Some(Diagnostic::warning(format!("Resource {what} is in effect"), detail))
    }
}

/// The nodes that take part: the targets and what they need (in a destruction what needs them), or all but the excluded and what needs them (in a destruction what
/// they need). Everything when neither is given.
pub(crate) fn included(nodes: &Nodes, options: &Options) -> Option<HashSet<NodeId>> {
    if !options.is_partial() {
        return None;
    }
    let destroy = options.mode == Mode::Destroy;
    let needed = &nodes.deps;
    let needing = nodes.needing();
    let named = |test: &dyn Fn(&ResourceAddr) -> bool| -> Vec<NodeId> {
        let is_named = |id: &NodeId| config_addr(nodes, *id).is_some_and(|addr| test(&addr));
        (0..nodes.nodes.len()).filter(is_named).collect()
    };
    let mut found: HashSet<NodeId> = if options.targets.is_empty() {
        (0..nodes.nodes.len()).collect()
    } else {
        let from = named(&|addr| options.targets.iter().any(|target| target.matches_config(addr)));
        reach(from, if destroy { &needing } else { needed })
    };
    let from = named(&|addr| options.excludes.iter().any(|target| matches_wholly(target, addr)));
    for id in reach(from, if destroy { needed } else { &needing }) {
        // A provider, variable or local is nothing that could be left out.
        if destroy && config_addr(nodes, id).is_none() {
            continue;
        }
        found.remove(&id);
    }
    if !options.targets.is_empty() {
        outputs(nodes, &mut found);
    }
    Some(found)
}

/// Adds the outputs of the root module that are made of nothing but what takes part.
fn outputs(nodes: &Nodes, found: &mut HashSet<NodeId>) {
    for (id, node) in nodes.nodes.iter().enumerate() {
        if !matches!(node, Node::Output { module: 0, .. }) {
            continue;
        }
        found.remove(&id);
        let resources: Vec<NodeId> = reach(vec![id], &nodes.deps).into_iter().filter(|id| config_addr(nodes, *id).is_some()).collect();
        if !resources.is_empty() && resources.iter().all(|id| found.contains(id)) {
            found.insert(id);
        }
    }
}

fn reach(mut stack: Vec<NodeId>, next: &[Vec<NodeId>]) -> HashSet<NodeId> {
    let mut found = HashSet::new();
    while let Some(id) = stack.pop() {
        if found.insert(id) {
            stack.extend(next[id].iter().copied());
        }
    }
    found
}

/// The address of a resource's node.
fn config_addr(nodes: &Nodes, id: NodeId) -> Option<ResourceAddr> {
    let Node::Resource { module, mode, type_, name } = &nodes.nodes[id] else { return None };
    Some(ResourceAddr { module: nodes.modules[*module].path.clone(), mode: *mode, type_: type_.clone(), name: name.clone() })
}

/// Whether all instances of a block of the configuration are among what a target names: one with a key names only some of them.
fn matches_wholly(target: &Target, resource: &ResourceAddr) -> bool {
    let keyless = |path: &weir_addr::ModulePath| path.steps().iter().all(|step| step.key.is_none());
    let whole = match target {
        Target::Stage(_) => true,
        Target::Module(module) => keyless(module),
        Target::Resource(own) => keyless(&own.module),
        Target::Instance(own) => own.key.is_none() && keyless(&own.resource.module),
    };
    whole && target.matches_config(resource)
}

impl Walk<'_> {
    /// Whether an object takes part.
    pub(crate) fn targeted(&self, addr: &InstanceAddr) -> bool {
        let Options { targets, excludes, .. } = self.options;
        if excludes.iter().any(|target| target.matches(addr)) {
            return false;
        }
        let id = || {
            let resource = &addr.resource;
            let module = self.nodes.module_at(&resource.module.without_keys())?;
            self.nodes.find(&Node::Resource { module, mode: resource.mode, type_: resource.type_.clone(), name: resource.name.clone() })
        };
        let takes_part = |id: NodeId| self.included.as_ref().is_none_or(|included| included.contains(&id));
        if targets.is_empty() {
            return excludes.is_empty() || id().is_none_or(takes_part);
        }
        if targets.iter().any(|target| target.matches(addr)) {
            return id().is_none_or(takes_part);
        }
        id().is_some_and(|id| takes_part(id) && !targets.iter().any(|target| target.matches_config(&addr.resource.config())))
    }

    /// Whether an output of the root module gets a new value.
    pub fn updates_output(&self, name: &str) -> bool {
        let Some(included) = &self.included else { return true };
        if self.options.mode == Mode::Destroy {
            return false;
        }
        let id = self.nodes.find(&Node::Output { module: 0, name: name.into() });
        // One that is declared no more belongs to no part.
        id.map_or_else(|| self.options.targets.is_empty(), |id| included.contains(&id))
    }
}
