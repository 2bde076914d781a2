//! A configured plugin.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::task::JoinHandle;
use weir_provider::native::propose;
use weir_provider::{Applied, ApplyRequest, Fault, Imported, Opened, PlanRequest, Planned, ReadRequest, RecoverRequest, Refreshed, Schema, Session, Severity};
use weir_value::Value;

use crate::client::{self, Client};
use crate::offer::Offer;
use crate::propose::{proposed, settled};
use crate::protocol::tfplugin6 as wire;
use crate::provider::CAPABILITIES;
use crate::wire::{checked, deferral, dynamic, faults, path, private, private_text, unless_deferred, value};

/// A plugin process that has been configured.
pub(crate) struct PluginSession {
    name: Arc<str>,
    client: Arc<Client>,
    offer: Arc<Offer>,
    /// False when nothing may be asked of the plugin but what its schema says.
    configured: bool,
    open: Mutex<HashMap<u64, Arc<Lease>>>,
    opened: AtomicU64,
}

/// An open ephemeral resource, and who keeps it open.
struct Lease {
    private: Mutex<Option<Vec<u8>>>,
    renewal: Mutex<Option<JoinHandle<()>>>,
}

fn one(fault: Fault) -> Vec<Fault> {
    vec![fault]
}

impl PluginSession {
    pub(crate) fn new(name: Arc<str>, client: Arc<Client>, offer: Arc<Offer>, configured: bool) -> Self {
        Self { name, client, offer, configured, open: Mutex::default(), opened: AtomicU64::new(0) }
    }

    fn resource(&self, type_name: &str) -> Result<&Schema, Fault> {
        self.offer.schema.resources.get(type_name).map(|schema| &**schema).ok_or_else(|| {
            let unknown = || Fault::error("Unknown resource type", format!("{} has no resource type \"{type_name}\".", self.name));
            self.offer.schema.resources.fault(type_name).cloned().unwrap_or_else(unknown)
        })
    }

    /// An object that the plugin returned. What says the same as `prior` is `prior`, whatever form it came in.
    fn object(&self, schema: &Schema, dynamic_value: Option<&wire::DynamicValue>, prior: Option<&Value>) -> Result<Value, Fault> {
        let found = settled(&schema.block, value(dynamic_value, schema.ty())?);
        let Some(prior) = prior.filter(|prior| **prior != found) else { return Ok(found) };
        let same = crate::msgpack::encode(prior, schema.ty()).is_ok_and(|prior| crate::msgpack::encode(&found, schema.ty()).is_ok_and(|found| prior == found));
        Ok(if same { prior.clone() } else { found })
    }

    /// What follows from the schema alone: a plugin that is not configured cannot be asked.
    fn by_schema(&self, schema: &Schema, request: &PlanRequest<'_>) -> Planned {
        let state = propose(&schema.block, request.prior, request.config);
        let changes = request.prior.is_some_and(|prior| *prior != state);
        let detail = format!("Only {} knows whether this change needs a new object, and what else follows from it. It cannot be asked without a connection.", self.name);
        let warnings = if changes { vec![Fault::warning("Planned from the schema alone", detail)] } else { Vec::new() };
        Planned { state, requires_replace: Vec::new(), private: request.private.map(Into::into), deferred: None, warnings }
    }

    async fn try_apply(&self, schema: &Schema, request: &ApplyRequest<'_>) -> Result<wire::apply_resource_change::Response, Vec<Fault>> {
        let null = Value::Null(schema.ty().clone());
        let (prior, planned, config) = (request.prior.unwrap_or(&null), request.planned.unwrap_or(&null), request.config.unwrap_or(&null));
        let (prior_state, planned_state) = (dynamic(prior, schema.ty()).map_err(one)?, dynamic(planned, schema.ty()).map_err(one)?);
        let config = dynamic(config, schema.ty()).map_err(one)?;
        let mut planned_private = private(request.private).map_err(one)?;
        if request.planned.is_none() && self.offer.plan_destroy {
            let call = wire::plan_resource_change::Request {
                type_name: request.type_name.to_owned(),
                prior_state: prior_state.clone(),
                proposed_new_state: planned_state.clone(),
                config: config.clone(),
                prior_private: planned_private,
                provider_meta: None,
                client_capabilities: Some(CAPABILITIES),
                prior_identity: None,
            };
            let answer = self.client.plan(call).await.map_err(one)?;
            checked(answer.diagnostics)?;
            planned_private = answer.planned_private;
        }
        let call = wire::apply_resource_change::Request {
            type_name: request.type_name.to_owned(),
            prior_state,
            planned_state,
            config,
            planned_private,
            provider_meta: None,
            planned_identity: None,
        };
        self.client.apply(call).await.map_err(one)
    }

