//! A configured plugin.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::JoinHandle;
use weir_provider::native::propose;
use weir_provider::{Applied, ApplyRequest, Fault, Imported, Opened, PlanRequest, Planned, ReadRequest, RecoverRequest, Refreshed, Schema, Session, Severity};
use weir_value::Value;

use crate::client::{self, Client};
use crate::propose::{proposed, settled};
use crate::protocol::tfplugin6 as wire;
use crate::provider::{CAPABILITIES, Offer};
use crate::wire::{checked, dynamic, faults, path, value};

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

/// What a provider keeps for itself, from the form in which the state has it.
fn private(text: Option<&str>) -> Result<Vec<u8>, Fault> {
    let bytes = text.map(|text| STANDARD.decode(text)).transpose();
    bytes.map(Option::unwrap_or_default).map_err(|_| Fault::error("Invalid object in the state", "What its provider keeps for itself (\"private\") is not base64."))
}

fn private_text(bytes: &[u8]) -> Option<Arc<str>> {
    (!bytes.is_empty()).then(|| STANDARD.encode(bytes).into())
}

impl PluginSession {
    pub(crate) fn new(name: Arc<str>, client: Arc<Client>, offer: Arc<Offer>, configured: bool) -> Self {
        Self { name, client, offer, configured, open: Mutex::default(), opened: AtomicU64::new(0) }
    }

    fn resource(&self, type_name: &str) -> Result<&Schema, Fault> {
        self.offer
            .schema
            .resources
            .get(type_name)
            .map(|schema| &**schema)
            .ok_or_else(|| Fault::error("Unknown resource type", format!("{} has no resource type \"{type_name}\".", self.name)))
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
        Planned { state, requires_replace: Vec::new(), private: request.private.map(Into::into), warnings }
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
            };
            let answer = self.client.plan(call).await.map_err(one)?;
            checked(answer.diagnostics)?;
            planned_private = answer.planned_private;
        }
        let call =
            wire::apply_resource_change::Request { type_name: request.type_name.to_owned(), prior_state, planned_state, config, planned_private, provider_meta: None };
        self.client.apply(call).await.map_err(one)
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
        };
        let answer = self.client.read(call).await.map_err(one)?;
        checked(answer.diagnostics)?;
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
        let proposal = self.offer.blocks.get(request.type_name).map_or_else(|| request.config.clone(), |block| proposed(block, prior, request.config));
        let call = wire::plan_resource_change::Request {
            type_name: request.type_name.to_owned(),
            prior_state: dynamic(prior, schema.ty()).map_err(one)?,
            proposed_new_state: dynamic(&proposal, schema.ty()).map_err(one)?,
            config: dynamic(request.config, schema.ty()).map_err(one)?,
            prior_private: private(request.private).map_err(one)?,
            provider_meta: None,
            client_capabilities: Some(CAPABILITIES),
        };
        let answer = self.client.plan(call).await.map_err(one)?;
        let warnings = checked(answer.diagnostics)?;
        let state = self.object(schema, answer.planned_state.as_ref(), request.prior).map_err(one)?;
        if state.is_null() {
            return Err(vec![Fault::error(
                "Provider produced an invalid plan",
                format!("{} planned nothing for {}. This is a fault of the provider.", self.name, request.type_name),
            )]);
        }
        if !answer.legacy_type_system {
            crate::legal::plan(&schema.block, request.prior, request.config, &state).map_err(one)?;
        }
        // Only a path that leads to a difference replaces: the old SDK names all that it was asked about.
        let requires_replace = match request.prior {
            Some(prior) => answer.requires_replace.iter().map(path).filter(|path| prior.at(path) != state.at(path)).collect(),
            None => Vec::new(),
        };
        Ok(Planned { state, requires_replace, private: private_text(&answer.planned_private), warnings })
    }

    async fn apply(&self, request: ApplyRequest<'_>) -> Applied {
        let kept = |faults: Vec<Fault>| Applied { state: request.prior.cloned(), faults, private: request.private.filter(|_| request.prior.is_some()).map(Into::into) };
        let schema = match self.resource(request.type_name) {
            Ok(schema) => schema,
            Err(fault) => return kept(vec![fault]),
        };
        let answer = match self.try_apply(schema, &request).await {
            Ok(answer) => answer,
            Err(mut faults) => {
                if request.prior.is_none() {
                    for fault in faults.iter_mut().filter(|fault| fault.severity == Severity::Error) {
                        fault.detail.push_str("\nWhether the object was created before that is not known: look for it, and import it if it is there.");
                    }
                }
                return kept(faults);
            }
        };
        let mut faults = faults(answer.diagnostics);
        let failed = faults.iter().any(|fault| fault.severity == Severity::Error);
        let state = match self.object(schema, answer.new_state.as_ref(), request.prior) {
            Ok(state) => state,
            Err(fault) => {
                faults.push(fault);
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
        if let Some(planned) = request.planned.filter(|_| !failed && !answer.legacy_type_system)
            && let Err(fault) = crate::legal::result(planned, &state)
        {
            faults.push(fault);
        }
        Applied { state: Some(state), faults, private: private_text(&answer.private) }
    }

    async fn import(&self, type_name: &str, id: &str) -> Result<Vec<Imported>, Vec<Fault>> {
        let call = wire::import_resource_state::Request { type_name: type_name.to_owned(), id: id.to_owned(), client_capabilities: Some(CAPABILITIES) };
        let answer = self.client.import(call).await.map_err(one)?;
        checked(answer.diagnostics)?;
        let imported = answer.imported_resources.iter().map(|found| {
            let state = self.object(self.resource(&found.type_name)?, found.state.as_ref(), None)?;
            Ok(Imported { type_name: found.type_name.as_str().into(), state, private: private_text(&found.private) })
        });
        imported.collect::<Result<_, Fault>>().map_err(one)
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
            None => {
                let id = request.planned.get("name").and_then(|name| name.as_str().map(|name| format!(" named \"{name}\""))).unwrap_or_default();
                let detail = format!(
                    "A plugin cannot be asked what became of a creation that was cut off. If an object{id} was made, it is not in the state: look for it, and import it or remove it."
                );
                Err(vec![Fault::warning("A creation was cut off", detail)])
            }
        }
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
