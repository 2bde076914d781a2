//! The life of an object as the engine leads it, for tests.

use std::sync::{Arc, Mutex};

use serde_json::Value as Json;
use weir_provider::native::{Native, NativeProvider};
use weir_provider::{ApplyRequest, Fault, Intent, Nesting, Opened, PlanRequest, Planned, Progress, Provider, ReadRequest, Schema, Session, SessionRequest, to_value};
use weir_value::Value;

/// A configured provider.
pub(crate) struct World {
    provider: Arc<dyn Provider>,
    session: Arc<dyn Session>,
}

#[derive(Default)]
struct Reports(Mutex<Vec<Value>>);

impl Progress for Reports {
    fn created(&self, state: Value) {
        self.0.lock().unwrap().push(state);
    }
}

impl World {
    /// The provider, with relative paths starting at `root`.
    pub(crate) async fn at<P: NativeProvider>(root: &std::path::Path) -> Self {
        let provider: Arc<dyn Provider> = Arc::new(Native::<P>::new());
        let request = SessionRequest { config: Value::object::<&str>([]), parallelism: 4, root: root.to_owned(), offline: false };
        let session = provider.configure(request).await.unwrap_or_else(|faults| panic!("{faults:?}"));
        Self { provider, session }
    }

    /// The provider.
    pub(crate) async fn new<P: NativeProvider>() -> Self {
        Self::at::<P>(std::path::Path::new(".")).await
    }

    fn schema(&self, type_name: &str) -> Arc<Schema> {
        let schema = self.provider.schema();
        schema.resources.get(type_name).or_else(|| schema.data_sources.get(type_name)).or_else(|| schema.ephemeral.get(type_name)).unwrap().clone()
    }

    /// A configuration as the engine would hand it over: unset attributes null, unwritten repeated blocks empty.
    pub(crate) fn config(&self, type_name: &str, mut written: Json) -> Value {
        let schema = self.schema(type_name);
        let object = written.as_object_mut().unwrap();
        for (name, nested) in &schema.block.blocks {
            if nested.nesting != Nesting::Single && !object.contains_key(&**name) {
                object.insert(name.to_string(), Json::Array(Vec::new()));
            }
        }
        to_value(&written, schema.ty()).unwrap()
    }

    /// The validation of a configuration.
    pub(crate) fn validate(&self, intent: Intent, type_name: &str, written: Json) -> Vec<Fault> {
        self.provider.validate(intent, type_name, &self.config(type_name, written))
    }

    /// The plan.
    pub(crate) async fn plan(&self, type_name: &str, prior: Option<&Value>, config: &Value) -> Planned {
        self.session.plan(PlanRequest { type_name, prior, config, private: None }).await.unwrap()
    }

    /// Creates, and checks that the result keeps what was planned and that planning again changes nothing.
    pub(crate) async fn create(&self, type_name: &str, written: Json) -> Value {
        self.try_create(type_name, written).await.unwrap()
    }

    /// [`World::create`], with the first fault when there is one.
    pub(crate) async fn try_create(&self, type_name: &str, written: Json) -> Result<Value, Fault> {
        let config = self.config(type_name, written);
        let planned = self.plan(type_name, None, &config).await;
        assert!(planned.requires_replace.is_empty());
        let state = self.apply(type_name, None, Some(&planned.state), Some(&config)).await?.unwrap();
        agrees(&planned.state, &state);
        let read = self.read(type_name, &state).await.expect("still there");
        assert_eq!(read, state, "reading changes nothing");
        let again = self.plan(type_name, Some(&state), &config).await;
        assert_eq!(again.state, state, "the second plan is empty");
        assert!(again.requires_replace.is_empty());
        Ok(state)
    }

    /// Updates in place.
    pub(crate) async fn update(&self, type_name: &str, prior: &Value, written: Json) -> Value {
        let config = self.config(type_name, written);
        let planned = self.plan(type_name, Some(prior), &config).await;
        assert_eq!(planned.requires_replace, Vec::new(), "no replacement");
        let state = self.apply(type_name, Some(prior), Some(&planned.state), Some(&config)).await.unwrap().unwrap();
        agrees(&planned.state, &state);
        assert_eq!(self.plan(type_name, Some(&state), &config).await.state, state, "the plan after the update is empty");
        state
    }

    /// The names of the attributes that need a new object.
    pub(crate) async fn replaces(&self, type_name: &str, prior: &Value, written: Json) -> Vec<String> {
        let config = self.config(type_name, written);
        let planned = self.plan(type_name, Some(prior), &config).await;
        planned.requires_replace.iter().filter_map(|path| path.first_attr().map(ToString::to_string)).collect()
    }

    /// Applies.
    pub(crate) async fn apply(&self, type_name: &str, prior: Option<&Value>, planned: Option<&Value>, config: Option<&Value>) -> Result<Option<Value>, Fault> {
        let reports = Reports::default();
        let request = ApplyRequest { type_name, prior, planned, config, private: None, token: "5a9b6e5c-0000-4000-8000-000000000000", progress: &reports };
        let applied = self.session.apply(request).await;
        match applied.faults.into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(applied.state),
        }
    }

    /// Reads.
    pub(crate) async fn read(&self, type_name: &str, prior: &Value) -> Option<Value> {
        self.session.read(ReadRequest { type_name, prior, private: None }).await.unwrap()
    }

    /// Deletes, twice.
    pub(crate) async fn delete(&self, type_name: &str, prior: &Value) {
        for _ in 0..2 {
            assert_eq!(self.apply(type_name, Some(prior), None, None).await.unwrap(), None);
        }
    }

    /// Imports and reads.
    pub(crate) async fn import(&self, type_name: &str, id: &str) -> Value {
        let imported = self.session.import(type_name, id).await.unwrap().remove(0);
        assert_eq!(&*imported.type_name, type_name);
        self.read(type_name, &imported.state).await.unwrap()
    }

    /// Reads a data source.
    pub(crate) async fn data(&self, type_name: &str, written: Json) -> Result<Value, Fault> {
        self.data_value(type_name, &self.config(type_name, written)).await
    }

    /// The same, of a configuration whose types JSON cannot say.
    pub(crate) async fn data_value(&self, type_name: &str, config: &Value) -> Result<Value, Fault> {
        self.session.read_data(type_name, config).await.map_err(|mut faults| faults.remove(0))
    }

    /// Opens and closes an ephemeral resource.
    pub(crate) async fn open(&self, type_name: &str, written: Json) -> Value {
        let config = self.config(type_name, written);
        let opened: Opened = self.session.open(type_name, &config).await.unwrap_or_else(|faults| panic!("{faults:?}"));
        self.session.close(type_name, &opened).await.unwrap();
        opened.value
    }

    /// Calls a function.
    pub(crate) fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, String> {
        self.provider.call(function, arguments).map_err(|fault| fault.to_string())
    }
}

/// What was known in the plan is in the result.
fn agrees(planned: &Value, state: &Value) {
    let (Value::Object(planned), Value::Object(state)) = (planned, state) else { panic!("objects expected") };
    for (name, value) in planned.iter() {
        assert!(!value.is_wholly_known() || value == &state[name] || value.is_null() && state[name].is_null(), "{name} is not what was planned");
    }
}

/// The text of an attribute.
pub(crate) fn text(state: &Value, name: &str) -> String {
    state.get(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_else(|| panic!("{name} is no text"))
}
