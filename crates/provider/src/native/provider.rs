//! A native provider as the engine sees it.

use std::collections::BTreeMap;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use weir_value::{Type, Value};

use super::{Describe, ErasedData, ErasedEphemeral, ErasedResource};
use crate::{
    Applied, ApplyRequest, Fault, FunctionFault, FunctionSchema, Imported, Intent, Opened, Parameter, PlanRequest, Planned, Provider, ProviderSchema, ReadRequest,
    RecoverRequest, Session, SessionRequest, from_value,
};

/// A configured native provider: connections, caches, batches.
pub trait NativeClient: Send + Sync + 'static {
    /// Removes the creation markers of these objects, by id. Only ids of types with [`super::Resource::MARKED`] are given.
    fn settle(&self, ids: Vec<String>) -> impl Future<Output = Result<(), Fault>> + Send {
        let _ = ids;
        async { Ok(()) }
    }

    /// Waits until what was done before the last `asked` looks should be seen by another one; false when it would have been seen by now.
    ///
    /// Called while an object is looked for whose creation may or may not have taken effect. By default everything is seen at once.
    fn lag(&self, asked: u32) -> impl Future<Output = bool> + Send {
        let _ = asked;
        async { false }
    }
}

/// A function that native code offers.
pub struct NativeFunction {
    /// What it takes and gives.
    pub schema: FunctionSchema,
    /// Its code; arguments are known, unmarked and converted.
    pub call: fn(&[Value]) -> Result<Value, FunctionFault>,
}

impl NativeFunction {
    /// A function of texts, none of which may be null.
    pub fn of_texts(name: &'static str, summary: &'static str, parameters: &[&'static str], returns: Type, call: fn(&[Value]) -> Result<Value, FunctionFault>) -> Self {
        let parameters = parameters.iter().map(|name| Parameter { name, ty: Type::String, allow_null: false }).collect();
        Self { schema: FunctionSchema { name, summary, parameters, variadic: None, returns }, call }
    }
}

/// All types of a native provider.
pub struct Registry<C> {
    /// Managed resource types.
    pub resources: Vec<Box<dyn ErasedResource<C>>>,
    /// Data sources.
    pub data_sources: Vec<Box<dyn ErasedData<C>>>,
    /// Ephemeral resource types.
    pub ephemeral: Vec<Box<dyn ErasedEphemeral<C>>>,
    /// Functions.
    pub functions: Vec<NativeFunction>,
}

/// A native provider.
pub trait NativeProvider: Send + Sync + 'static {
    /// Its configuration block.
    type Config: Describe + DeserializeOwned + Send;
    /// What configuring gives.
    type Client: NativeClient;

    /// All its types.
    fn registry() -> Registry<Self::Client>;

    /// Checks a configuration without connecting; attributes may be unknown.
    fn validate(config: &Value) -> Vec<Fault> {
        let _ = config;
        Vec::new()
    }

    /// Connects.
    fn connect(config: Self::Config, request: &SessionRequest) -> impl Future<Output = Result<Self::Client, Vec<Fault>>> + Send;
}

struct Types<C> {
    schema: Arc<ProviderSchema>,
    resources: BTreeMap<&'static str, Box<dyn ErasedResource<C>>>,
    data_sources: BTreeMap<&'static str, Box<dyn ErasedData<C>>>,
    ephemeral: BTreeMap<&'static str, Box<dyn ErasedEphemeral<C>>>,
    functions: BTreeMap<&'static str, NativeFunction>,
}

/// `P` as a [`Provider`].
pub struct Native<P: NativeProvider> {
    types: Arc<Types<P::Client>>,
    of: PhantomData<fn() -> P>,
}

impl<P: NativeProvider> Native<P> {
    /// The provider, not configured.
    pub fn new() -> Self {
        let registry = P::registry();
        let schema = ProviderSchema {
            config: P::Config::schema(),
            resources: registry.resources.iter().map(|entry| (entry.name().into(), entry.schema())).collect(),
            data_sources: registry.data_sources.iter().map(|entry| (entry.name().into(), entry.schema())).collect(),
            ephemeral: registry.ephemeral.iter().map(|entry| (entry.name().into(), entry.schema())).collect(),
            functions: registry.functions.iter().map(|function| (function.schema.name.into(), Arc::new(function.schema.clone()))).collect(),
        };
        let types = Types {
            schema: Arc::new(schema),
            resources: registry.resources.into_iter().map(|entry| (entry.name(), entry)).collect(),
            data_sources: registry.data_sources.into_iter().map(|entry| (entry.name(), entry)).collect(),
            ephemeral: registry.ephemeral.into_iter().map(|entry| (entry.name(), entry)).collect(),
            functions: registry.functions.into_iter().map(|function| (function.schema.name, function)).collect(),
        };
        Self { types: Arc::new(types), of: PhantomData }
    }
}

impl<P: NativeProvider> Default for Native<P> {
    fn default() -> Self {
        Self::new()
    }
}

fn unsupported(what: &str, name: &str) -> Fault {
    Fault::error(format!("Unknown {what}"), format!("The provider has no {what} \"{name}\"."))
}

