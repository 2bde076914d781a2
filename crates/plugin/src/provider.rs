//! A plugin as a provider.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;
use weir_provider::{Fault, FunctionFault, Intent, Provider, ProviderSchema, Refreshed, Session, SessionRequest, TakeOver};
use weir_value::{Type, Value};

use crate::client::{self, Client};
use crate::description::Description;
use crate::offer::{Offer, Told};
use crate::program::Program;
use crate::protocol::tfplugin6::{self as wire, ClientCapabilities, RawState};
use crate::remembered;
use crate::session::PluginSession;
use crate::wire::{checked, dynamic, faults, private, private_text, value};

/// The version of the language that a plugin is told to serve.
const LANGUAGE: &str = "1.11.0";

/// What we can: objects may wait for a later round, and write-only arguments are kept nowhere.
pub(crate) const CAPABILITIES: ClientCapabilities = ClientCapabilities { deferral_allowed: true, write_only_attributes_allowed: true };

/// A provider that runs as a process of its own.
pub struct Plugin {
    offer: Arc<Offer>,
    first: Arc<First>,
    /// Processes by what they were configured with.
    sessions: tokio::sync::Mutex<Vec<(Value, Arc<PluginSession>)>>,
}

/// The process that checks configurations, and serves the first one that is configured. It runs from when it is needed: what is remembered of its schemas is enough for much.
struct First {
    program: Program,
    schema_optional: bool,
    client: OnceCell<Result<Arc<Client>, Fault>>,
}

impl First {
    async fn client(&self) -> Result<Arc<Client>, Fault> {
        self.client.get_or_init(|| another(&self.program, self.schema_optional)).await.clone()
    }
}

/// Starts a process of a program whose schemas are known.
async fn another(program: &Program, schema_optional: bool) -> Result<Arc<Client>, Fault> {
    let program = program.clone();
    let started = client::runtime()?.spawn(async move {
        let client = Client::start(&program).await?;
        if !schema_optional {
            // It makes ready for its work by telling them.
            client.schemas(wire::get_provider_schema::Request {}).await?;
        }
        Ok::<_, Fault>(client)
    });
    started.await.map_err(|error| Fault::error("Provider plugin cannot be started", error.to_string()))?.map(Arc::new)
}

impl Plugin {
    /// Makes a provider of a program: starts it and asks what it offers, unless that is remembered.
    pub fn start(program: Program) -> Result<Self, Vec<Fault>> {
        let one = |fault| vec![fault];
        let known = program.schemas.as_deref().and_then(remembered::read);
        let (told, client) = match known {
            Some(told) => (told, OnceCell::new()),
            None => {
                let (client, told) = ask(&program)?;
                let told = Told::new(client.version(), told.answer, told.identities);
                if let Some(file) = &program.schemas {
                    remembered::write(file, &told);
                }
                (told, OnceCell::from(Ok(Arc::new(client))))
            }
        };
        let offer = Arc::new(Offer::new(told).map_err(one)?);
        let first = First { program, schema_optional: offer.schema_optional, client };
        Ok(Self { offer, first: Arc::new(first), sessions: tokio::sync::Mutex::default() })
    }

    /// Starts a program, asks what it offers and ends it: everything that the provider says for people to read, too.
    pub fn describe(program: &Program) -> Result<Description, Vec<Fault>> {
        let (client, told) = ask(program)?;
        Description::of_plugin(client.version(), told.answer).map_err(|fault| vec![fault])
    }

    fn name(&self) -> &Arc<str> {
        &self.first.program.name
    }

    /// Calls the first process from code that cannot wait asynchronously.
    fn ask_first<T, F>(&self, call: impl FnOnce(Arc<Client>) -> F + Send + 'static) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let first = self.first.clone();
        client::wait(async move { call(first.client().await?).await }).and_then(|answer| answer)
    }
}

