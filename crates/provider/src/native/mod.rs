//! The frame for native providers.
//!
//! A native provider implements [`NativeProvider`]; its resource types implement [`Resource`], its data sources [`DataSource`], its ephemeral resources
//! [`EphemeralResource`], each on a struct that derives [`Schema`](derive@crate::Schema). [`Native`] turns that into a [`crate::Provider`].

mod erase;
mod outcome;
mod plan;
mod provider;
mod shape;

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_value::Value;

use crate::{Fault, Progress};

pub use erase::{ErasedData, ErasedEphemeral, ErasedResource, erase_data, erase_ephemeral, erase_resource};
pub use plan::{ResourcePlan, propose};
pub use provider::{Native, NativeClient, NativeFunction, NativeProvider, Registry};
pub use shape::{Describe, NestedShape, SchemaType, Shape, as_set};

/// A struct that is an object of some type: what all of them have in common.
pub trait Typed: Describe + Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static {}
impl<T: Describe + Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static> Typed for T {}

/// A managed resource type.
///
/// In `create` and `update`, `planned` holds what the user wrote (write-only arguments included) with the defaults; computed attributes that are not known yet
/// are `None` or empty. What the functions return becomes the state.
pub trait Resource: Typed {
    /// The configured provider.
    type Client: NativeClient;

    /// True when it changes nothing outside Weir's own state, so that a crash needs no recovery.
    const LOCAL: bool = false;

    /// True when creation leaves a marker (a tag with the journal's token) that [`NativeClient::settle`] removes.
    const MARKED: bool = false;

    /// Checks a configuration without asking anybody; attributes may be unknown.
    fn validate(config: &Value) -> Vec<Fault> {
        let _ = config;
        Vec::new()
    }

    /// Completes the plan that the schema alone gives: suppresses false differences, marks what an update will compute anew, forces replacement.
    fn plan(client: &Self::Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        let _ = (client, plan);
        Ok(())
    }

    /// Creates the object. As soon as it exists, `operation.created` must be told.
    fn create(client: &Self::Client, planned: Self, operation: &Operation<'_>) -> impl Future<Output = Result<Self, Fault>> + Send;

    /// Reads the object; `None` when it is gone. `prior` is the state, or what an import gave.
    fn read(client: &Self::Client, prior: Self) -> impl Future<Output = Result<Option<Self>, Fault>> + Send;

    /// Changes the object in place.
    fn update(client: &Self::Client, prior: Self, planned: Self, operation: &Operation<'_>) -> impl Future<Output = Result<Self, Fault>> + Send;

    /// Deletes the object; one that is gone already is no error.
    fn delete(client: &Self::Client, prior: Self, operation: &Operation<'_>) -> impl Future<Output = Result<(), Fault>> + Send;

    /// What an import id says; read next. By default the id itself.
    fn import(client: &Self::Client, id: &str) -> impl Future<Output = Result<Self, Fault>> + Send {
        let _ = client;
        let state = crate::from_value(&Value::object([("id", Value::from(id))]));
        async move { state }
    }

    /// After a crash, or when no answer came: finds the object whose creation had begun with that token, by token, marker or name. `None` when it was not created. Not called when
    /// `created` had been told.
    ///
    /// When `create` fails with [`Fault::uncertain`], the frame calls this, and goes on with `update` from what is found, or creates again.
    fn recover(client: &Self::Client, planned: Self, token: &str) -> impl Future<Output = Result<Option<Self>, Fault>> + Send {
        let _ = (client, planned, token);
        async { Ok(None) }
    }
}

/// A data source.
pub trait DataSource: Typed {
    /// The configured provider.
    type Client: NativeClient;

    /// True when reading asks nobody: the answer follows from the arguments, the provider's configuration and files of this machine.
    const OFFLINE: bool = false;

    /// Checks a configuration without asking anybody; attributes may be unknown.
    fn validate(config: &Value) -> Vec<Fault> {
        let _ = config;
        Vec::new()
    }

    /// The configuration completed.
    fn read(client: &Self::Client, config: Self) -> impl Future<Output = Result<Self, Fault>> + Send;
}

/// An ephemeral resource.
pub trait EphemeralResource: Typed {
    /// The configured provider.
    type Client: NativeClient;

    /// The configuration completed.
    fn open(client: &Self::Client, config: Self) -> impl Future<Output = Result<Self, Fault>> + Send;

    /// Gives back what `open` took.
    fn close(client: &Self::Client, opened: Self) -> impl Future<Output = Result<(), Fault>> + Send {
        let _ = (client, opened);
        async { Ok(()) }
    }
}

/// The operation that a resource takes part in.
pub struct Operation<'a> {
    /// The journal's token: a UUID, the same when the operation is taken up again.
    pub token: &'a str,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) schema: &'a crate::Schema,
}

impl Operation<'_> {
    /// Reports that the object exists from now on; it is recorded durably before this returns. Call it with at least what a read needs.
    pub fn created<T: Serialize>(&self, state: &T) -> Result<(), Fault> {
        let value = crate::to_value(state, self.schema.ty())?;
        self.progress.created(erase::without_write_only(self.schema, &value));
        Ok(())
    }
}
