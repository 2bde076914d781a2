//! Typed resource types behind object-safe traits.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use weir_value::{Path, Value};

use super::{DataSource, EphemeralResource, Operation, Resource, ResourcePlan, outcome};
use crate::{Applied, ApplyRequest, Fault, PlanRequest, Planned, Progress, Schema, from_value, to_value};

/// A resource type of a provider with client `C`.
#[async_trait]
pub trait ErasedResource<C>: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn schema(&self) -> Arc<Schema>;
    /// See [`Resource::LOCAL`].
    fn is_local(&self) -> bool;
    /// See [`Resource::MARKED`].
    fn is_marked(&self) -> bool;
    /// See [`Resource::validate`].
    fn validate(&self, config: &Value) -> Vec<Fault>;
    /// See [`crate::Session::plan`].
    fn plan(&self, client: &C, request: &PlanRequest<'_>) -> Result<Planned, Fault>;
    /// See [`crate::Session::read`].
    async fn read(&self, client: &C, prior: &Value) -> Result<Option<Value>, Fault>;
    /// See [`crate::Session::apply`].
    async fn apply(&self, client: &C, request: ApplyRequest<'_>) -> Applied;
    /// See [`Resource::import`].
    async fn import(&self, client: &C, id: &str) -> Result<Value, Fault>;
    /// See [`Resource::recover`].
    async fn recover(&self, client: &C, planned: &Value, token: &str) -> Result<Option<Value>, Fault>;
}

/// A data source of a provider with client `C`.
#[async_trait]
pub trait ErasedData<C>: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn schema(&self) -> Arc<Schema>;
    /// See [`DataSource::validate`].
    fn validate(&self, config: &Value) -> Vec<Fault>;
    /// See [`DataSource::OFFLINE`].
    fn is_offline(&self) -> bool;
    /// See [`DataSource::read`].
    async fn read(&self, client: &C, config: &Value) -> Result<Value, Fault>;
}

/// An ephemeral resource type of a provider with client `C`.
#[async_trait]
pub trait ErasedEphemeral<C>: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn schema(&self) -> Arc<Schema>;
    /// See [`EphemeralResource::open`].
    async fn open(&self, client: &C, config: &Value) -> Result<Value, Fault>;
    /// See [`EphemeralResource::close`].
    async fn close(&self, client: &C, opened: &Value) -> Result<(), Fault>;
}

struct Erased<T> {
    schema: Arc<Schema>,
    of: PhantomData<fn() -> T>,
}

/// `R` as an entry of a registry.
pub fn erase_resource<R: Resource>() -> Box<dyn ErasedResource<R::Client>> {
    Box::new(Erased::<R> { schema: Arc::new(R::schema()), of: PhantomData })
}
/// `D` as an entry of a registry.
pub fn erase_data<D: DataSource>() -> Box<dyn ErasedData<D::Client>> {
    Box::new(Erased::<D> { schema: Arc::new(D::schema()), of: PhantomData })
}
/// `E` as an entry of a registry.
pub fn erase_ephemeral<E: EphemeralResource>() -> Box<dyn ErasedEphemeral<E::Client>> {
    Box::new(Erased::<E> { schema: Arc::new(E::schema()), of: PhantomData })
}

/// Unknown attributes become null: they are the provider's to fill in.
fn known(value: &Value) -> Value {
    if value.is_wholly_known() {
        return value.clone();
    }
    value.transform(&mut |_, value| if let Value::Unknown(unknown) = &value { Value::Null(unknown.ty.clone()) } else { value })
}

/// The value with its write-only attributes null.
pub(crate) fn without_write_only(schema: &Schema, value: &Value) -> Value {
    let paths = schema.block.write_only_paths(value);
    if paths.is_empty() {
        return value.clone();
    }
    value.transform(&mut |path: &Path, value| if paths.contains(path) { Value::Null(value.ty()) } else { value })
}

/// The planned value with the write-only arguments of the configuration put in.
fn with_write_only(schema: &Schema, planned: &Value, config: Option<&Value>) -> Value {
    let paths = config.map(|config| schema.block.write_only_paths(config)).unwrap_or_default();
    let planned = known(planned);
    if paths.is_empty() {
        return planned;
    }
    planned.transform(&mut |path: &Path, value| {
        if paths.contains(path) { config.and_then(|config| config.at(path)).unwrap_or(value) } else { value }
    })
}

/// Remembers the last report, and passes it on.
struct Watch<'a> {
    inner: &'a dyn Progress,
    last: Mutex<Option<Value>>,
}

impl Progress for Watch<'_> {
    fn created(&self, state: Value) {
        if let Ok(mut last) = self.last.lock() {
            *last = Some(state.clone());
        }
        self.inner.created(state);
    }
}

impl Watch<'_> {
    fn last(&self) -> Option<Value> {
        self.last.lock().ok().and_then(|last| last.clone())
    }
}

