//! Values that have a name: variables, locals, outputs, calls of modules.

use std::sync::Arc;

use weir_addr::{InstanceKey, ModulePath, ModuleStep, StepKind};
use weir_config::{CallKind, Module, Repeat, Variable};
use weir_diag::{Diagnostic, Diagnostics, Span};
use weir_eval::{Evaluator, Instances, check_defaults, convert_variable, expand, expand_now};
use weir_value::{Marks, Type, Value};

use super::rules::Place;
use super::{Done, Walk};
use crate::condition::{CheckStatus, Checked};
use crate::nodes::Node;
use crate::scope::ModuleScope;
use crate::world::ModuleInstance;

impl Walk<'_> {
    /// A value that others need. A destruction may find that what it is made of was never created: then nobody needs it, and it is no error.
    pub(super) fn eval_needed(&self, scope: &ModuleScope<'_>, expr: &weir_config::syntax::Expr) -> Value {
        let mut evaluator = Evaluator::new(scope, self.host);
        let value = evaluator.eval(expr);
        if self.options.mode == crate::plan::Mode::Destroy && evaluator.diags.has_errors() {
            return Value::unknown(Type::Dynamic);
        }
        self.report(evaluator.diags);
        value
    }

    pub(super) fn variable(&self, at: usize, name: &Arc<str>) {
        let module = &self.nodes.modules[at];
        let Some(variable) = module.variables.get(name) else { return };
        let mut diags = Diagnostics::new();
        check_defaults(&variable.constraint, self.host, &mut diags);
        if diags.has_errors() {
            self.report(diags);
            for instance in self.instances(at) {
                self.found().world.of(&instance.path).variables.insert(name.clone(), Value::unknown(variable.constraint.ty.clone()));
            }
            return;
        }
        let place = self.place_of_value(module, name).unwrap_or(variable.span);
        for instance in self.instances(at) {
            let value = if at == 0 {
                let given = self.given.get(name);
                if given.is_none() && variable.default.is_none() {
                    self.report([Diagnostic::error(
                        "No value for required variable",
                        format!("The root module input variable \"{name}\" is not set, and has no default value. Use a -var or -var-file command line argument, the environment variable TF_VAR_{name}, or a .tfvars file to provide a value for this variable."),
                    )
                    .at(variable.span)]);
                }
                given.cloned()
            } else {
                self.argument(module, &instance, name)
            };
            let mut diags = Diagnostics::new();
            let value = convert_variable(variable, value.as_ref(), place, self.host, &mut diags);
            let failed = diags.has_errors();
            self.report(diags);
            self.found().world.of(&instance.path).variables.insert(name.clone(), value);
            if !failed {
                self.validate(module, &instance.path, variable, place);
            }
        }
    }

    /// Where the value of a variable stands: in a file of values, or in the call of the module.
    fn place_of_value(&self, module: &Module, name: &Arc<str>) -> Option<Span> {
        let Some(parent) = module.path.parent() else { return self.config.given.get(name).copied() };
        let parent = &self.nodes.modules[self.nodes.module_at(&parent)?];
        let (expr, _) = parent.calls.get(&module.path.last()?.name)?.args.get(name)?;
        Some(expr.span)
    }

    /// What a call gives for a variable.
    pub(super) fn argument(&self, module: &Module, instance: &ModuleInstance, name: &Arc<str>) -> Option<Value> {
        let call_name = &module.path.last()?.name;
        let parent = &self.nodes.modules[self.nodes.module_at(&module.path.parent()?)?];
        let (expr, _) = parent.calls.get(call_name)?.args.get(name)?;
        let mut scope = ModuleScope::new(self, parent, &instance.parent);
        scope.each = instance.each.clone();
        scope.count = instance.count;
        Some(self.eval_needed(&scope, expr))
    }

    fn validate(&self, module: &Module, path: &ModulePath, variable: &Variable, place: Span) {
        let scope = ModuleScope::new(self, module, path);
        let checked = Checked::Variable(module.path.clone(), variable.name.clone());
        for rule in &variable.validations {
            self.noted(&scope, rule, ("Invalid value for variable", Place::Value(place), None), (&checked, (path.clone(), None)));
        }
    }

    pub(super) fn local(&self, at: usize, name: &Arc<str>) {
        let module = &self.nodes.modules[at];
        let Some(local) = module.locals.get(name) else { return };
        for instance in self.instances(at) {
            let scope = ModuleScope::new(self, module, &instance.path);
            let value = self.eval_needed(&scope, &local.expr);
            self.found().world.of(&instance.path).locals.insert(name.clone(), value);
        }
    }

    pub(super) fn output_value(&self, at: usize, name: &Arc<str>) {
        let module = &self.nodes.modules[at];
        let Some(output) = module.outputs.get(name) else { return };
        let failed = {
            let found = self.found();
            let id = self.nodes.find(&Node::Output { module: at, name: name.clone() });
            id.is_some_and(|id| self.nodes.deps[id].iter().any(|dep| found.failed[*dep] && matches!(self.nodes.nodes[*dep], Node::Resource { .. })))
        };
        for instance in self.instances(at) {
            // What it is made of went wrong, and that was told: it is not known, and neither is what it demands.
            if failed {
                if !output.preconditions.is_empty() && self.options.mode == crate::plan::Mode::Normal {
                    let checked = Checked::Output(module.path.clone(), name.clone());
                    self.found().conditions.note(&checked, (instance.path.clone(), None), CheckStatus::Unknown, None);
                }
                let known = (self.applying && at == 0).then(|| self.prior.outputs.get(name).map(|output| output.value.clone())).flatten();
                let value = known.unwrap_or_else(|| Value::unknown(Type::Dynamic));
                let value = if output.sensitive { value.with_marks(Marks::SENSITIVE) } else { value };
                self.found().world.of(&instance.path).outputs.insert(name.clone(), value);
                continue;
            }
            let scope = ModuleScope::new(self, module, &instance.path);
            if self.options.mode != crate::plan::Mode::Destroy {
                let checked = Checked::Output(module.path.clone(), name.clone());
                for rule in &output.preconditions {
                    let of = (&checked, (instance.path.clone(), None));
                    self.noted(&scope, rule, ("Module output value precondition failed", Place::Condition(output.span), None), of);
                }
            }
            let mut value = self.eval_needed(&scope, &output.expr);
            let marks = value.marks_deep();
            if at == 0 && marks.is_sensitive() && !output.sensitive {
                self.report([Diagnostic::error(
                    "Output refers to sensitive values",
                    "To reduce the risk of accidentally exporting sensitive data that was intended to be only internal, an output that contains sensitive data must be explicitly marked as such: sensitive = true.",
                )
                .at(output.span)
                .label(output.expr.span, "this is sensitive")]);
            }
            if marks.is_ephemeral() && !output.ephemeral {
                self.report([Diagnostic::error("Ephemeral value not allowed", "This output refers to an ephemeral value, so it must be declared with ephemeral = true (in a module that is called by another) or the reference removed.").at(output.expr.span)]);
            }
            if at == 0 && output.ephemeral {
                let detail = "Outputs of the root module are kept in the state, and ephemeral ones cannot be: remove ephemeral = true, or make it an output of a module that is called.";
                self.report([Diagnostic::error("Ephemeral output not allowed", detail).at(output.span)]);
            }
            if output.sensitive {
                value = value.with_marks(Marks::SENSITIVE);
            }
            if output.ephemeral {
                value = value.with_marks(Marks::EPHEMERAL);
            }
            self.found().world.of(&instance.path).outputs.insert(name.clone(), value);
        }
    }

    /// What `count` or `for_each` says. A stack with stages is applied step by step, so that what is not known yet can wait; any other is planned at once, as with the incumbents.
    pub(super) fn instances_of(&self, scope: &ModuleScope<'_>, repeat: &Repeat) -> Instances {
        let root = &self.nodes.modules[0];
        let staged = !root.gates.is_empty() || root.calls.values().any(|call| call.kind == CallKind::Stage);
        // What is unknown since something went wrong is no error of its own.
        let waits = staged || self.validating || self.applying || self.options.mode == crate::plan::Mode::Destroy || self.found().diags.has_errors();
        self.eval(scope, |evaluator| if waits { expand(repeat, evaluator) } else { expand_now(repeat, evaluator) })
    }

    pub(super) fn call(&self, at: usize, name: &Arc<str>, done: &Done) {
        let module = &self.nodes.modules[at];
        let (Some(call), Some(child)) = (module.calls.get(name), self.nodes.child(at, name)) else { return };
        let kind = if call.kind == CallKind::Stage { StepKind::Stage } else { StepKind::Module };
        for instance in self.instances(at) {
            let scope = ModuleScope::new(self, module, &instance.path);
            let instances = self.instances_of(&scope, &call.repeat);
            let path = |key: Option<InstanceKey>| {
                let mut steps = instance.path.steps().to_vec();
                steps.push(ModuleStep { name: name.clone(), key, kind });
                ModulePath::new(steps)
            };
            let made =
                |key: Option<InstanceKey>, each, count| ModuleInstance { path: path(key), parent: instance.path.clone(), each, count, partial: instance.partial.clone() };
            let all: Vec<ModuleInstance> = match &instances {
                Instances::Single => vec![made(None, None, None)],
                Instances::Count(count) => (0..*count).map(|at| made(Some(InstanceKey::Int(at)), None, Some(at))).collect(),
                Instances::Keys(keys) => {
                    keys.iter().map(|(key, value)| made(Some(InstanceKey::Str(key.clone())), Some((Value::String(key.clone()), value.clone())), None)).collect()
                }
                Instances::Unknown(cause) => {
                    let cause = cause.clone().or_else(|| done.blocked.clone()).unwrap_or_else(|| "apply".into());
                    let unknown = || Value::unknown_because(Type::Dynamic, cause.clone());
                    let mut one = made(None, Some((Value::unknown_because(Type::String, cause.clone()), unknown())), None);
                    one.partial = Some(cause.clone());
                    vec![one]
                }
            };
            let mut found = self.found();
            found.world.of(&instance.path).calls.insert(name.clone(), instances);
            if let Some(list) = found.world.instances.get_mut(child) {
                list.extend(all);
            }
        }
    }
}
