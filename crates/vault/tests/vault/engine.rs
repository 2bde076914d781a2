//! What the engine does with a provider, as far as a resource can notice; and the lifecycle that every type passes.

use std::sync::{Arc, Mutex};

use serde_json::Value as Json;
use weir_provider::native::Native;
use weir_provider::{
    Applied, ApplyRequest, Fault, Intent, PlanRequest, Planned, Progress, Provider, ReadRequest, RecoverRequest, Schema, Session, SessionRequest, to_value,
};
use weir_value::Value;
use weir_vault::Vault;

use crate::server::Server;

pub(crate) struct Engine {
    provider: Native<Vault>,
    session: Arc<dyn Session>,
}

/// Remembers what was reported as created.
#[derive(Default)]
struct Recorder(Mutex<Option<Value>>);

impl Progress for Recorder {
    fn created(&self, state: Value) {
        *self.0.lock().unwrap() = Some(state);
    }
}

/// One type's way through life.
#[derive(Default)]
pub(crate) struct Life<'a> {
    pub(crate) kind: &'a str,
    pub(crate) config: Json,
    /// Each is reached by an update in place.
    pub(crate) updates: Vec<Json>,
    /// Where an import finds it, `{NAME}` being an attribute of its state; none when the type cannot be imported.
    pub(crate) import: Option<String>,
    /// Attributes that an import cannot know.
    pub(crate) unknown_to_import: &'a [&'a str],
    /// It can be found again by name after a crash.
    pub(crate) recovers: bool,
    /// Deleting it leaves something to read.
    pub(crate) stays: bool,
}

pub(crate) fn provider_value(schema: &Schema, json: &Json) -> Value {
    let value = to_value(json, schema.ty()).unwrap();
    let Value::Object(entries) = value else { panic!("no object") };
    Value::object(entries.iter().map(|(name, value)| {
        // Blocks that are not written are empty collections.
        let value = match schema.block.blocks.get(name) {
            Some(nested) if value.is_null() => to_value(&Vec::<Json>::new(), &nested.ty()).unwrap(),
            _ => value.clone(),
        };
        (name.clone(), value)
    }))
}

pub(crate) async fn configure(config: Json) -> Result<Engine, Vec<Fault>> {
    let provider = Native::<Vault>::new();
    let config = provider_value(&provider.schema().config, &config);
    let session = provider.configure(SessionRequest { config, parallelism: 10, root: ".".into(), offline: false }).await?;
    Ok(Engine { provider, session })
}

impl Engine {
    pub(crate) async fn at(server: &Server) -> Self {
        configure(serde_json::json!({ "address": server.address(), "token": server.root.expose() })).await.unwrap()
    }

    pub(crate) fn config(&self, kind: &str, json: &Json) -> Value {
        provider_value(&self.provider.schema().resources[kind], json)
    }

    pub(crate) async fn plan(&self, kind: &str, prior: Option<&Value>, config: &Value) -> Planned {
        assert_eq!(self.provider.validate(Intent::Resource, kind, config), [], "{kind}");
        self.session.plan(PlanRequest { type_name: kind, prior, config, private: None }).await.unwrap()
    }

    pub(crate) async fn read(&self, kind: &str, prior: &Value) -> Option<Value> {
        self.session.read(ReadRequest { type_name: kind, prior, private: None }).await.unwrap_or_else(|faults| panic!("{kind}: {faults:?}"))
    }

    pub(crate) async fn try_apply(&self, kind: &str, prior: Option<&Value>, planned: Option<&Value>, config: Option<&Value>) -> (Applied, Option<Value>) {
        let progress = Recorder::default();
        let request = ApplyRequest { type_name: kind, prior, planned, config, private: None, token: "3b7a4f0e-5a54-4a2b-9a4c-0d5f3d9e6c11", progress: &progress };
        let applied = self.session.apply(request).await;
        (applied, progress.0.into_inner().unwrap())
    }

    /// Plans and applies, and checks that the result is what was planned.
    pub(crate) async fn put(&self, kind: &str, prior: Option<&Value>, config: &Value) -> Value {
        let planned = self.plan(kind, prior, config).await;
        assert!(planned.requires_replace.is_empty(), "{kind}: {:?}", planned.requires_replace);
        let (applied, created) = self.try_apply(kind, prior, Some(&planned.state), Some(config)).await;
        assert_eq!(applied.faults, [], "{kind}");
        let state = applied.state.unwrap();
        assert_same(kind, "applied differs from planned", &planned.state, &state, &[]);
        assert_eq!(created.is_some(), prior.is_none(), "{kind}: what is created is reported, and only that");
        state
    }