#[async_trait]
impl<P: NativeProvider> Provider for Native<P> {
    fn schema(&self) -> Arc<ProviderSchema> {
        self.types.schema.clone()
    }

    fn validate(&self, intent: Intent, type_name: &str, config: &Value) -> Vec<Fault> {
        match intent {
            Intent::Provider => P::validate(config),
            Intent::Resource => self.types.resources.get(type_name).map(|entry| entry.validate(config)).unwrap_or_default(),
            Intent::Data => self.types.data_sources.get(type_name).map(|entry| entry.validate(config)).unwrap_or_default(),
            Intent::Ephemeral => Vec::new(),
        }
    }

    async fn configure(&self, request: SessionRequest) -> Result<Arc<dyn Session>, Vec<Fault>> {
        let config = from_value(&request.config).map_err(|fault| vec![fault])?;
        let client = P::connect(config, &request).await?;
        Ok(Arc::new(NativeSession { client, types: self.types.clone() }))
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, FunctionFault> {
        match self.types.functions.get(function) {
            Some(function) => (function.call)(arguments),
            None => Err(FunctionFault { argument: None, message: format!("the provider has no function \"{function}\"") }),
        }
    }
}

struct NativeSession<C> {
    client: C,
    types: Arc<Types<C>>,
}

impl<C> NativeSession<C> {
    fn resource(&self, name: &str) -> Result<&dyn ErasedResource<C>, Fault> {
        self.types.resources.get(name).map(|entry| &**entry).ok_or_else(|| unsupported("resource type", name))
    }
}

#[async_trait]
impl<C: NativeClient> Session for NativeSession<C> {
    async fn read(&self, request: ReadRequest<'_>) -> Result<Option<Value>, Vec<Fault>> {
        let entry = self.resource(request.type_name).map_err(|fault| vec![fault])?;
        entry.read(&self.client, request.prior).await.map_err(|fault| vec![fault])
    }

    async fn plan(&self, request: PlanRequest<'_>) -> Result<Planned, Vec<Fault>> {
        let entry = self.resource(request.type_name).map_err(|fault| vec![fault])?;
        entry.plan(&self.client, &request).map_err(|fault| vec![fault])
    }

    async fn apply(&self, request: ApplyRequest<'_>) -> Applied {
        match self.resource(request.type_name) {
            Ok(entry) => entry.apply(&self.client, request).await,
            Err(fault) => Applied { state: request.prior.cloned(), faults: vec![fault], private: None },
        }
    }

    async fn import(&self, type_name: &str, id: &str) -> Result<Vec<Imported>, Vec<Fault>> {
        let entry = self.resource(type_name).map_err(|fault| vec![fault])?;
        let state = entry.import(&self.client, id).await.map_err(|fault| vec![fault])?;
        Ok(vec![Imported { type_name: type_name.into(), state, private: None }])
    }

    async fn read_data(&self, type_name: &str, config: &Value) -> Result<Value, Vec<Fault>> {
        let entry = self.types.data_sources.get(type_name).ok_or_else(|| vec![unsupported("data source", type_name)])?;
        entry.read(&self.client, config).await.map_err(|fault| vec![fault])
    }

    fn is_offline(&self, type_name: &str) -> bool {
        self.types.data_sources.get(type_name).is_some_and(|entry| entry.is_offline())
    }

    async fn open(&self, type_name: &str, config: &Value) -> Result<Opened, Vec<Fault>> {
        let entry = self.types.ephemeral.get(type_name).ok_or_else(|| vec![unsupported("ephemeral resource", type_name)])?;
        let value = entry.open(&self.client, config).await.map_err(|fault| vec![fault])?;
        Ok(Opened { value, private: Vec::new() })
    }

    async fn close(&self, type_name: &str, opened: &Opened) -> Result<(), Vec<Fault>> {
        let entry = self.types.ephemeral.get(type_name).ok_or_else(|| vec![unsupported("ephemeral resource", type_name)])?;
        entry.close(&self.client, &opened.value).await.map_err(|fault| vec![fault])
    }

    async fn recover(&self, request: RecoverRequest<'_>) -> Result<Option<Value>, Vec<Fault>> {
        let entry = self.resource(request.type_name).map_err(|fault| vec![fault])?;
        let found = match request.created {
            Some(created) => entry.read(&self.client, created).await,
            None => entry.recover(&self.client, request.planned, request.token).await,
        };
        found.map_err(|fault| vec![fault])
    }

    async fn settle(&self, created: &[(Arc<str>, Value)]) -> Result<(), Vec<Fault>> {
        let ids: Vec<String> = created
            .iter()
            .filter(|(name, _)| self.types.resources.get(&**name).is_some_and(|entry| entry.is_marked()))
            .filter_map(|(_, state)| state.get("id")?.as_str().map(str::to_owned))
            .collect();
        if ids.is_empty() { Ok(()) } else { self.client.settle(ids).await.map_err(|fault| vec![fault]) }
    }

    fn is_local(&self, type_name: &str) -> bool {
        self.types.resources.get(type_name).is_some_and(|entry| entry.is_local())
    }
}
