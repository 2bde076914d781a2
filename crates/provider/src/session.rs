//! The traits between the engine and a provider.

use std::sync::Arc;

use async_trait::async_trait;
use weir_value::{Path, Value};

use crate::{Fault, FunctionFault, ProviderSchema};

/// A provider that is not configured yet.
#[async_trait]
pub trait Provider: Send + Sync {
    /// What it offers.
    fn schema(&self) -> Arc<ProviderSchema>;

    /// Checks the configuration of the provider (`type_name` empty), a resource, data source or ephemeral resource; values may be unknown. Called
    /// before anything is configured.
    fn validate(&self, intent: Intent, type_name: &str, config: &Value) -> Vec<Fault>;

    /// Connects. The configuration is an object of the provider's schema; it may be sensitive or ephemeral, and is wholly known.
    async fn configure(&self, request: SessionRequest) -> Result<Arc<dyn Session>, Vec<Fault>>;

    /// An object of the state that was written under an older version of its type's schema, as the present one has it; `None` when the provider leaves that to the reader.
    fn upgrade(&self, type_name: &str, version: u64, attributes: &str) -> Result<Option<Value>, Vec<Fault>> {
        let _ = (type_name, version, attributes);
        Ok(None)
    }

    /// Makes an object of another type one of this provider's; `None` when it takes over nothing of that kind.
    fn take_over(&self, request: &TakeOver<'_>) -> Result<Option<Refreshed>, Vec<Fault>> {
        let _ = request;
        Ok(None)
    }

    /// Calls a function with as many known arguments as its schema says, converted to its types.
    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, FunctionFault>;
}

/// See [`Provider::take_over`].
pub struct TakeOver<'a> {
    /// The resource type that the object shall have.
    pub type_name: &'a str,
    /// The source address of the provider that the object has had, such as `registry.terraform.io/hashicorp/null`.
    pub from_provider: &'a str,
    /// The resource type that it has had.
    pub from_type: &'a str,
    /// The version of the schema that it was written under.
    pub from_version: u64,
    /// The object as the state has it, in JSON.
    pub attributes: &'a str,
    /// What the old provider has kept for itself about the object.
    pub private: Option<&'a str>,
}

/// What a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Intent {
    /// The provider's own configuration.
    Provider,
    /// A managed resource.
    Resource,
    /// A data source.
    Data,
    /// An ephemeral resource.
    Ephemeral,
}

/// How to configure a provider.
pub struct SessionRequest {
    /// An object of the schema's configuration block.
    pub config: Value,
    /// Requests that may be under way at once.
    pub parallelism: usize,
    /// The root module's folder: relative paths in arguments start here.
    pub root: std::path::PathBuf,
    /// Nothing may be asked of anybody: the session only plans, and what the configuration does not know is null. Credentials need not be there.
    pub offline: bool,
}