    /// Reads a data source.
    pub(crate) async fn data(&self, kind: &str, config: &Json) -> Value {
        let config = provider_value(&self.provider.schema().data_sources[kind], config);
        self.session.read_data(kind, &config).await.unwrap()
    }

    /// Creates from JSON.
    pub(crate) async fn create(&self, kind: &str, config: Json) -> Value {
        self.put(kind, None, &self.config(kind, &config)).await
    }

    pub(crate) async fn delete(&self, kind: &str, prior: &Value) {
        let (applied, _) = self.try_apply(kind, Some(prior), None, None).await;
        assert_eq!(applied.faults, [], "{kind}");
        assert!(applied.state.is_none(), "{kind}");
    }

    /// Reads what is there, and checks that nothing would be done.
    pub(crate) async fn assert_settled(&self, kind: &str, state: &Value, config: &Value) {
        let read = self.read(kind, state).await.unwrap_or_else(|| panic!("{kind} is gone"));
        assert_same(kind, "read differs from state", state, &read, &[]);
        self.assert_no_plan(kind, &read, config, &[]).await;
    }

    async fn assert_no_plan(&self, kind: &str, state: &Value, config: &Value, except: &[&str]) {
        let planned = self.plan(kind, Some(state), config).await;
        assert!(planned.requires_replace.is_empty(), "{kind}: {:?}", planned.requires_replace);
        assert_same(kind, "plan is not empty", &planned.state, state, except);
    }

    /// What is found after a crash in the middle of the creation.
    pub(crate) async fn recover(&self, kind: &str, config: &Value) -> Option<Value> {
        let planned = self.plan(kind, None, config).await.state;
        self.session.recover(RecoverRequest { type_name: kind, planned: &planned, created: None, token: "t" }).await.unwrap()
    }

    pub(crate) async fn live(&self, life: Life<'_>) {
        let kind = life.kind;
        let mut config = self.config(kind, &life.config);
        let mut state = self.put(kind, None, &config).await;
        self.assert_settled(kind, &state, &config).await;
        for update in &life.updates {
            config = self.config(kind, update);
            let planned = self.plan(kind, Some(&state), &config).await;
            assert!(planned.state != state, "{kind}: nothing to do for {update}");
            state = self.put(kind, Some(&state), &config).await;
            self.assert_settled(kind, &state, &config).await;
        }
        match &life.import {
            Some(id) => {
                let id = fill(id, &state);
                let imported = self.session.import(kind, &id).await.unwrap().remove(0);
                let read = self.read(kind, &imported.state).await.unwrap_or_else(|| panic!("{kind}: {id} is not found"));
                self.assert_no_plan(kind, &read, &config, life.unknown_to_import).await;
            }
            None => assert!(self.session.import(kind, "x").await.is_err(), "{kind}"),
        }
        let recovered = self.recover(kind, &config).await;
        assert_eq!(recovered.is_some(), life.recovers, "{kind}");
        if let Some(recovered) = recovered {
            self.assert_no_plan(kind, &recovered, &config, life.unknown_to_import).await;
        }
        self.delete(kind, &state).await;
        assert_eq!(self.read(kind, &state).await.is_some(), life.stays, "{kind} after its deletion");
        self.delete(kind, &state).await;
    }
}

fn fill(id: &str, state: &Value) -> String {
    let Some((before, rest)) = id.split_once('{') else { return id.to_owned() };
    let (name, after) = rest.split_once('}').unwrap();
    format!("{before}{}{after}", text(state, name))
}

/// An attribute that is a text.
pub(crate) fn text(state: &Value, name: &str) -> String {
    state.get(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_else(|| panic!("{name} is no text"))
}

/// Compares attribute by attribute; what `wanted` does not know yet may be anything.
fn assert_same(kind: &str, what: &str, wanted: &Value, there: &Value, except: &[&str]) {
    let (Value::Object(wanted), Value::Object(there)) = (wanted, there) else { panic!("{kind}: no objects") };
    for (name, wanted) in wanted.iter() {
        if wanted.is_wholly_known() && !except.contains(&&**name) {
            assert_eq!(wanted, &there[name], "{kind}: {what}: {name}");
        }
    }
}
