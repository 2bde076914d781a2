//! The instances of a resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use weir_addr::{GateName, InstanceAddr, InstanceKey, Mode, ResourceAddr};
use weir_config::{Module, Repeat, Resource};
use weir_diag::Diagnostic;
use weir_eval::Instances;
use weir_provider::{Fault, Intent, Refreshed, Schema};
use weir_value::{Marks, Type, Value};

use super::rules::Place;
use super::{Done, Executor, Job, Present, Walk, checked, conditional};
use crate::condition::{CheckStatus, CheckedInstance};
use crate::decode;
use crate::decode::{Decoded, decode_instance};
use crate::nodes::NodeId;
use crate::plan::Blocked;
use crate::scope::ModuleScope;
use crate::session::ProviderState;
use crate::world::ModuleInstance;

impl Walk<'_> {
    /// What the state says of an object, and what there is: waits for the read that was begun.
    pub(crate) async fn present(&self, addr: &InstanceAddr) -> Option<(Value, Present)> {
        let read = self.found().reads.remove(addr);
        let (recorded, handle) = read?;
        let Some(handle) = handle else {
            let private = self.prior.record(addr).and_then(|record| record.private.clone());
            return Some((recorded.clone(), Ok(Some(Refreshed { state: recorded, private }))));
        };
        let present = handle.await.unwrap_or_else(|error| Err(vec![Fault::error("The read was aborted", error.to_string())]));
        Some((recorded, present))
    }

    pub(super) fn blocked(&self, done: &Done, state: &ProviderState, instance: &ModuleInstance) -> Option<Blocked> {
        // A destruction waits for no gate but those that guard it.
        if self.options.mode == crate::plan::Mode::Destroy {
            return None;
        }
        if let Some(cause) = &done.blocked {
            let name = cause.strip_prefix("gate.").unwrap_or(cause);
            return Some(Blocked::Gate(GateName::new(name)));
        }
        if let ProviderState::Deferred(cause) = state {
            return Some(Blocked::Provider(cause.clone()));
        }
        instance.partial.clone().map(Blocked::Instances)
    }

    pub(super) async fn resource(
        &self,
        id: NodeId,
        module: &Arc<Module>,
        resource: &Arc<Resource>,
        dependencies: Arc<[ResourceAddr]>,
        done: &mut Done,
        executor: &dyn Executor,
    ) {
        if self.included.as_ref().is_some_and(|included| !included.contains(&id)) {
            // Left out by -target: what it is, nobody needs.
            return;
        }
        let at = self.index(module);
        let Some((provider_module, of)) = self.nodes.provider(at, &resource.provider) else {
            done.failed = true;
            return;
        };
        let provider = self.provider_addr(provider_module, &of);
        let state = self.found().providers.get(&provider).cloned().unwrap_or(ProviderState::Failed);
        let Some(schemas) = self.catalog.schema(&provider.provider) else {
            done.failed = true;
            return;
        };
        let (schemas, what) = match resource.mode {
            Mode::Managed => (&schemas.resources, "resource type"),
            Mode::Data => (&schemas.data_sources, "data source"),
            Mode::Ephemeral => (&schemas.ephemeral, "ephemeral resource type"),
        };
        let Some(schema) = schemas.get(&resource.type_) else {
            if let Some(fault) = schemas.fault(&resource.type_) {
                self.report([Diagnostic::error(fault.summary.clone(), fault.detail.clone()).at(resource.span)]);
                done.failed = true;
                return;
            }
            let hint = weir_diag::did_you_mean(&resource.type_, schemas.keys().map(|name| &**name));
            let detail = format!("The provider {} does not support {what} \"{}\".{hint}", provider.provider.for_display(), resource.type_);
            self.report([Diagnostic::error(format!("Invalid {what}"), detail).at(resource.span)]);
            done.failed = true;
            return;
        };
        if let weir_config::Ignore::Some(paths) = &resource.lifecycle.ignore_changes {
            for path in paths {
                let name = &path.root.name;
                if !schema.block.attributes.contains_key(name) && !schema.block.blocks.contains_key(name) {
                    let known = schema.block.attributes.keys().chain(schema.block.blocks.keys());
                    let hint = weir_diag::did_you_mean(name, known.map(|name| &**name));
                    let detail = format!("This object has no argument, nested block, or exported attribute named \"{name}\".{hint}");
                    self.report([Diagnostic::error("Unsupported attribute", detail).at(path.span)]);
                    done.failed = true;
                }
            }
        }
        if self.found().failed[..].get(id).copied().unwrap_or(false) {
            done.failed = true;
        }
        let upstream_failed = {
            let found = self.found();
            self.nodes.deps[id].iter().any(|dep| found.failed[*dep])
        };
        if conditional(resource) && self.options.mode == crate::plan::Mode::Normal {
            self.found().conditions.declare(&checked(module, resource));
        }
        let key = (resource.mode, resource.type_.clone(), resource.name.clone());
        for instance in self.instances(at) {
            let blocked = self.blocked(done, &state, &instance);
            let address = ResourceAddr { module: instance.path.clone(), mode: resource.mode, type_: resource.type_.clone(), name: resource.name.clone() };
            let instances = self.expand(module, resource, &instance, &address);
            let job = |addr: InstanceAddr, decoded: Option<Decoded>, blocked: Option<Blocked>| Job {
                each: None,
                count: None,
                addr,
                node: id,
                module,
                resource,
                schema,
                provider: &provider,
                state: state.clone(),
                decoded,
                blocked,
                dependencies: dependencies.clone(),
                triggered: false,
            };
            let value = match &instances {
                Instances::Unknown(cause) => {
                    let cause = cause.clone().or_else(|| done.blocked.clone()).unwrap_or_else(|| "apply".into());
                    let blocked = blocked.clone().unwrap_or_else(|| Blocked::Instances(cause.clone()));
                    if resource.mode == Mode::Managed {
                        let unknown = || Value::unknown_because(Type::Dynamic, cause.clone());
                        let decoded =
                            self.decode(module, resource, schema, &instance, (Some((unknown(), unknown())), Some(Value::unknown_because(Type::Number, cause.clone()))));
                        executor.unexpanded(self, job(address.instance(None), decoded, Some(blocked)));
                        done.pending = true;
                    }
                    Value::unknown_because(Type::Dynamic, cause)
                }
                Instances::Single => {
                    let decoded = self.decode(module, resource, schema, &instance, (None, None));
                    self.instance(job(address.instance(None), decoded, blocked), &instance, upstream_failed, done, executor).await
                }
                Instances::Count(_) | Instances::Keys(_) => {
                    let mut jobs = Vec::new();
                    for key in instances.keys() {
                        let repetition = match (&key, &instances) {
                            (Some(InstanceKey::Int(at)), _) => (None, Some(Value::from(*at))),
                            (Some(InstanceKey::Str(key)), Instances::Keys(keys)) => {
                                let value = keys.get(key).cloned().unwrap_or_else(Value::null);
                                (Some((Value::String(key.clone()), value)), None)
                            }
                            _ => (None, None),
                        };
                        let (each, count) = (repetition.0.clone(), repetition.1.as_ref().and_then(Value::as_u64));
                        let decoded = self.decode(module, resource, schema, &instance, repetition);
                        jobs.push((key.clone(), Job { each, count, ..job(address.instance(key), decoded, blocked.clone()) }));
                    }
                    self.repeated(jobs, &instances, &instance, upstream_failed, done, executor).await
                }
            };
            self.found().world.of(&instance.path).resources.insert(key.clone(), value);
            if resource.mode == Mode::Managed {
                executor.resource_done(self, &instance.path, resource, &instances);
            }
        }
    }

    /// All instances of a repeated resource, at the same time.
    pub(super) async fn repeated(
        &self,
        jobs: Vec<(Option<InstanceKey>, Job<'_>)>,
        instances: &Instances,
        instance: &ModuleInstance,
        upstream_failed: bool,
        done: &mut Done,
        executor: &dyn Executor,
    ) -> Value {
        let count = jobs.len();
        let mut running = FuturesUnordered::new();
        for (at, (key, job)) in jobs.into_iter().enumerate() {
            running.push(async move {
                let mut own = Done::default();
                let value = self.instance(job, instance, upstream_failed, &mut own, executor).await;
                (at, key, value, own)
            });
        }
        let mut values: Vec<Option<(Option<InstanceKey>, Value)>> = vec![None; count];
        while let Some((at, key, value, own)) = running.next().await {
            done.pending |= own.pending;
            done.failed |= own.failed;
            values[at] = Some((key, value));
        }
        match instances {
            Instances::Keys(_) => Value::object(values.into_iter().flatten().filter_map(|(key, value)| match key {
                Some(InstanceKey::Str(key)) => Some((key, value)),
                _ => None,
            })),
            _ => Value::tuple(values.into_iter().flatten().map(|(_, value)| value)),
        }
    }

    pub(super) fn expand(&self, module: &Arc<Module>, resource: &Resource, instance: &ModuleInstance, address: &ResourceAddr) -> Instances {
        if self.options.mode == crate::plan::Mode::Destroy && resource.mode == Mode::Managed {
            // What there is says how many there are.
            let Some(state) = self.prior.resources.get(address) else {
                return match resource.repeat {
                    Repeat::Once => Instances::Single,
                    Repeat::Count(_) => Instances::Count(0),
                    Repeat::ForEach(_) => Instances::Keys(BTreeMap::new()),
                };
            };
            let keys: Vec<&InstanceKey> = state.instances.keys().flatten().collect();
            return match keys.first() {
                None => Instances::Single,
                Some(InstanceKey::Int(_)) => {
                    Instances::Count(keys.iter().filter_map(|key| if let InstanceKey::Int(at) = key { Some(at + 1) } else { None }).max().unwrap_or(0))
                }
                Some(InstanceKey::Str(_)) => Instances::Keys(
                    keys.iter().filter_map(|key| if let InstanceKey::Str(key) = key { Some((key.clone(), Value::unknown(Type::Dynamic))) } else { None }).collect(),
                ),
            };
        }
        let scope = ModuleScope::new(self, module, &instance.path);
        self.instances_of(&scope, &resource.repeat)
    }

    pub(super) fn decode(
        &self,
        module: &Arc<Module>,
        resource: &Resource,
        schema: &Schema,
        instance: &ModuleInstance,
        repetition: (Option<(Value, Value)>, Option<Value>),
    ) -> Option<Decoded> {
        if self.options.mode == crate::plan::Mode::Destroy && resource.mode == Mode::Managed {
            return None;
        }
        let mut scope = ModuleScope::new(self, module, &instance.path);
        scope.each = repetition.0;
        scope.count = repetition.1.and_then(|count| count.as_u64());
        Some(self.eval(&scope, |evaluator| decode_instance(evaluator, &resource.body, schema, resource.mode == Mode::Ephemeral)))
    }

    pub(super) async fn instance(&self, mut job: Job<'_>, instance: &ModuleInstance, upstream_failed: bool, done: &mut Done, executor: &dyn Executor) -> Value {
        let resource = job.resource;
        let mut scope = ModuleScope::new(self, job.module, &instance.path);
        scope.each = job.each.clone();
        scope.count = job.count;
        let (checked, normal) = (checked(job.module, resource), self.options.mode == crate::plan::Mode::Normal);
        if let Some(session) = self.catalog.stand_in_of_object(&job.addr)
            && !self.validating
        {
            job.state = ProviderState::Ready(session.clone());
        }
        let object: CheckedInstance = (instance.path.clone(), job.addr.key.clone());
        if matches!(job.state, ProviderState::Failed) || (self.applying && upstream_failed) {
            done.failed = true;
            if conditional(resource) && normal {
                self.found().conditions.note(&checked, object, CheckStatus::Unknown, None);
            }
            let known = self.applying.then(|| self.prior_value(&job.addr, job.schema)).flatten();
            return known.unwrap_or_else(|| Value::unknown(job.schema.ty().clone()));
        }
        let address = job.addr.to_string();
        if let Some(decoded) = &job.decoded
            && !self.applying
        {
            let intent = match resource.mode {
                Mode::Managed => Intent::Resource,
                Mode::Data => Intent::Data,
                Mode::Ephemeral => Intent::Ephemeral,
            };
            if let Some(provider) = self.catalog.get(&job.provider.provider) {
                let faults = provider.validate(intent, &resource.type_, &decoded.config);
                self.report(decode::report(faults, Some(&resource.body), Some(resource.span), &address));
            }
            for provisioner in &resource.provisioners {
                self.report(self.provisioner_arguments(&job, provisioner, Value::unknown(job.schema.ty().clone())).1);
            }
        }
        let mut unmet = false;
        if normal {
            for rule in &resource.lifecycle.preconditions {
                let told = ("Resource precondition failed", Place::Condition(resource.span), Some(&*address));
                unmet |= self.noted(&scope, rule, told, (&checked, object.clone())) == Some(false);
            }
        }
        if unmet {
            done.failed = true;
            return Value::unknown(job.schema.ty().clone());
        }
        let value = match resource.mode {
            Mode::Managed => {
                job.triggered = resource.lifecycle.replace_triggered_by.iter().any(|expr| self.triggers(expr, &scope, &instance.path, executor));
                let outcome = executor.managed(self, job).await;
                done.pending |= outcome.pending;
                done.failed |= outcome.failed;
                outcome.value
            }
            Mode::Data => self.data(&job, done, executor).await,
            Mode::Ephemeral => self.ephemeral(&job).await,
        };
        if normal && !resource.lifecycle.postconditions.is_empty() {
            scope.this = Some(value.clone());
            for rule in &resource.lifecycle.postconditions {
                let told = ("Resource postcondition failed", Place::Condition(resource.span), Some(&*address));
                done.failed |= self.noted(&scope, rule, told, (&checked, object.clone())) == Some(false);
            }
        }
        value
    }

    /// What the state says of an object, with its marks.
    pub fn prior_value(&self, addr: &InstanceAddr, schema: &Schema) -> Option<Value> {
        let record = self.prior.record(addr)?;
        let value = record.value(schema.ty()).ok()?;
        let marks: Vec<_> = record.sensitive_paths.iter().map(|path| (path.clone(), Marks::SENSITIVE)).collect();
        Some(decode::mark_schema(&decode::mark(&value, &marks), schema))
    }
}
