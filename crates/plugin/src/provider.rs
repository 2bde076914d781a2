//! A plugin as a provider.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use weir_provider::{Fault, FunctionFault, Intent, Provider, ProviderSchema, Session, SessionRequest};
use weir_value::{Type, Value};

use crate::client::{self, Client};
use crate::description::Description;
use crate::protocol::tfplugin6::{self as wire, ClientCapabilities, RawState};
use crate::schema::{forget_descriptions, provider_schema};
use crate::session::PluginSession;
use crate::wire::{checked, dynamic, faults, value};

/// The version of the language that a plugin is told to serve.
const LANGUAGE: &str = "1.11.0";

/// What we can: write-only arguments are kept nowhere.
pub(crate) const CAPABILITIES: ClientCapabilities = ClientCapabilities { deferral_allowed: false, write_only_attributes_allowed: true };

/// What all processes of one program have in common.
pub(crate) struct Offer {
    pub(crate) schema: Arc<ProviderSchema>,
    /// Blocks of managed resource types as the plugin told them, which the proposed state of an object is made by.
    pub(crate) blocks: BTreeMap<String, wire::schema::Block>,
    /// It wants to be asked for a plan of a destruction.
    pub(crate) plan_destroy: bool,
}

/// A provider that runs as a process of its own.
pub struct Plugin {
    name: Arc<str>,
    program: PathBuf,
    offer: Arc<Offer>,
    /// The process that told the schema; it checks configurations, and serves the first one that is configured.
    first: Arc<Client>,
    /// Processes by what they were configured with.
    sessions: tokio::sync::Mutex<Vec<(Value, Arc<PluginSession>)>>,
}

impl Plugin {
    /// Starts a program and asks what it offers. `name` is what messages call it.
    pub fn start(name: &str, program: impl Into<PathBuf>) -> Result<Self, Vec<Fault>> {
        let (name, program): (Arc<str>, PathBuf) = (name.into(), program.into());
        let (client, answer) = ask(&name, &program)?;
        let schema = Arc::new(provider_schema(&answer).map_err(|fault| vec![fault])?);
        let blocks = answer.resource_schemas.into_iter().filter_map(|(name, schema)| {
            let mut block = schema.block?;
            forget_descriptions(&mut block);
            Some((name, block))
        });
        let blocks = blocks.collect();
        let plan_destroy = answer.server_capabilities.is_some_and(|capabilities| capabilities.plan_destroy);
        let offer = Arc::new(Offer { schema, blocks, plan_destroy });
        Ok(Self { name, program, offer, first: Arc::new(client), sessions: tokio::sync::Mutex::default() })
    }

    /// Starts a program, asks what it offers and ends it: everything that the provider says for people to read, too.
    pub fn describe(name: &str, program: impl Into<PathBuf>) -> Result<Description, Vec<Fault>> {
        let (_, answer) = ask(&name.into(), &program.into())?;
        Description::of_plugin(answer).map_err(|fault| vec![fault])
    }

    async fn client(&self, is_first: bool) -> Result<Arc<Client>, Fault> {
        if is_first {
            return Ok(self.first.clone());
        }
        let (name, program) = (self.name.clone(), self.program.clone());
        let started = client::runtime()?.spawn(async move { Client::start(name, &program).await }).await;
        started.map_err(|error| Fault::error("Provider plugin cannot be started", error.to_string()))?.map(Arc::new)
    }
}

/// Starts a program and gives what it says of itself.
fn ask(name: &Arc<str>, program: &Path) -> Result<(Client, wire::get_provider_schema::Response), Vec<Fault>> {
    let (name, program) = (name.clone(), program.to_owned());
    let started = client::wait(async move {
        let client = Client::start(name, &program).await?;
        let answer = client.schema().await?;
        Ok::<_, Fault>((client, answer))
    });
    let (client, mut answer) = started.and_then(|started| started).map_err(|fault| vec![fault])?;
    checked(std::mem::take(&mut answer.diagnostics))?;
    Ok((client, answer))
}

async fn validate(client: &Client, intent: Intent, type_name: String, config: Option<wire::DynamicValue>) -> Result<Vec<Fault>, Fault> {
    let request = wire::validate_config::Request { type_name, config: config.clone(), client_capabilities: Some(CAPABILITIES) };
    let diagnostics = match intent {
        Intent::Provider => client.validate_provider(wire::prepare_provider_config::Request { config }).await?.diagnostics,
        Intent::Resource => client.validate_resource(request).await?.diagnostics,
        Intent::Data => client.validate_data(request).await?.diagnostics,
        Intent::Ephemeral => client.validate_ephemeral(request).await?.diagnostics,
    };
    Ok(faults(diagnostics))
}