impl<R: Resource> Erased<R> {
    async fn run(&self, client: &R::Client, request: &ApplyRequest<'_>, progress: &Watch<'_>) -> Result<Option<Value>, Fault> {
        let operation = Operation { token: request.token, progress, schema: &self.schema };
        let done = match (request.prior, request.planned) {
            (None, None) => return Ok(None),
            (Some(prior), None) => {
                return match outcome::delete::<R>(client, from_value(&known(prior))?, &operation).await {
                    Err(fault) if !fault.not_found => Err(fault),
                    _ => Ok(None),
                };
            }
            (None, Some(planned)) => {
                let wanted = |found: Option<&R>| self.wanted(planned, request.config, found);
                let reported = || progress.last().map(|state| from_value(&state)).transpose();
                outcome::create::<R>(client, &wanted, &reported, &operation).await?
            }
            (Some(prior), Some(planned)) => {
                let planned = from_value(&with_write_only(&self.schema, planned, request.config))?;
                outcome::update::<R>(client, from_value(&known(prior))?, planned, &operation).await?
            }
        };
        Ok(Some(without_write_only(&self.schema, &to_value(&done, self.schema.ty())?)))
    }

    /// What is planned; what is the provider's to fill in is as in what was found.
    fn wanted(&self, planned: &Value, config: Option<&Value>, found: Option<&R>) -> Result<R, Fault> {
        let Some(found) = found else { return from_value(&with_write_only(&self.schema, planned, config)) };
        let found = to_value(found, self.schema.ty())?;
        let filled = planned.transform(&mut |path, value| match &value {
            Value::Unknown(unknown) => found.at(path).unwrap_or_else(|| Value::Null(unknown.ty.clone())),
            _ => value,
        });
        from_value(&with_write_only(&self.schema, &filled, config))
    }

    fn state(&self, state: Option<R>) -> Result<Option<Value>, Fault> {
        state.map(|state| Ok(without_write_only(&self.schema, &to_value(&state, self.schema.ty())?))).transpose()
    }
}

#[async_trait]
impl<R: Resource> ErasedResource<R::Client> for Erased<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }
    fn schema(&self) -> Arc<Schema> {
        self.schema.clone()
    }
    fn is_local(&self) -> bool {
        R::LOCAL
    }
    fn is_marked(&self) -> bool {
        R::MARKED
    }
    fn validate(&self, config: &Value) -> Vec<Fault> {
        R::validate(config)
    }
    fn plan(&self, client: &R::Client, request: &PlanRequest<'_>) -> Result<Planned, Fault> {
        let mut plan = ResourcePlan::new(&self.schema, request.prior, request.config);
        R::plan(client, &mut plan)?;
        Ok(plan.finish())
    }
    async fn read(&self, client: &R::Client, prior: &Value) -> Result<Option<Value>, Fault> {
        match R::read(client, from_value(prior)?).await {
            Ok(state) => self.state(state),
            Err(fault) if fault.not_found => Ok(None),
            Err(fault) => Err(fault),
        }
    }
    async fn apply(&self, client: &R::Client, request: ApplyRequest<'_>) -> Applied {
        let watch = Watch { inner: request.progress, last: Mutex::new(None) };
        match self.run(client, &request, &watch).await {
            Ok(state) => Applied { state, faults: Vec::new(), private: None },
            Err(fault) => {
                // What the operation had reported exists; without a report the object is what it was.
                Applied { state: watch.last().or_else(|| request.prior.cloned()), faults: vec![fault], private: None }
            }
        }
    }
    async fn import(&self, client: &R::Client, id: &str) -> Result<Value, Fault> {
        to_value(&R::import(client, id).await?, self.schema.ty())
    }
    async fn recover(&self, client: &R::Client, planned: &Value, token: &str) -> Result<Option<Value>, Fault> {
        self.state(R::recover(client, from_value(&known(planned))?, token).await?)
    }
}

#[async_trait]
impl<D: DataSource> ErasedData<D::Client> for Erased<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }
    fn schema(&self) -> Arc<Schema> {
        self.schema.clone()
    }
    fn validate(&self, config: &Value) -> Vec<Fault> {
        D::validate(config)
    }
    fn is_offline(&self) -> bool {
        D::OFFLINE
    }
    async fn read(&self, client: &D::Client, config: &Value) -> Result<Value, Fault> {
        to_value(&D::read(client, from_value(config)?).await?, self.schema.ty())
    }
}

#[async_trait]
impl<E: EphemeralResource> ErasedEphemeral<E::Client> for Erased<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }
    fn schema(&self) -> Arc<Schema> {
        self.schema.clone()
    }
    async fn open(&self, client: &E::Client, config: &Value) -> Result<Value, Fault> {
        to_value(&E::open(client, from_value(config)?).await?, self.schema.ty())
    }
    async fn close(&self, client: &E::Client, opened: &Value) -> Result<(), Fault> {
        E::close(client, from_value(opened)?).await
    }
}
