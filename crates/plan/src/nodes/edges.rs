//! Finds what a node refers to.

use std::sync::Arc;

use weir_addr::{GateName, Mode};
use weir_config::syntax::{Body, Expr, Step, Traversal, for_each_variable};
use weir_config::{Import, Repeat, Resource};
use weir_diag::{Diagnostic, Diagnostics, did_you_mean};

use super::{Node, NodeId, Nodes};

/// What is being built.
pub(super) struct Builder<'a> {
    pub(super) nodes: &'a mut Nodes,
    pub(super) diags: &'a mut Diagnostics,
    pub(super) edges: Vec<(NodeId, NodeId)>,
}

impl Builder<'_> {
    pub(super) fn module(&mut self, at: usize) {
        let module = self.nodes.modules[at].clone();
        // Everything in a module waits until its instances are known, and is part of "all of it".
        if let Some(step) = module.path.last()
            && let Some(parent) = module.path.parent().and_then(|parent| self.nodes.module_at(&parent))
        {
            let call = Node::Call { module: parent, name: step.name.clone() };
            let done = Node::Done { module: at };
            let inside = self.nodes.declared[at].clone();
            if let (Some(call), Some(done)) = (self.nodes.find(&call), self.nodes.find(&done)) {
                let checks = module.checks.keys().filter_map(|name| self.nodes.find(&Node::Check { module: at, name: name.clone() }));
                self.edges.extend(checks.map(|check| (check, call)));
                for id in inside {
                    self.edges.push((id, call));
                    self.edges.push((done, id));
                }
            }
            for child in module.children.values() {
                if let (Some(child), Some(done)) = (self.nodes.module_at(&child.path), self.nodes.find(&done)) {
                    let inner = self.nodes.find(&Node::Done { module: child });
                    self.edges.extend(inner.map(|inner| (done, inner)));
                }
            }
        }
        for (name, call) in &module.calls {
            let Some(id) = self.nodes.find(&Node::Call { module: at, name: name.clone() }) else { continue };
            self.repeat(at, id, &call.repeat);
            self.depends_on(at, id, &call.depends_on);
            for given in call.providers.values().filter(|given| given.alias.is_some() && self.nodes.provider(at, given).is_none()) {
                let written = format!("{}.{}", given.name, given.alias.as_deref().unwrap_or_default());
                let detail = format!("The call hands in the provider configuration {written}, which this module does not have: declare it, or take one that is there.");
                self.diags.error(call.span, "Provider configuration not present", detail);
            }
            let Some(child) = self.nodes.child(at, name) else { continue };
            for (argument, (expr, _)) in &call.args {
                if let Some(variable) = self.nodes.find(&Node::Variable { module: child, name: argument.clone() }) {
                    self.expr(at, variable, expr);
                }
            }
        }
        for (name, variable) in &module.variables {
            let Some(id) = self.nodes.find(&Node::Variable { module: at, name: name.clone() }) else { continue };
            for rule in &variable.validations {
                self.expr(at, id, &rule.condition);
                self.expr(at, id, &rule.error_message);
            }
        }
        for (name, local) in &module.locals {
            if let Some(id) = self.nodes.find(&Node::Local { module: at, name: name.clone() }) {
                self.expr(at, id, &local.expr);
            }
        }
        for (name, output) in &module.outputs {
            let Some(id) = self.nodes.find(&Node::Output { module: at, name: name.clone() }) else { continue };
            self.expr(at, id, &output.expr);
            self.depends_on(at, id, &output.depends_on);
            for rule in &output.preconditions {
                self.expr(at, id, &rule.condition);
                self.expr(at, id, &rule.error_message);
            }
        }
        for (of, provider) in &module.providers {
            if let Some(id) = self.nodes.find(&Node::Provider { module: at, of: of.clone() }) {
                self.body(at, id, &provider.body);
            }
        }
        for ((mode, type_, name), resource) in &module.resources {
            let node = Node::Resource { module: at, mode: *mode, type_: type_.clone(), name: name.clone() };
            if let Some(id) = self.nodes.find(&node) {
                self.resource(at, id, resource);
            }
        }
        for import in &module.imports {
            self.import(import);
        }
        for (name, gate) in &module.gates {
            let Some(id) = self.nodes.find(&Node::Gate { name: name.clone() }) else { continue };
            for expr in [&gate.description, &gate.instructions, &gate.approvals, &gate.valid_until].into_iter().flatten() {
                self.expr(at, id, expr);
            }
            self.depends_on(at, id, &gate.depends_on);
            for input in gate.inputs.values() {
                for rule in &input.validations {
                    self.expr(at, id, &rule.condition);
                }
            }
            let own = |type_: &Arc<str>, name: &Arc<str>| gate.probes.contains_key(&(type_.clone(), name.clone()));
            for check in &gate.checks {
                self.expr_beside(at, id, &check.rule.condition, &own);
                self.expr_beside(at, id, &check.rule.error_message, &own);
            }
            for probe in gate.probes.values() {
                self.provider_edge(at, id, probe);
                self.body(at, id, &probe.body);
            }
        }
        for (name, check) in &module.checks {
            let Some(id) = self.nodes.find(&Node::Check { module: at, name: name.clone() }) else { continue };
            let own = |type_: &Arc<str>, name: &Arc<str>| check.data.as_ref().is_some_and(|data| data.type_ == *type_ && data.name == *name);
            for rule in &check.rules {
                self.expr_beside(at, id, &rule.condition, &own);
                self.expr_beside(at, id, &rule.error_message, &own);
            }
            if let Some(data) = &check.data {
                self.provider_edge(at, id, data);
                self.body(at, id, &data.body);
                self.depends_on(at, id, &data.depends_on);
            }
        }
    }

    pub(super) fn resource(&mut self, at: usize, id: NodeId, resource: &Resource) {
        self.repeat(at, id, &resource.repeat);
        self.body(at, id, &resource.body);
        self.depends_on(at, id, &resource.depends_on);
        self.provider_edge(at, id, resource);
        let lifecycle = &resource.lifecycle;
        for rule in lifecycle.preconditions.iter().chain(&lifecycle.postconditions) {
            self.expr(at, id, &rule.condition);
            self.expr(at, id, &rule.error_message);
        }
        for trigger in &lifecycle.replace_triggered_by {
            self.trigger(trigger);
            self.expr(at, id, trigger);
        }
        for provisioner in &resource.provisioners {
            self.body(at, id, &provisioner.body);
            if let Some(connection) = &provisioner.connection {
                self.body(at, id, &connection.body);
            }
        }
    }

    /// `replace_triggered_by` takes managed resources and what lies in them; keys may be `count.index` and `each.key`.
    fn trigger(&mut self, expr: &Expr) {
        const SUMMARY: &str = "Invalid replace_triggered_by expression";
        let (mut resources, mut others) = (0, Vec::new());
        for_each_variable(expr, &mut |traversal| match &*traversal.root.name {
            "each" | "count" => {}
            "var" | "local" | "data" | "ephemeral" | "module" | "stage" | "gate" | "path" | "terraform" | "tofu" | "self" => others.push(traversal.span),
            _ => resources += 1,
        });
        let nothing = resources == 0 && others.is_empty();
        for span in others {
            let detail = "Only resources, count.index, and each.key may be used in replace_triggered_by. For any other value, put it into a terraform_data resource and refer to that.";
            self.diags.error(span, SUMMARY, detail);
        }
        if nothing {
            self.diags.error(expr.span, SUMMARY, "This is no reference to a resource, so there is nothing whose change could replace the object.");
        }
    }

    /// A resource waits for what its import needs.
    pub(super) fn import(&mut self, import: &Import) {
        let target = import.target();
        let Some(module) = self.nodes.module_at(&target.module) else { return };
        let node = Node::Resource { module, mode: target.mode, type_: target.type_, name: target.name };
        let Some(id) = self.nodes.find(&node) else { return };
        for expr in import.expressions() {
            self.expr(0, id, expr);
        }
    }

    pub(super) fn provider_edge(&mut self, at: usize, id: NodeId, resource: &Resource) {
        match self.nodes.provider(at, &resource.provider) {
            Some((module, of)) => {
                let provider = self.nodes.add(Node::Provider { module, of });
                self.edges.push((id, provider));
            }
            None => {
                let alias = resource.provider.alias.as_deref().unwrap_or_default();
                self.diags.error(
                    resource.provider_span.unwrap_or(resource.span),
                    "Provider configuration not present",
                    format!(
                        "There is no configuration of provider \"{}\" with the alias \"{alias}\" for this module: declare one, or hand one in by \"providers\".",
                        resource.provider.name
                    ),
                );
            }
        }
    }

    pub(super) fn repeat(&mut self, at: usize, id: NodeId, repeat: &Repeat) {
        match repeat {
            Repeat::Once => {}
            Repeat::Count(expr) | Repeat::ForEach(expr) => self.expr(at, id, expr),
        }
    }

    pub(super) fn body(&mut self, at: usize, id: NodeId, body: &Body) {
        self.body_bound(at, id, body, &mut Vec::new());
    }

    /// `bound` holds the iterators of the enclosing dynamic blocks.
    pub(super) fn body_bound(&mut self, at: usize, id: NodeId, body: &Body, bound: &mut Vec<Arc<str>>) {
        for attribute in &body.attributes {
            if &*attribute.name.name != "iterator" || bound.is_empty() && body.attribute("for_each").is_none() {
                self.expr_bound(at, id, &attribute.expr, bound);
            }
        }
        for block in &body.blocks {
            let before = bound.len();
            if &*block.kind.name == "dynamic" && block.labels.len() == 1 {
                let mut iterator = block.labels[0].name.clone();
                if let Some(attribute) = block.body.attribute("iterator")
                    && let weir_config::syntax::ExprKind::Variable(name) = &attribute.expr.kind
                {
                    iterator = name.name.clone();
                }
                bound.push(iterator);
            }
            self.body_bound(at, id, &block.body, bound);
            bound.truncate(before);
        }
    }

    pub(super) fn expr(&mut self, at: usize, id: NodeId, expr: &Expr) {
        self.expr_bound(at, id, expr, &[]);
    }

    pub(super) fn expr_bound(&mut self, at: usize, id: NodeId, expr: &Expr, bound: &[Arc<str>]) {
        let mut found = Vec::new();
        for_each_variable(expr, &mut |traversal| found.push(traversal.clone()));
        for traversal in found {
            if !bound.contains(&traversal.root.name) {
                self.reference(at, id, &traversal, false);
            }
        }
    }

    /// In a gate or a check, `data` may mean what is nested in it.
    pub(super) fn expr_beside(&mut self, at: usize, id: NodeId, expr: &Expr, nested: &dyn Fn(&Arc<str>, &Arc<str>) -> bool) {
        let mut found = Vec::new();
        for_each_variable(expr, &mut |traversal| found.push(traversal.clone()));
        for traversal in found {
            let own = match traversal.steps.as_slice() {
                [Step::Attr(type_, _), Step::Attr(name, _), ..] if &*traversal.root.name == "data" => nested(type_, name),
                _ => false,
            };
            if !own {
                self.reference(at, id, &traversal, false);
            }
        }
    }

    pub(super) fn depends_on(&mut self, at: usize, id: NodeId, targets: &[Traversal]) {
        for target in targets {
            let errors = self.diags.len();
            self.reference(at, id, target, true);
            if self.diags.len() == errors && names_part(target) {
                let detail =
                    "References in depends_on must be to a whole object (resource, module, …), not to an attribute of an object: leave out what comes behind its name.";
                self.diags.error(target.span, "Invalid depends_on reference", detail);
            }
        }
    }

    /// Adds the edges of one reference. `whole`: of a module everything, not only its outputs.
    pub(super) fn reference(&mut self, at: usize, id: NodeId, traversal: &Traversal, whole: bool) {
        let module = self.nodes.modules[at].clone();
        let names: Vec<&Arc<str>> = traversal.steps.iter().map_while(|step| if let Step::Attr(name, _) = step { Some(name) } else { None }).collect();
        let undeclared = |what: &str, detail: String| Diagnostic::error(format!("Reference to undeclared {what}"), detail).at(traversal.span);
        let target = match (&*traversal.root.name, names.as_slice()) {
            ("each" | "count" | "path" | "terraform" | "tofu" | "self" | "input", _) => return,
            (root @ ("var" | "local" | "module" | "stage" | "gate"), []) => {
                let detail = format!("The \"{root}\" object cannot be accessed directly. Instead, access one of its attributes: {root}.NAME.");
                self.diags.error(traversal.span, "Invalid reference", detail);
                return;
            }
            ("var", [name, ..]) => {
                if !module.variables.contains_key(*name) {
                    let hint = did_you_mean(name, module.variables.keys().map(|name| &**name));
                    let more = if hint.is_empty() { format!(" This variable can be declared with a variable \"{name}\" {{}} block.") } else { hint };
                    self.diags.push(undeclared("input variable", format!("An input variable with the name \"{name}\" has not been declared.{more}")));
                    return;
                }
                Node::Variable { module: at, name: (*name).clone() }
            }
            ("local", [name, ..]) => {
                if !module.locals.contains_key(*name) {
                    let hint = did_you_mean(name, module.locals.keys().map(|name| &**name));
                    self.diags.push(undeclared("local value", format!("A local value with the name \"{name}\" has not been declared.{hint}")));
                    return;
                }
                Node::Local { module: at, name: (*name).clone() }
            }
            (root @ ("module" | "stage"), [name, ..]) => return self.call_reference(at, id, traversal, root, name, whole),
            ("gate", [name, ..]) => {
                let gate = GateName::new((*name).clone());
                if !module.gates.contains_key(&gate) {
                    let hint = did_you_mean(name, module.gates.keys().map(GateName::as_str));
                    self.diags.push(undeclared("gate", format!("A gate with the name \"{name}\" has not been declared in this module.{hint}")));
                    return;
                }
                Node::Gate { name: gate }
            }
            (root @ ("data" | "ephemeral"), [type_, name, ..]) => {
                let mode = if root == "data" { Mode::Data } else { Mode::Ephemeral };
                return self.resource_reference(at, id, traversal, mode, type_, name, whole);
            }
            (root @ ("data" | "ephemeral"), _) => {
                let detail = format!("The \"{root}\" object must be followed by two attribute names: the type and the name of the block.");
                self.diags.error(traversal.span, "Invalid reference", detail);
                return;
            }
            ("resource", [type_, name, ..]) => return self.resource_reference(at, id, traversal, Mode::Managed, type_, name, whole),
            (_, [name, ..]) => {
                let type_ = traversal.root.name.clone();
                return self.resource_reference(at, id, traversal, Mode::Managed, &type_, name, whole);
            }
            (root, []) => {
                let roots = ["var", "local", "module", "stage", "gate", "data", "each", "count", "path", "terraform"];
                let hint = did_you_mean(root, roots);
                let detail = format!("A reference to a resource type must be followed by at least one attribute access, specifying the resource name.{hint}");
                self.diags.error(traversal.span, "Invalid reference", detail);
                return;
            }
        };
        if let Some(target) = self.nodes.find(&target) {
            self.edge(id, target, traversal);
        }
    }

    /// An edge of a reference. Only the conditions of a variable may refer to what they belong to.
    pub(super) fn edge(&mut self, id: NodeId, target: NodeId, traversal: &Traversal) {
        self.edges.push((id, target));
        if id == target && !matches!(self.nodes.nodes[id], Node::Variable { .. }) {
            let detail = format!("The configuration of {} may not refer to itself: its value is known only once the configuration is.", self.nodes.name(id));
            self.diags.error(traversal.span, "Self-referential block", detail);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one reference")]
    pub(super) fn resource_reference(&mut self, at: usize, id: NodeId, traversal: &Traversal, mode: Mode, type_: &Arc<str>, name: &Arc<str>, whole: bool) {
        let module = self.nodes.modules[at].clone();
        if let Some(target) = self.nodes.find(&Node::Resource { module: at, mode, type_: type_.clone(), name: name.clone() }) {
            self.edge(id, target, traversal);
            if mode == Mode::Managed && !whole {
                // `TYPE.NAME`, perhaps after `resource`, perhaps with a key behind it.
                let skipped = if &*traversal.root.name == "resource" { 2 } else { 1 };
                let attribute = traversal.steps.iter().skip(skipped).find_map(|step| if let Step::Attr(name, _) = step { Some(name.clone()) } else { None });
                self.nodes.named.entry(target).or_default().insert(attribute);
            }
            return;
        }
        let what = match mode {
            Mode::Managed => "resource",
            Mode::Data => "data resource",
            Mode::Ephemeral => "ephemeral resource",
        };
        let known: Vec<String> = module.resources.keys().filter(|(found, ..)| *found == mode).map(|(_, type_, name)| format!("{type_}.{name}")).collect();
        let written = format!("{type_}.{name}");
        let mut hint = did_you_mean(&written, known.iter().map(String::as_str));
        if hint.is_empty() && mode == Mode::Managed {
            hint = did_you_mean(type_, ["var", "local", "module", "stage", "gate", "data"]);
        }
        let place = if module.path.is_root() { "the root module".to_owned() } else { module.path.to_string() };
        let detail = format!("A {what} \"{type_}\" \"{name}\" has not been declared in {place}.{hint}");
        self.diags.error(traversal.span, format!("Reference to undeclared {}", if mode == Mode::Managed { "resource" } else { what }), detail);
    }

    pub(super) fn call_reference(&mut self, at: usize, id: NodeId, traversal: &Traversal, root: &str, name: &Arc<str>, whole: bool) {
        let module = self.nodes.modules[at].clone();
        let stage = root == "stage";
        let fits = |call: &weir_config::Call| (call.kind == weir_config::CallKind::Stage) == stage;
        let Some(call) = module.calls.get(name).filter(|call| fits(call)) else {
            let hint = match module.calls.get(name) {
                Some(_) => format!(" Did you mean {}.{name}?", if stage { "module" } else { "stage" }),
                None => did_you_mean(name, module.calls.values().filter(|call| fits(call)).map(|call| &*call.name)),
            };
            let (what, call) = if stage { ("stage", "stage") } else { ("module", "module call") };
            self.diags.error(traversal.span, format!("Reference to undeclared {what}"), format!("No {call} named \"{name}\" is declared in this module.{hint}"));
            return;
        };
        let call_id = self.nodes.find(&Node::Call { module: at, name: name.clone() });
        self.edges.extend(call_id.map(|call| (id, call)));
        let Some(child) = self.nodes.child(at, name) else { return };
        if whole {
            self.edges.extend(self.nodes.find(&Node::Done { module: child }).map(|done| (id, done)));
            return;
        }
        let repeated = !matches!(call.repeat, Repeat::Once);
        let output = match (repeated, traversal.steps.as_slice()) {
            (false, [_, Step::Attr(output, span), ..]) => Some((output, *span)),
            (true, [_, Step::Index(..), Step::Attr(output, span), ..]) => Some((output, *span)),
            _ => None,
        };
        let outputs = &self.nodes.modules[child].outputs;
        match output {
            Some((output, span)) if !outputs.contains_key(output) => {
                let hint = did_you_mean(output, outputs.keys().map(|name| &**name));
                self.diags.error(
                    span,
                    "Unsupported attribute",
                    format!("This object does not have an attribute named \"{output}\": {root}.{name} has no such output.{hint}"),
                );
            }
            Some((output, _)) => {
                let output = self.nodes.find(&Node::Output { module: child, name: output.clone() });
                self.edges.extend(output.map(|output| (id, output)));
            }
            None => {
                let all: Vec<Arc<str>> = outputs.keys().cloned().collect();
                for output in all {
                    let output = self.nodes.find(&Node::Output { module: child, name: output });
                    self.edges.extend(output.map(|output| (id, output)));
                }
            }
        }
    }
}

/// Whether a reference leads on into the object that it names.
fn names_part(traversal: &Traversal) -> bool {
    let names = match &*traversal.root.name {
        "data" | "ephemeral" | "resource" => 2,
        // An output of a module is a whole thing.
        "module" | "stage" => return traversal.steps.iter().filter(|step| matches!(step, Step::Attr(..))).count() > 2,
        _ => 1,
    };
    match traversal.steps.get(names..) {
        None | Some([]) | Some([Step::Index(..)]) => false,
        Some(_) => true,
    }
}
