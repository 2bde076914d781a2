//! Puts a resource type through what an engine does with it, against an emulated AWS that all tests of the process share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value as Json, json};
use weir_provider::native::NativeProvider;
use weir_provider::{
    ApplyRequest, Block, Fault, Intent, Nesting, PlanRequest, Planned, Progress, Provider, ReadRequest, RecoverRequest, Session, SessionRequest, from_value, to_value,
};
use weir_value::Value;

use crate::{Aws, Client};

/// The address of the emulator; started by the first test that needs it, ended with the process.
pub(crate) fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(async {
                let work = tempfile::tempdir().expect("folder");
                let mut options = weir_sandbox::Options::new(cache(), work.path());
                options.nodes = false;
                let sandbox = weir_sandbox::Sandbox::start(options, |_| {}).await.expect("sandbox");
                sender.send(sandbox.endpoint().to_owned()).expect("receiver");
                std::future::pending::<()>().await;
            });
        });
        receiver.recv().expect("the emulator starts")
    })
}

/// Where the emulators are installed: `tmp/sandbox-cache` of the target folder, with those of other tests.
fn cache() -> std::path::PathBuf {
    let out = std::path::Path::new(env!("OUT_DIR"));
    out.ancestors().nth(4).expect("target folder").join("tmp/sandbox-cache")
}

/// All services at that address, as the block `endpoints` has it.
pub(crate) fn endpoints(url: &str) -> Json {
    let services = ["autoscaling", "ec2", "elbv2", "iam", "kms", "logs", "route53", "s3", "secretsmanager", "ssm", "sts"];
    services.into_iter().map(|service| (service.to_owned(), Json::from(url))).collect()
}

fn request(extra: Json) -> SessionRequest {
    let mut config = json!({"region": "eu-central-1", "access_key": "test", "secret_key": "test", "endpoints": [endpoints(endpoint())]});
    if let (Json::Object(config), Json::Object(extra)) = (&mut config, extra) {
        config.extend(extra);
    }
    let schema = crate::provider().schema();
    let config = to_value(&config, schema.config.ty()).expect("provider block");
    SessionRequest { config, parallelism: 10, root: std::env::temp_dir(), offline: false }
}

/// A configured client.
pub(crate) async fn client() -> Client {
    connect(json!({})).await.map_err(|faults| format!("{faults:?}")).expect("connect")
}

/// A client with further arguments in the provider block, or why there is none.
pub(crate) async fn connect(extra: Json) -> Result<Client, Vec<Fault>> {
    let request = request(extra);
    let config = from_value(&request.config).expect("provider block");
    Aws::connect(config, &request).await
}

/// A configured provider, as the engine has it.
pub(crate) struct Lab {
    provider: Arc<dyn Provider>,
    session: Arc<dyn Session>,
}

/// A provider without default tags.
pub(crate) async fn lab() -> Lab {
    lab_with(json!({})).await
}

/// A provider with further arguments in its block.
pub(crate) async fn lab_with(extra: Json) -> Lab {
    let provider = crate::provider();
    let session = provider.configure(request(extra)).await.map_err(|faults| format!("{faults:?}")).expect("configure");
    Lab { provider, session }
}

/// The first report of an operation.
#[derive(Default)]
struct Reports(Mutex<Option<Value>>);

impl Progress for Reports {
    fn created(&self, state: Value) {
        self.0.lock().expect("lock").get_or_insert(state);
    }
}

/// Absent blocks are empty lists, as the engine gives them.
fn complete(block: &Block, value: &Value) -> Value {
    let Value::Object(entries) = value else { return value.clone() };
    let mut entries: BTreeMap<_, _> = (**entries).clone();
    for (name, nested) in &block.blocks {
        let one = nested.block.ty();
        let entry = entries.get(name).cloned().unwrap_or_else(Value::null);
        let items = entry.elements().map(|item| complete(&nested.block, item)).collect::<Vec<_>>();
        let entry = match nested.nesting {
            Nesting::List => Value::list(one, items),
            Nesting::Set => Value::set(one, items),
            _ if entry.is_null() => entry,
            _ => complete(&nested.block, &entry),
        };
        entries.insert(name.clone(), entry);
    }
    Value::Object(Arc::new(entries))
}