/// A configured provider. Values in requests are unmarked: the engine has taken marks off and puts them back.
#[async_trait]
pub trait Session: Send + Sync {
    /// The present state of an object, or `None` when it is gone. Many reads are made at once so that a session can gather them.
    async fn read(&self, request: ReadRequest<'_>) -> Result<Option<Value>, Vec<Fault>>;

    /// [`Session::read`], with what the provider keeps for itself from then on: one that does not say keeps what it had.
    async fn refresh(&self, request: ReadRequest<'_>) -> Result<Option<Refreshed>, Vec<Fault>> {
        let private = request.private.map(Arc::from);
        Ok(self.read(request).await?.map(|state| Refreshed { state, private }))
    }

    /// What an object will be.
    async fn plan(&self, request: PlanRequest<'_>) -> Result<Planned, Vec<Fault>>;

    /// Makes an object what was planned.
    async fn apply(&self, request: ApplyRequest<'_>) -> Applied;

    /// The object of that import id, not yet read: its state has at least what a read needs.
    async fn import(&self, type_name: &str, id: &str) -> Result<Vec<Imported>, Vec<Fault>>;

    /// The same by the object's identity: an object of what tells the objects of its type apart.
    async fn import_identified(&self, type_name: &str, identity: &Value) -> Result<Vec<Imported>, Vec<Fault>> {
        let _ = identity;
        let detail = format!("The provider does not say what tells objects of the type {type_name} apart: give the id of the object instead.");
        Err(vec![Fault::error("Import by identity is not supported", detail)])
    }

    /// Reads a data source: the configuration completed.
    async fn read_data(&self, type_name: &str, config: &Value) -> Result<Value, Vec<Fault>>;

    /// Opens an ephemeral resource.
    async fn open(&self, type_name: &str, config: &Value) -> Result<Opened, Vec<Fault>>;

    /// Closes what [`Session::open`] gave.
    async fn close(&self, type_name: &str, opened: &Opened) -> Result<(), Vec<Fault>>;

    /// After a crash: finds the object whose creation was begun but not recorded as done. `None` means that it was not created.
    async fn recover(&self, request: RecoverRequest<'_>) -> Result<Option<Value>, Vec<Fault>>;

    /// True when [`Session::recover`] can find out what became of a creation whose answer was lost.
    fn recovers(&self, type_name: &str) -> bool {
        let _ = type_name;
        true
    }

    /// Removes the marks that creation left on these objects (type, state), now that the state knows them; in as few calls as the API allows.
    async fn settle(&self, created: &[(Arc<str>, Value)]) -> Result<(), Vec<Fault>>;

    /// True when this data source asks nobody: its answer follows from its arguments, the provider's configuration and files of this machine.
    fn is_offline(&self, type_name: &str) -> bool {
        let _ = type_name;
        false
    }

    /// True when creating, updating and deleting this type changes nothing outside Weir's own state, so that a crash needs no recovery.
    fn is_local(&self, type_name: &str) -> bool;

    /// Asks for running operations to be given up, as far as they can be.
    async fn stop(&self) {}
}

/// See [`Session::read`].
pub struct ReadRequest<'a> {
    /// The resource type.
    pub type_name: &'a str,
    /// What the state says.
    pub prior: &'a Value,
    /// What the provider keeps for itself about the object, as the state has it.
    pub private: Option<&'a str>,
}

/// See [`Session::refresh`].
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The object as it is.
    pub state: Value,
    /// What the provider keeps for itself about the object; opaque, base64.
    pub private: Option<Arc<str>>,
}

/// See [`Session::plan`].
pub struct PlanRequest<'a> {
    /// The resource type.
    pub type_name: &'a str,
    /// What there is: a value of the schema, or `None` when the object is to be created.
    pub prior: Option<&'a Value>,
    /// The configuration; unset attributes are null.
    pub config: &'a Value,
    /// What the provider keeps for itself about the object, as the state has it.
    pub private: Option<&'a str>,
}

/// The answer to a [`PlanRequest`].
#[derive(Clone, Debug)]
pub struct Planned {
    /// The object as it will be; unknown where only the apply will tell.
    pub state: Value,
    /// Attributes whose change needs a new object.
    pub requires_replace: Vec<Path>,
    /// What the provider wants to be told again when it applies the plan.
    pub private: Option<Arc<str>>,
    /// Why the provider cannot say yet what becomes of the object, in words; then nothing is done now.
    pub deferred: Option<Arc<str>>,
    /// Warnings.
    pub warnings: Vec<Fault>,
}

/// See [`Session::apply`].
pub struct ApplyRequest<'a> {
    /// The resource type.
    pub type_name: &'a str,
    /// What there is; `None` to create.
    pub prior: Option<&'a Value>,
    /// What shall be; `None` to delete. Unknown attributes are the provider's to fill in.
    pub planned: Option<&'a Value>,
    /// The configuration, with write-only arguments; `None` when deleting.
    pub config: Option<&'a Value>,
    /// [`Planned::private`]; when deleting, what the provider keeps for itself about the object.
    pub private: Option<&'a str>,
    /// The journal's token of this operation: a UUID, the same when the operation is taken up again after a crash.
    pub token: &'a str,
    /// Where the provider reports as it goes.
    pub progress: &'a dyn Progress,
}

/// Reports from inside an operation.
pub trait Progress: Send + Sync {
    /// The object exists from now on, with this much known of it; recorded durably before the call returns.
    fn created(&self, state: Value);
}

/// What an apply did, also when it failed.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The object as it is now, `None` when there is none. On a failed creation what was made of it; on a failed update or deletion what is left.
    pub state: Option<Value>,
    /// Errors and warnings; an error means that the operation failed.
    pub faults: Vec<Fault>,
    /// What the provider keeps for itself about the object; opaque, base64.
    pub private: Option<Arc<str>>,
}

/// See [`Session::import`].
#[derive(Clone, Debug)]
pub struct Imported {
    /// The resource type.
    pub type_name: Arc<str>,
    /// The state, to be read next.
    pub state: Value,
    /// What the provider keeps for itself about the object.
    pub private: Option<Arc<str>>,
}

/// See [`Session::recover`].
pub struct RecoverRequest<'a> {
    /// The resource type.
    pub type_name: &'a str,
    /// What was planned; sensitive attributes are null.
    pub planned: &'a Value,
    /// What [`Progress::created`] had reported.
    pub created: Option<&'a Value>,
    /// The token of the operation.
    pub token: &'a str,
}

/// An open ephemeral resource.
#[derive(Clone)]
pub struct Opened {
    /// Its value, of the schema.
    pub value: Value,
    /// What the provider needs to close it.
    pub private: Vec<u8>,
}