    async fn import_by(&self, type_name: &str, id: &str, identity: Option<wire::ResourceIdentityData>) -> Result<Vec<Imported>, Vec<Fault>> {
        let call = wire::import_resource_state::Request { type_name: type_name.to_owned(), id: id.to_owned(), client_capabilities: Some(CAPABILITIES), identity };
        let answer = self.client.import(call).await.map_err(one)?;
        checked(answer.diagnostics)?;
        unless_deferred(answer.deferred)?;
        let imported = answer.imported_resources.iter().map(|found| {
            let state = self.object(self.resource(&found.type_name)?, found.state.as_ref(), None)?;
            Ok(Imported { type_name: found.type_name.as_str().into(), state, private: private_text(&found.private) })
        });
        imported.collect::<Result<_, Fault>>().map_err(one)
    }

    fn leases(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Lease>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn until(time: Option<prost_types::Timestamp>) -> Option<Duration> {
    let time = SystemTime::try_from(time?).ok()?;
    Some(time.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Renews an ephemeral resource whenever the provider wants it, until it is closed.
async fn renew(client: Arc<Client>, type_name: String, lease: Arc<Lease>, mut after: Option<Duration>) {
    while let Some(wait) = after {
        tokio::time::sleep(wait).await;
        let held = lease.private.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = client.renew(wire::renew_ephemeral_resource::Request { type_name: type_name.clone(), private: held }).await;
        let answer = match answer.map_err(one).and_then(|mut answer| checked(std::mem::take(&mut answer.diagnostics)).map(|_| answer)) {
            Ok(answer) => answer,
            Err(faults) => {
                for fault in faults {
                    tracing::warn!("ephemeral {type_name} was not renewed: {fault}");
                }
                return;
            }
        };
        if answer.private.is_some() {
            *lease.private.lock().unwrap_or_else(PoisonError::into_inner) = answer.private;
        }
        // A time that has passed already must not become a loop without rest.
        after = until(answer.renew_at).map(|wait| wait.max(Duration::from_secs(1)));
    }
}

#[async_trait]
impl Session for PluginSession {
    async fn read(&self, request: ReadRequest<'_>) -> Result<Option<Value>, Vec<Fault>> {
        Ok(self.refresh(request).await?.map(|found| found.state))
    }

    async fn refresh(&self, request: ReadRequest<'_>) -> Result<Option<Refreshed>, Vec<Fault>> {
        let schema = self.resource(request.type_name).map_err(one)?;
        let call = wire::read_resource::Request {
            type_name: request.type_name.to_owned(),
            current_state: dynamic(request.prior, schema.ty()).map_err(one)?,
            private: private(request.private).map_err(one)?,
            provider_meta: None,
            client_capabilities: Some(CAPABILITIES),
            current_identity: None,
        };
        let answer = self.client.read(call).await.map_err(one)?;
        checked(answer.diagnostics)?;
        if answer.deferred.is_some() {
            // What it is like now will be known later: until then it is what it was.
            return Ok(Some(Refreshed { state: request.prior.clone(), private: request.private.map(Into::into) }));
        }
        let found = self.object(schema, answer.new_state.as_ref(), Some(request.prior)).map_err(one)?;
        Ok((!found.is_null()).then(|| Refreshed { state: found, private: private_text(&answer.private) }))
    }

    async fn plan(&self, request: PlanRequest<'_>) -> Result<Planned, Vec<Fault>> {
        let schema = self.resource(request.type_name).map_err(one)?;
        if !self.configured {
            return Ok(self.by_schema(schema, &request));
        }
        let null = Value::Null(schema.ty().clone());
        let prior = request.prior.unwrap_or(&null);
        let block = self.offer.block(request.type_name).unwrap_or_default();
        let proposal = proposed(&block, prior, request.config);
        let call = wire::plan_resource_change::Request {
            type_name: request.type_name.to_owned(),
            prior_state: dynamic(prior, schema.ty()).map_err(one)?,
            proposed_new_state: dynamic(&proposal, schema.ty()).map_err(one)?,
            config: dynamic(request.config, schema.ty()).map_err(one)?,
            prior_private: private(request.private).map_err(one)?,
            provider_meta: None,
            client_capabilities: Some(CAPABILITIES),
            prior_identity: None,
        };
        let answer = self.client.plan(call).await.map_err(one)?;
        let warnings = checked(answer.diagnostics)?;
        let mut state = self.object(schema, answer.planned_state.as_ref(), request.prior).map_err(one)?;
        let deferred = answer.deferred.map(deferral);
        if state.is_null() && deferred.is_some() {
            state = propose(&schema.block, request.prior, request.config);
        }
        if state.is_null() {
            return Err(vec![Fault::error(
                "Provider produced an invalid plan",
                format!("{} planned nothing for {}. This is a fault of the provider.", self.name, request.type_name),
            )]);
        }
        if !answer.legacy_type_system {
            crate::legal::plan(&block, request.prior, request.config, &state).map_err(one)?;
        }
        // Only a path that leads to a difference replaces: the old SDK names all that it was asked about.
        let requires_replace = match request.prior {
            Some(prior) => answer.requires_replace.iter().map(path).filter(|path| prior.at(path) != state.at(path)).collect(),
            None => Vec::new(),
        };
        Ok(Planned { state, requires_replace, private: private_text(&answer.planned_private), deferred, warnings })
    }

    async fn apply(&self, request: ApplyRequest<'_>) -> Applied {
        // What it kept for itself is what the state has: the plan's is for the plan.
        let kept = |faults: Vec<Fault>| Applied { state: request.prior.cloned(), faults, private: None };
        let schema = match self.resource(request.type_name) {
            Ok(schema) => schema,
            Err(fault) => return kept(vec![fault]),
        };
        let answer = match self.try_apply(schema, &request).await {
            Ok(answer) => answer,
            Err(faults) => return kept(faults),
        };
        let mut faults = faults(answer.diagnostics);
        let failed = faults.iter().any(|fault| fault.severity == Severity::Error);
        let state = match self.object(schema, answer.new_state.as_ref(), request.prior) {
            Ok(state) => state,
            Err(fault) => {
                // It did something, and nobody knows what.
                faults.push(Fault { uncertain: true, ..fault });
                return kept(faults);
            }
        };
        if state.is_null() {
            if request.planned.is_some() && !failed {
                faults.push(Fault::error(
                    "Provider produced an inconsistent result",
                    format!("{} returned no object although it was asked for one. This is a fault of the provider.", self.name),
                ));
            }
            // The old SDK returns nothing where it has done nothing.
            if failed && request.prior.is_some() && request.planned.is_some() {
                return kept(faults);
            }
            return Applied { state: None, faults, private: None };
        }
        if request.planned.is_none() && !failed {
            faults.push(Fault::error(
                "Provider produced an inconsistent result",
                format!("{} still returns the object that it was asked to destroy. This is a fault of the provider.", self.name),
            ));
        }
        if !failed {
            let as_planned = || request.planned.filter(|_| !answer.legacy_type_system).map_or(Ok(()), |planned| crate::legal::result(planned, &state));
            faults.extend(crate::legal::known(&state).and_then(|()| as_planned()).err());
        }
        Applied { state: Some(state), faults, private: private_text(&answer.private) }
    }

    async fn import(&self, type_name: &str, id: &str) -> Result<Vec<Imported>, Vec<Fault>> {
        self.import_by(type_name, id, None).await
    }

    async fn import_identified(&self, type_name: &str, identity: &Value) -> Result<Vec<Imported>, Vec<Fault>> {
        let Some(known) = self.offer.identity(type_name).map_err(one)? else {
            let detail = format!("{} does not say what tells objects of the type {type_name} apart: give the id of the object instead.", self.name);
            return Err(vec![Fault::error("Import by identity is not supported", detail)]);
        };
        let given = known.given(type_name, identity).map_err(one)?;
        let identity = wire::ResourceIdentityData { identity_data: dynamic(&given, &known.ty).map_err(one)? };
        self.import_by(type_name, "", Some(identity)).await
    }

    async fn read_data(&self, type_name: &str, config: &Value) -> Result<Value, Vec<Fault>> {
        let schema = self
            .offer
            .schema
            .data_sources
            .get(type_name)
            .ok_or_else(|| vec![Fault::error("Unknown data source", format!("{} has no data source \"{type_name}\".", self.name))])?;
        let call = wire::read_data_source::Request {
            type_name: type_name.to_owned(),
            config: dynamic(config, schema.ty()).map_err(one)?,
            provider_meta: None,
            client_capabilities: Some(CAPABILITIES),
        };
        let answer = self.client.read_data(call).await.map_err(one)?;
        checked(answer.diagnostics)?;
        unless_deferred(answer.deferred)?;
        self.object(schema, answer.state.as_ref(), None).map_err(one)
    }

    async fn open(&self, type_name: &str, config: &Value) -> Result<Opened, Vec<Fault>> {
        let schema = self.offer.schema.ephemeral.get(type_name);
        let schema = schema.ok_or_else(|| vec![Fault::error("Unknown ephemeral resource", format!("{} has no ephemeral resource type \"{type_name}\".", self.name))])?;
        let call = wire::open_ephemeral_resource::Request {
            type_name: type_name.to_owned(),
            config: dynamic(config, schema.ty()).map_err(one)?,
            client_capabilities: Some(CAPABILITIES),
        };
        let answer = self.client.open(call).await.map_err(one)?;
        checked(answer.diagnostics)?;
        unless_deferred(answer.deferred)?;
        let result = value(answer.result.as_ref(), schema.ty()).map_err(one)?;
        let lease = Arc::new(Lease { private: Mutex::new(answer.private), renewal: Mutex::new(None) });
        if let Some(after) = until(answer.renew_at) {
            let renewal = client::runtime().map_err(one)?.spawn(renew(self.client.clone(), type_name.to_owned(), lease.clone(), Some(after)));
            *lease.renewal.lock().unwrap_or_else(PoisonError::into_inner) = Some(renewal);
        }
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        self.leases().insert(number, lease);
        Ok(Opened { value: result, private: number.to_be_bytes().to_vec() })
    }

    async fn close(&self, type_name: &str, opened: &Opened) -> Result<(), Vec<Fault>> {
        let number = opened.private.as_slice().try_into().map(u64::from_be_bytes).unwrap_or(u64::MAX);
        let Some(lease) = self.leases().remove(&number) else { return Ok(()) };
        if let Some(renewal) = lease.renewal.lock().unwrap_or_else(PoisonError::into_inner).take() {
            renewal.abort();
        }
        let held = lease.private.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = self.client.close(wire::close_ephemeral_resource::Request { type_name: type_name.to_owned(), private: held }).await.map_err(one)?;
        checked(answer.diagnostics).map(drop)
    }

    async fn recover(&self, request: RecoverRequest<'_>) -> Result<Option<Value>, Vec<Fault>> {
        match request.created {
            Some(created) => self.read(ReadRequest { type_name: request.type_name, prior: created, private: None }).await,
            None => Err(vec![Fault::warning("A creation was cut off", "A plugin cannot be asked whether the object was created. If it was, it is not in the state.")]),
        }
    }

    fn recovers(&self, _: &str) -> bool {
        false
    }

    async fn settle(&self, _: &[(Arc<str>, Value)]) -> Result<(), Vec<Fault>> {
        Ok(())
    }

    fn is_local(&self, _: &str) -> bool {
        false
    }

    async fn stop(&self) {
        match self.client.stop(wire::stop::Request {}).await {
            Ok(answer) if answer.error.is_empty() => {}
            Ok(answer) => tracing::warn!(plugin = &*self.name, "it does not stop: {}", answer.error),
            Err(fault) => tracing::warn!(plugin = &*self.name, "it does not stop: {fault}"),
        }
    }
}