/// The attributes in which two objects differ.
pub(crate) fn differences(a: &Value, b: &Value, ignored: &[&str]) -> String {
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return format!("{a:?}\n{b:?}") };
    let lines = a.iter().filter(|(name, value)| !ignored.contains(&&***name) && b.get(*name) != Some(value));
    lines.map(|(name, value)| format!("  {name}: {value:?} → {:?}\n", b.get(name))).collect()
}

/// An attribute of a state as text; empty when it has none.
pub(crate) fn text(state: &Value, name: &str) -> String {
    state.get(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl Lab {
    /// The configuration (or what a state has of an object) as a value of the type.
    pub(crate) fn config(&self, type_name: &str, config: &Json) -> Value {
        let schema = self.provider.schema();
        let schema = schema.resources.get(type_name).unwrap_or_else(|| panic!("no type {type_name}"));
        let value = to_value(config, schema.ty()).unwrap_or_else(|fault| panic!("{type_name}: {fault}"));
        for name in config.as_object().expect("object").keys() {
            assert!(value.get(name).is_some(), "{type_name} has no {name}");
        }
        complete(&schema.block, &value)
    }

    /// The faults that a configuration has.
    pub(crate) fn validate(&self, type_name: &str, config: &Json) -> Vec<Fault> {
        self.provider.validate(Intent::Resource, type_name, &self.config(type_name, config))
    }

    /// The plan for a configuration.
    pub(crate) async fn plan(&self, type_name: &str, prior: Option<&Value>, config: &Json) -> Result<Planned, Vec<Fault>> {
        self.session.plan(PlanRequest { type_name, prior, config: &self.config(type_name, config), private: None }).await
    }

    async fn apply(&self, type_name: &str, prior: Option<&Value>, planned: &Value, config: &Value, token: &str) -> Result<(Value, Option<Value>), Vec<Fault>> {
        let reports = Reports::default();
        let request = ApplyRequest { type_name, prior, planned: Some(planned), config: Some(config), private: None, token, progress: &reports };
        let applied = self.session.apply(request).await;
        if !applied.faults.is_empty() {
            return Err(applied.faults);
        }
        let first = reports.0.into_inner().expect("lock");
        Ok((applied.state.expect("a state"), first))
    }

    /// Creates an object that another test object needs.
    pub(crate) async fn make(&self, type_name: &str, config: Json) -> Value {
        let faults = self.validate(type_name, &config);
        assert!(faults.is_empty(), "{type_name}: {faults:?}");
        let planned = self.plan(type_name, None, &config).await.expect("plan");
        let config = self.config(type_name, &config);
        let token = uuid::Uuid::new_v4().to_string();
        let (state, _) = self.apply(type_name, None, &planned.state, &config, &token).await.unwrap_or_else(|faults| panic!("creating {type_name}: {faults:?}"));
        self.session.settle(&[(type_name.into(), state.clone())]).await.expect("settle");
        state
    }

    /// Creates, and gives the faults.
    pub(crate) async fn refused(&self, type_name: &str, config: Json) -> Vec<Fault> {
        let mut faults = self.validate(type_name, &config);
        if faults.is_empty() {
            match self.plan(type_name, None, &config).await {
                Err(found) => faults = found,
                Ok(planned) => {
                    let done = self.apply(type_name, None, &planned.state, &self.config(type_name, &config), "t").await;
                    faults = done.expect_err("it should have been refused");
                }
            }
        }
        faults
    }

    /// Changes an object in place.
    pub(crate) async fn change(&self, type_name: &str, prior: &Value, config: &Json) -> Value {
        let planned = self.plan(type_name, Some(prior), config).await.expect("plan");
        assert!(planned.requires_replace.is_empty(), "{type_name} would be replaced: {:?}", planned.requires_replace);
        let done = self.apply(type_name, Some(prior), &planned.state, &self.config(type_name, config), &uuid::Uuid::new_v4().to_string()).await;
        done.unwrap_or_else(|faults| panic!("changing {type_name}: {faults:?}")).0
    }

    /// The object as it is, or why it cannot be read.
    pub(crate) async fn try_read(&self, type_name: &str, prior: &Value) -> Result<Option<Value>, Vec<Fault>> {
        self.session.read(ReadRequest { type_name, prior, private: None }).await
    }

    /// The object as it is.
    pub(crate) async fn read(&self, type_name: &str, prior: &Value) -> Option<Value> {
        self.session.read(ReadRequest { type_name, prior, private: None }).await.unwrap_or_else(|faults| panic!("reading {type_name}: {faults:?}"))
    }

    /// Deletes an object.
    pub(crate) async fn delete(&self, type_name: &str, prior: &Value) {
        let reports = Reports::default();
        let request = ApplyRequest { type_name, prior: Some(prior), planned: None, config: None, private: None, token: "d", progress: &reports };
        let applied = self.session.apply(request).await;
        assert!(applied.faults.is_empty() && applied.state.is_none(), "deleting {type_name}: {:?}", applied.faults);
    }

    /// Reads a data source.
    pub(crate) async fn data(&self, type_name: &str, config: Json) -> Result<Value, Vec<Fault>> {
        let schema = self.provider.schema();
        let schema = schema.data_sources.get(type_name).unwrap_or_else(|| panic!("no data source {type_name}"));
        let value = to_value(&config, schema.ty()).unwrap_or_else(|fault| panic!("{type_name}: {fault}"));
        self.session.read_data(type_name, &complete(&schema.block, &value)).await
    }

    /// Opens and closes an ephemeral resource.
    pub(crate) async fn open(&self, type_name: &str, config: Json) -> Result<Value, Vec<Fault>> {
        let schema = self.provider.schema();
        let schema = schema.ephemeral.get(type_name).unwrap_or_else(|| panic!("no ephemeral resource {type_name}"));
        let value = to_value(&config, schema.ty()).unwrap_or_else(|fault| panic!("{type_name}: {fault}"));
        let opened = self.session.open(type_name, &complete(&schema.block, &value)).await?;
        self.session.close(type_name, &opened).await?;
        Ok(opened.value)
    }

    async fn expect_no_change(&self, type_name: &str, state: &Value, config: &Json, ignored: &[&str], when: &str) {
        let planned = self.plan(type_name, Some(state), config).await.unwrap_or_else(|faults| panic!("planning {type_name} {when}: {faults:?}"));
        let found = differences(state, &planned.state, ignored);
        assert!(found.is_empty(), "{type_name}: the plan {when} is not empty:\n{found}");
    }
}

/// The life of an object: create, find again by token, read, empty plan, each update with read and empty plan, import with empty plan, delete twice.
pub(crate) struct Lifecycle<'a> {
    lab: &'a Lab,
    type_name: &'a str,
    configs: Vec<Json>,
    import_id: Option<fn(&Value) -> String>,
    import_ignores: &'a [&'a str],
    recovers: bool,
    created: bool,
    deletes: bool,
}

