//! The calls of both protocol versions as one set.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Handle, Runtime};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tower::service_fn;
use weir_provider::Fault;

use crate::handshake::{Address, Handshake};
use crate::offer::Told;
use crate::process::Process;
use crate::program::Program;
use crate::protocol::plugin::grpc_stdio_client::GrpcStdioClient;
use crate::protocol::{tfplugin5, tfplugin6};
use crate::tls::Identity;
use crate::wire::checked;

/// Where connections live: calls that cannot wait asynchronously are carried here, so they never wait for the thread that they block.
static RUNTIME: LazyLock<std::io::Result<Runtime>> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("plugin").enable_all().build());

pub(crate) fn runtime() -> Result<&'static Handle, Fault> {
    match &*RUNTIME {
        Ok(runtime) => Ok(runtime.handle()),
        Err(error) => Err(Fault::error("Plugins cannot be run", format!("No threads can be started for them: {error}."))),
    }
}

/// Runs a future to its end from code that cannot wait asynchronously.
pub(crate) fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T, Fault> {
    let (send, receive) = std::sync::mpsc::channel();
    runtime()?.spawn(async move {
        let _ = send.send(future.await);
    });
    receive.recv().map_err(|_| Fault::error("Plugin call failed", "The call was broken off inside Weir; this is a bug in Weir."))
}

#[derive(Clone)]
enum Api {
    V5(tfplugin5::provider_client::ProviderClient<Channel>),
    V6(tfplugin6::provider_client::ProviderClient<Channel>),
}

/// A plugin process and the connection to it.
pub(crate) struct Client {
    name: Arc<str>,
    api: Api,
    process: Arc<Process>,
    /// It was seen that the process is no more.
    gone: AtomicBool,
    /// How long it may take to describe itself.
    patience: Duration,
}

macro_rules! calls {
    ($($name:ident($message:ident): $five:ident, $six:ident;)*) => {
        impl Client {
            $(pub(crate) async fn $name(&self, request: tfplugin6::$message::Request) -> Result<tfplugin6::$message::Response, Fault> {
                if self.gone.load(Ordering::Acquire) {
                    return Err(self.crashed(stringify!($six)).await);
                }
                let answer = match self.api.clone() {
                    Api::V5(mut client) => client.$five(request).await,
                    Api::V6(mut client) => client.$six(request).await,
                };
                match answer {
                    Ok(answer) => Ok(answer.into_inner()),
                    Err(status) => Err(self.failed(stringify!($six), &status).await),
                }
            })*
        }
    };
}

calls! {
    validate_provider(prepare_provider_config): prepare_provider_config, validate_provider_config;
    validate_resource(validate_config): validate_resource_type_config, validate_resource_config;
    validate_data(validate_config): validate_data_source_config, validate_data_resource_config;
    validate_ephemeral(validate_config): validate_ephemeral_resource_config, validate_ephemeral_resource_config;
    upgrade(upgrade_resource_state): upgrade_resource_state, upgrade_resource_state;
    configure(configure): configure, configure_provider;
    read(read_resource): read_resource, read_resource;
    plan(plan_resource_change): plan_resource_change, plan_resource_change;
    apply(apply_resource_change): apply_resource_change, apply_resource_change;
    import(import_resource_state): import_resource_state, import_resource_state;
    move_state(move_resource_state): move_resource_state, move_resource_state;
    schemas(get_provider_schema): get_schema, get_provider_schema;
    identities(get_resource_identity_schemas): get_resource_identity_schemas, get_resource_identity_schemas;
    read_data(read_data_source): read_data_source, read_data_source;
    open(open_ephemeral_resource): open_ephemeral_resource, open_ephemeral_resource;
    renew(renew_ephemeral_resource): renew_ephemeral_resource, renew_ephemeral_resource;
    close(close_ephemeral_resource): close_ephemeral_resource, close_ephemeral_resource;
    call(call_function): call_function, call_function;
    stop(stop): stop, stop_provider;
}