/// Starts a program and gives what it says of itself.
fn ask(program: &Program) -> Result<(Client, Told), Vec<Fault>> {
    let program = program.clone();
    let started = client::wait(async move {
        let client = Client::start(&program).await.map_err(|fault| vec![fault])?;
        let told = client.offer().await?;
        Ok::<_, Vec<Fault>>((client, told))
    });
    started.map_err(|fault| vec![fault])?
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
        let type_name = type_name.to_owned();
        self.ask_first(move |client| async move { validate(&client, intent, type_name, config).await }).unwrap_or_else(|fault| vec![fault])
    }

    async fn configure(&self, request: SessionRequest) -> Result<Arc<dyn Session>, Vec<Fault>> {
        let mut sessions = self.sessions.lock().await;
        if let Some((_, session)) = sessions.iter().find(|(config, _)| *config == request.config) {
            return Ok(session.clone());
        }
        let one = |fault| vec![fault];
        let config = dynamic(&request.config, self.offer.schema.config.ty()).map_err(one)?;
        let client = if sessions.is_empty() { self.first.client().await } else { another(&self.first.program, self.offer.schema_optional).await };
        let client = client.map_err(one)?;
        if request.offline {
            // Many providers log in when they are configured.
            return Ok(Arc::new(PluginSession::new(self.name().clone(), client, self.offer.clone(), false)));
        }
        let call = wire::configure::Request { terraform_version: LANGUAGE.to_owned(), config, client_capabilities: Some(CAPABILITIES) };
        let answer = client.configure(call).await.map_err(one)?;
        for warning in checked(answer.diagnostics)? {
            tracing::warn!(plugin = &**self.name(), "{warning}");
        }
        let session = Arc::new(PluginSession::new(self.name().clone(), client, self.offer.clone(), true));
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
        let answer = self.ask_first(|client| async move { client.call(request).await }).map_err(fault)?;
        if let Some(error) = answer.error {
            return Err(FunctionFault { argument: error.function_argument.and_then(|at| usize::try_from(at).ok()), message: error.text });
        }
        value(answer.result.as_ref(), &offered.returns).map_err(fault)
    }

    fn take_over(&self, request: &TakeOver<'_>) -> Result<Option<Refreshed>, Vec<Fault>> {
        let one = |fault| vec![fault];
        let Some(schema) = self.offer.schema.resources.get(request.type_name).filter(|_| self.offer.moves) else { return Ok(None) };
        let call = wire::move_resource_state::Request {
            source_provider_address: request.from_provider.to_owned(),
            source_type_name: request.from_type.to_owned(),
            source_schema_version: i64::try_from(request.from_version).unwrap_or(i64::MAX),
            source_state: Some(RawState { json: request.attributes.as_bytes().to_vec(), flatmap: Default::default() }),
            target_type_name: request.type_name.to_owned(),
            source_private: private(request.private).map_err(one)?,
            source_identity: None,
            source_identity_schema_version: 0,
        };
        let answer = self.ask_first(|client| async move { client.move_state(call).await }).map_err(one)?;
        checked(answer.diagnostics)?;
        let state = value(answer.target_state.as_ref(), schema.ty()).map(|value| crate::propose::settled(&schema.block, value)).map_err(one)?;
        if state.is_null() {
            let detail = format!("What the {} became is null. This is a fault of the provider.", request.from_type);
            return Err(vec![Fault::error("Provider returned an invalid value", detail)]);
        }
        Ok(Some(Refreshed { state, private: private_text(&answer.target_private) }))
    }

    fn upgrade(&self, type_name: &str, version: u64, attributes: &str) -> Result<Option<Value>, Vec<Fault>> {
        let Some(schema) = self.offer.schema.resources.get(type_name) else { return Ok(None) };
        let raw_state = Some(RawState { json: attributes.as_bytes().to_vec(), flatmap: Default::default() });
        let request = wire::upgrade_resource_state::Request { type_name: type_name.to_owned(), version: i64::try_from(version).unwrap_or(i64::MAX), raw_state };
        let answer = self.ask_first(|client| async move { client.upgrade(request).await }).map_err(|fault| vec![fault])?;
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