#[async_trait]
impl Provider for Plugin {
    fn schema(&self) -> Arc<ProviderSchema> {
        self.offer.schema.clone()
    }

    fn validate(&self, intent: Intent, type_name: &str, config: &Value) -> Vec<Fault> {
        let schema = &self.offer.schema;
        let ty = match intent {
            Intent::Provider => Some(schema.config.ty()),
            Intent::Resource => schema.resources.get(type_name).map(|schema| schema.ty()),
            Intent::Data => schema.data_sources.get(type_name).map(|schema| schema.ty()),
            Intent::Ephemeral => schema.ephemeral.get(type_name).map(|schema| schema.ty()),
        };
        let Some(ty) = ty else { return Vec::new() };
        let config = match dynamic(config, ty) {
            Ok(config) => config,
            Err(fault) => return vec![fault],
        };
        let (client, type_name) = (self.first.clone(), type_name.to_owned());
        let answer = client::wait(async move { validate(&client, intent, type_name, config).await });
        answer.and_then(|answer| answer).unwrap_or_else(|fault| vec![fault])
    }

    async fn configure(&self, request: SessionRequest) -> Result<Arc<dyn Session>, Vec<Fault>> {
        let mut sessions = self.sessions.lock().await;
        if let Some((_, session)) = sessions.iter().find(|(config, _)| *config == request.config) {
            return Ok(session.clone());
        }
        let one = |fault| vec![fault];
        let config = dynamic(&request.config, self.offer.schema.config.ty()).map_err(one)?;
        let client = self.client(sessions.is_empty()).await.map_err(one)?;
        if request.offline {
            // Many providers log in when they are configured.
            return Ok(Arc::new(PluginSession::new(self.name.clone(), client, self.offer.clone(), false)));
        }
        let call = wire::configure::Request { terraform_version: LANGUAGE.to_owned(), config, client_capabilities: Some(CAPABILITIES) };
        let answer = client.configure(call).await.map_err(one)?;
        for warning in checked(answer.diagnostics)? {
            tracing::warn!(plugin = &*self.name, "{warning}");
        }
        let session = Arc::new(PluginSession::new(self.name.clone(), client, self.offer.clone(), true));
        sessions.push((request.config, session.clone()));
        Ok(session)
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, FunctionFault> {
        let fault = |fault: Fault| FunctionFault { argument: None, message: fault.to_string() };
        let Some(offered) = self.offer.schema.functions.get(function) else {
            return Err(FunctionFault { argument: None, message: format!("the provider has no function \"{function}\"") });
        };
        let types = offered.parameters.iter().map(|parameter| &parameter.ty).chain(offered.variadic.iter().map(|parameter| &parameter.ty).cycle());
        let arguments: Result<Vec<_>, Fault> = arguments.iter().zip(types).map(|(argument, ty)| dynamic(argument, ty).map(Option::unwrap_or_default)).collect();
        let request = wire::call_function::Request { name: function.to_owned(), arguments: arguments.map_err(fault)? };
        let client = self.first.clone();
        let answer = client::wait(async move { client.call(request).await }).and_then(|answer| answer).map_err(fault)?;
        if let Some(error) = answer.error {
            return Err(FunctionFault { argument: error.function_argument.and_then(|at| usize::try_from(at).ok()), message: error.text });
        }
        value(answer.result.as_ref(), &offered.returns).map_err(fault)
    }

    fn upgrade(&self, type_name: &str, version: u64, attributes: &str) -> Result<Option<Value>, Vec<Fault>> {
        let Some(schema) = self.offer.schema.resources.get(type_name) else { return Ok(None) };
        let raw_state = Some(RawState { json: attributes.as_bytes().to_vec(), flatmap: Default::default() });
        let request = wire::upgrade_resource_state::Request { type_name: type_name.to_owned(), version: i64::try_from(version).unwrap_or(i64::MAX), raw_state };
        let client = self.first.clone();
        let answer = client::wait(async move { client.upgrade(request).await }).and_then(|answer| answer).map_err(|fault| vec![fault])?;
        checked(answer.diagnostics)?;
        let upgraded: Result<Value, Fault> = value(answer.upgraded_state.as_ref(), schema.ty()).map(|value| crate::propose::settled(&schema.block, value));
        match upgraded {
            Ok(Value::Null(Type::Object(_))) => {
                Err(vec![Fault::error("Provider returned an invalid value", format!("The upgraded state of {type_name} is null. This is a fault of the provider."))])
            }
            Ok(value) => Ok(Some(value)),
            Err(fault) => Err(vec![fault]),
        }
    }
}