impl Client {
    /// Starts a program and connects to it.
    pub(crate) async fn start(program: &Program) -> Result<Self, Fault> {
        let Program { name, path, patience, .. } = program;
        let fault =
            |reason: String| Fault::error("Provider plugin cannot be started", format!("{name} ({}) was started as a provider plugin, but {reason}", path.display()));
        let identity = Identity::make().map_err(|error| fault(format!("no certificate can be made for it: {error}.")))?;
        let (process, handshake) = Process::start(name.clone(), path, &identity.pem, *patience).await.map_err(&fault)?;
        let process = Arc::new(process);
        let version = handshake.version;
        let channel = match tokio::time::timeout(*patience, connect(&identity, handshake)).await {
            Ok(Ok(channel)) => channel,
            Ok(Err(reason)) => return Err(fault(format!("a connection to it fails: {reason}. Meanwhile {}", process.end().await))),
            Err(_) => return Err(fault(format!("it has not accepted a connection within {} seconds.", patience.as_secs()))),
        };
        tokio::spawn(output(channel.clone(), Arc::downgrade(&process)));
        // A schema can have many megabytes.
        let api = if version == 5 {
            Api::V5(tfplugin5::provider_client::ProviderClient::new(channel).max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX))
        } else {
            Api::V6(tfplugin6::provider_client::ProviderClient::new(channel).max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX))
        };
        Ok(Self { name: name.clone(), api, process, gone: AtomicBool::new(false), patience: *patience })
    }

    /// The version of the protocol that it speaks.
    pub(crate) fn version(&self) -> u8 {
        match self.api {
            Api::V5(_) => 5,
            Api::V6(_) => 6,
        }
    }

    /// What the provider offers: schemas as they came, and what tells objects apart, where it says that.
    pub(crate) async fn offer(&self) -> Result<Told, Vec<Fault>> {
        let asked = async {
            let mut answer = self.schemas(tfplugin6::get_provider_schema::Request {}).await.map_err(|fault| vec![fault])?;
            checked(std::mem::take(&mut answer.diagnostics))?;
            let identities = match self.identities(tfplugin6::get_resource_identity_schemas::Request {}).await {
                Ok(mut answer) => {
                    checked(std::mem::take(&mut answer.diagnostics))?;
                    answer.identity_schemas
                }
                // Providers of older versions of the protocol do not know the call.
                Err(_) if !self.gone.load(Ordering::Acquire) => HashMap::new(),
                Err(fault) => return Err(vec![fault]),
            };
            Ok(Told { answer, identities })
        };
        // Thousands of schemas take their time.
        let patience = self.patience * 2;
        tokio::time::timeout(patience, asked).await.unwrap_or_else(|_| {
            let detail = format!("{} has not described itself within {} seconds.", self.name, patience.as_secs());
            Err(vec![Fault::error("Provider does not answer", detail)])
        })
    }

    /// Why a call was not answered: the plugin is gone, or it does not know the call.
    async fn failed(&self, call: &str, status: &Status) -> Fault {
        let broken = matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled);
        if broken && self.process.has_ended().await {
            self.gone.store(true, Ordering::Release);
            return Fault { uncertain: true, ..self.crashed(call).await };
        }
        if status.code() == Code::Unimplemented {
            return Fault::error("Provider does not support this", format!("{} does not know the call {call} of the plugin protocol.", self.name));
        }
        let detail = format!("{} answered {call} with an error: {}.", self.name, status.message().trim_end_matches('.'));
        Fault { uncertain: broken, ..Fault::error("Provider call failed", detail) }
    }

    async fn crashed(&self, call: &str) -> Fault {
        Fault::error("Provider plugin crashed", format!("{} did not answer {call}: {}", self.name, self.process.end().await))
    }
}

async fn connect(identity: &Identity, handshake: Handshake) -> Result<Channel, String> {
    let tls = handshake.certificate.map(|certificate| identity.client(certificate)).transpose().map_err(|error| error.to_string())?;
    let tls = tls.map(|config| tokio_rustls::TlsConnector::from(Arc::new(config)));
    let address = Arc::new(handshake.address);
    let connector = service_fn(move |_: tonic::codegen::http::Uri| {
        let (address, tls) = (address.clone(), tls.clone());
        async move {
            let plain: Box<dyn Stream> = match &*address {
                Address::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
                Address::Tcp(address) => Box::new(tokio::net::TcpStream::connect(address).await?),
            };
            let stream: Box<dyn Stream> = match tls {
                Some(tls) => Box::new(tls.connect(ServerName::try_from("localhost").map_err(std::io::Error::other)?, plain).await?),
                None => plain,
            };
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    });
    // The address is in the connector.
    Endpoint::from_static("http://localhost").connect_with_connector(connector).await.map_err(|error| {
        let mut reason = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            reason = inner.to_string();
            source = inner.source();
        }
        reason
    })
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Reads what the plugin prints while it serves. One that prints much waits until somebody does.
async fn output(channel: Channel, process: Weak<Process>) {
    let Ok(answer) = GrpcStdioClient::new(channel).stream_stdio(()).await else { return };
    let mut stream = answer.into_inner();
    while let Ok(Some(part)) = stream.message().await {
        let Some(process) = process.upgrade() else { return };
        process.heard(&String::from_utf8_lossy(&part.data));
    }
}