impl<'a> Lifecycle<'a> {
    /// The life of an object created with that configuration.
    pub(crate) fn new(lab: &'a Lab, type_name: &'a str, config: Json) -> Self {
        Self { lab, type_name, configs: vec![config], import_id: None, import_ignores: &[], recovers: true, created: true, deletes: true }
    }
    /// A further configuration, reached by an update in place.
    pub(crate) fn update(mut self, config: Json) -> Self {
        self.configs.push(config);
        self
    }
    /// The import id of a state, when it is not `id`.
    pub(crate) fn import_id(mut self, id: fn(&Value) -> String) -> Self {
        self.import_id = Some(id);
        self
    }
    /// Attributes that an import cannot know.
    pub(crate) fn import_ignores(mut self, names: &'a [&'a str]) -> Self {
        self.import_ignores = names;
        self
    }
    /// For types that adopt what is there: `recover` is not needed.
    pub(crate) fn adopts(mut self) -> Self {
        self.recovers = false;
        self.created = false;
        self
    }
    /// For types whose deletion leaves the object as it is.
    pub(crate) fn stays(mut self) -> Self {
        self.deletes = false;
        self
    }

    /// Runs it; gives the last state before the deletion.
    pub(crate) async fn run(self) -> Value {
        let (lab, name) = (self.lab, self.type_name);
        let first = &self.configs[0];
        let faults = lab.validate(name, first);
        assert!(faults.is_empty(), "{name}: {faults:?}");
        let planned = lab.plan(name, None, first).await.unwrap_or_else(|faults| panic!("planning {name}: {faults:?}"));
        let token = uuid::Uuid::new_v4().to_string();
        let (mut state, created) =
            lab.apply(name, None, &planned.state, &lab.config(name, first), &token).await.unwrap_or_else(|faults| panic!("creating {name}: {faults:?}"));
        assert_kept(name, &planned.state, &state);
        if self.created {
            let created = created.unwrap_or_else(|| panic!("{name}: the creation was not reported"));
            assert!(lab.read(name, &created).await.is_some(), "{name}: what was reported cannot be read");
        }
        if self.recovers {
            let request = RecoverRequest { type_name: name, planned: &planned.state, created: None, token: &token };
            let found = lab.session.recover(request).await.unwrap_or_else(|faults| panic!("recovering {name}: {faults:?}"));
            let found = found.unwrap_or_else(|| panic!("{name}: not found again after a crash"));
            assert_eq!(found.get("id"), state.get("id"), "{name}: another object was recovered");
        }
        lab.session.settle(&[(name.into(), state.clone())]).await.unwrap_or_else(|faults| panic!("settling {name}: {faults:?}"));
        for (at, config) in self.configs.iter().enumerate() {
            if at > 0 {
                let planned = lab.plan(name, Some(&state), config).await.unwrap_or_else(|faults| panic!("planning {name}: {faults:?}"));
                assert!(planned.requires_replace.is_empty(), "{name}: update {at} would replace: {:?}", planned.requires_replace);
                assert!(!differences(&state, &planned.state, &[]).is_empty(), "{name}: update {at} changes nothing");
                let config = lab.config(name, config);
                let done = lab.apply(name, Some(&state), &planned.state, &config, &uuid::Uuid::new_v4().to_string()).await;
                state = done.unwrap_or_else(|faults| panic!("update {at} of {name}: {faults:?}")).0;
                assert_kept(name, &planned.state, &state);
            }
            let read = lab.read(name, &state).await.unwrap_or_else(|| panic!("{name}: gone after step {at}"));
            let found = differences(&state, &read, &[]);
            assert!(found.is_empty(), "{name}: step {at} and a read differ:\n{found}");
            lab.expect_no_change(name, &state, config, &[], &format!("after step {at}")).await;
        }
        let id = self.import_id.map_or_else(|| text(&state, "id"), |id| id(&state));
        let imported = lab.session.import(name, &id).await.unwrap_or_else(|faults| panic!("importing {name} {id}: {faults:?}"));
        let read = lab.read(name, &imported[0].state).await.unwrap_or_else(|| panic!("{name}: import id {id} leads nowhere"));
        let ignored: Vec<&str> = self.import_ignores.iter().copied().chain(["timeouts"]).collect();
        let found = differences(&state, &read, &ignored);
        assert!(found.is_empty(), "{name}: an import of {id} differs:\n{found}");
        lab.expect_no_change(name, &read, self.configs.last().expect("one"), &ignored, "after the import").await;
        lab.delete(name, &state).await;
        assert_eq!(lab.read(name, &state).await.is_some(), !self.deletes, "{name}: after its deletion");
        lab.delete(name, &state).await;
        state
    }
}

/// What the plan knew must have come true.
fn assert_kept(name: &str, planned: &Value, state: &Value) {
    let (Value::Object(planned), Value::Object(state)) = (planned, state) else { panic!("{name}: no objects") };
    for (attribute, value) in planned.iter().filter(|(_, value)| value.is_wholly_known()) {
        assert_eq!(state.get(attribute), Some(value), "{name}: {attribute} came out otherwise than planned");
    }
}
