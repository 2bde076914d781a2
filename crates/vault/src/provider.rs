//! The provider: its configuration block, and what configuring it does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use weir_provider::native::{NativeProvider, Registry};
use weir_provider::{Fault, Schema, SessionRequest};

use crate::client::Client;
use crate::http::Http;
use crate::{Connection, Secret, data, resource};

/// The provider "vault" (registry.terraform.io/hashicorp/vault).
pub struct Vault;

/// Where the server is and who asks. Each argument can come from the environment variables that Vault's own client reads.
#[derive(Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault")]
pub struct Config {
    /// URL of the server: scheme, host and port. VAULT_ADDR.
    #[schema(optional)]
    address: Option<String>,
    /// Not supported: a provider does not change the environment of others.
    #[schema(optional)]
    add_address_to_env: Option<String>,
    /// Token. VAULT_TOKEN, or the file `~/.vault-token`.
    #[schema(optional)]
    token: Option<String>,
    /// Has no effect: the token is used itself, no child token is made of it.
    #[schema(optional)]
    token_name: Option<String>,
    /// Has no effect: the token is used itself, no child token is made of it.
    #[schema(optional)]
    skip_child_token: Option<bool>,
    /// Has no effect: the token is used itself, no child token is made of it.
    #[schema(optional)]
    max_lease_ttl_seconds: Option<i64>,
    /// File with the authorities to trust, PEM; no others are trusted then. VAULT_CACERT.
    #[schema(optional)]
    ca_cert_file: Option<String>,
    /// Folder of such files. VAULT_CAPATH.
    #[schema(optional)]
    ca_cert_dir: Option<String>,
    /// Name that the server's certificate must have, when it is not the address's host. VAULT_TLS_SERVER_NAME.
    #[schema(optional)]
    tls_server_name: Option<String>,
    /// Not supported: TLS is always verified.
    #[schema(optional)]
    skip_tls_verify: Option<bool>,
    /// How often a call is tried again while the server cannot answer; 10 by default. VAULT_MAX_RETRIES.
    #[schema(optional)]
    max_retries: Option<i64>,
    /// Has no effect of its own: a server that is behind (HTTP 412) is asked again as `max_retries` says.
    #[schema(optional)]
    max_retries_ccc: Option<i64>,
    /// Namespace of all objects. VAULT_NAMESPACE.
    #[schema(optional)]
    namespace: Option<String>,
    /// Has no effect: the namespace is the one of `namespace`.
    #[schema(optional)]
    set_namespace_from_token: Option<bool>,
    /// Has no effect: the server's version is not asked for.
    #[schema(optional)]
    skip_get_vault_version: Option<bool>,
    /// Has no effect: the server's version is not asked for.
    #[schema(optional)]
    vault_version_override: Option<String>,
    /// Further headers of every request.
    #[schema(block)]
    headers: Vec<Header>,
    /// Client certificate for TLS.
    #[schema(block, max = 1)]
    client_auth: Vec<ClientAuth>,
    /// Login by any auth method that takes its parameters in one request.
    #[schema(block, max = 1)]
    auth_login: Vec<AuthLogin>,
    /// Login by user name and password.
    #[schema(block, max = 1)]
    auth_login_userpass: Vec<AuthLoginUserpass>,
}

/// A header.
#[derive(Default, Deserialize, Serialize, Schema)]
#[serde(default)]
pub(crate) struct Header {
    /// Its name.
    #[schema(required)]
    name: String,
    /// Its value.
    #[schema(required, sensitive)]
    value: String,
}

/// A client certificate.
#[derive(Default, Deserialize, Serialize, Schema)]
#[serde(default)]
pub(crate) struct ClientAuth {
    /// File with the certificate, PEM.
    #[schema(optional)]
    cert_file: Option<String>,
    /// File with its key, PEM.
    #[schema(optional)]
    key_file: Option<String>,
}

/// A login.
#[derive(Default, Deserialize, Serialize, Schema)]
#[serde(default)]
pub(crate) struct AuthLogin {
    /// Path of the login, such as `auth/approle/login`.
    #[schema(required)]
    path: String,
    /// Namespace of the login, from the root; the provider's by default.
    #[schema(optional)]
    namespace: Option<String>,
    /// Logs in at the root namespace.
    #[schema(optional)]
    use_root_namespace: Option<bool>,
    /// Only unset: methods that sign their request (aws) are not supported.
    #[schema(optional)]
    method: Option<String>,
    /// What the auth method asks for, such as `role_id` and `secret_id`.
    #[schema(optional, sensitive)]
    parameters: BTreeMap<String, String>,
}

/// A login by user name and password.
#[derive(Default, Deserialize, Serialize, Schema)]
#[serde(default)]
pub(crate) struct AuthLoginUserpass {
    /// Mount of the auth method; `userpass` by default.
    #[schema(optional)]
    mount: Option<String>,
    /// Namespace of the login, from the root; the provider's by default.
    #[schema(optional)]
    namespace: Option<String>,
    /// Logs in at the root namespace.
    #[schema(optional)]
    use_root_namespace: Option<bool>,
    /// User name.
    #[schema(required)]
    username: String,
    /// Password.
    #[schema(optional, sensitive)]
    password: Option<String>,
    /// File with the password.
    #[schema(optional)]
    password_file: Option<String>,
}

struct Login {
    path: String,
    namespace: Option<String>,
    parameters: Json,
}

impl NativeProvider for Vault {
    type Config = Config;
    type Client = Client;

    fn registry() -> Registry<Client> {
        Registry { resources: resource::all(), data_sources: data::all(), ephemeral: Vec::new(), functions: Vec::new() }
    }

    async fn connect(config: Config, request: &SessionRequest) -> Result<Client, Vec<Fault>> {
        let made = if request.offline { offline(config) } else { connect(config, &request.root).await };
        made.map_err(|fault| vec![fault])
    }
}

/// A client for plans that ask nobody: what it would need to connect may not be there.
fn offline(config: Config) -> Result<Client, Fault> {
    let connection = Connection { address: config.address.filter(|address| !address.is_empty()), namespace: config.namespace, ..Connection::default() };
    Ok(Client::new(Http::new(&connection)?))
}

async fn connect(config: Config, root: &std::path::Path) -> Result<Client, Fault> {
    refuse(&config)?;
    let login = login(&config, root)?;
    let file = |path: &Option<String>| path.as_ref().filter(|path| !path.is_empty()).map(|path| root.join(path));
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let client_auth = config.client_auth.first().and_then(|auth| file(&auth.cert_file).zip(file(&auth.key_file)));
    let connection = Connection {
        address: text(&config.address),
        ca_cert_file: file(&config.ca_cert_file),
        ca_cert_dir: file(&config.ca_cert_dir),
        tls_server_name: text(&config.tls_server_name),
        client_auth,
        namespace: text(&config.namespace),
        token: text(&config.token).map(Secret::new),
        headers: config.headers.into_iter().map(|header| (header.name, Secret::new(header.value))).collect(),
        retries: config.max_retries.and_then(|retries| u32::try_from(retries).ok()),
    };
    let mut connection = connection.or_environment();
    if let Some(login) = login {
        connection.token = None;
        let http = Http::new(&connection)?;
        connection.token = Some(log_in(&http, login).await?);
    }
    let http = Http::new(&connection)?;
    if !http.has_token() {
        return Err(Fault::error(
            "Vault token missing",
            "Set the provider's token or an auth_login block, the environment variable VAULT_TOKEN, or log in so that ~/.vault-token exists.",
        ));
    }
    Ok(Client::new(http))
}

/// What would have a meaning that cannot be kept is an error, not a surprise.
fn refuse(config: &Config) -> Result<(), Fault> {
    if config.skip_tls_verify == Some(true) {
        return Err(Fault::attribute(
            weir_value::Path::attr("skip_tls_verify"),
            "TLS is always verified",
            "Give the server's authority by ca_cert_file, and its name by tls_server_name if it is not the address's host.",
        ));
    }
    if config.add_address_to_env.as_deref().is_some_and(|text| text == "true") {
        return Err(Fault::attribute(
            weir_value::Path::attr("add_address_to_env"),
            "Unsupported argument",
            "A provider cannot change the environment of others: give them the address themselves.",
        ));
    }
    Ok(())
}

fn login(config: &Config, root: &std::path::Path) -> Result<Option<Login>, Fault> {
    let namespace = |namespace: &Option<String>, at_root: Option<bool>| if at_root == Some(true) { Some(String::new()) } else { namespace.clone() };
    if let Some(login) = config.auth_login.first() {
        if login.method.as_deref().is_some_and(|method| !method.is_empty()) {
            return Err(Fault::error("Unsupported login", "auth_login.method is not supported: only logins that take their parameters in one request."));
        }
        return Ok(Some(Login { path: login.path.clone(), namespace: namespace(&login.namespace, login.use_root_namespace), parameters: json!(login.parameters) }));
    }
    let Some(login) = config.auth_login_userpass.first() else { return Ok(None) };
    let password = match (&login.password, &login.password_file) {
        (Some(password), _) => password.clone(),
        (None, Some(file)) => std::fs::read_to_string(root.join(file))
            .map_err(|error| Fault::error("Password file cannot be read", format!("{file}: {error}")))?
            .trim_end_matches(['\n', '\r'])
            .to_owned(),
        (None, None) => return Err(Fault::error("Password missing", "auth_login_userpass needs password or password_file.")),
    };
    Ok(Some(Login {
        path: format!("auth/{}/login/{}", login.mount.as_deref().unwrap_or("userpass").trim_matches('/'), login.username),
        namespace: namespace(&login.namespace, login.use_root_namespace),
        parameters: json!({ "password": password }),
    }))
}

async fn log_in(http: &Http, login: Login) -> Result<Secret, Fault> {
    let mut call = http.put(&login.path, login.parameters);
    if let Some(namespace) = &login.namespace {
        call = call.at_namespace(namespace);
    }
    let answer = call.send().await?;
    match answer["auth"]["client_token"].as_str() {
        Some(token) if !token.is_empty() => Ok(Secret::new(token)),
        _ => Err(Fault::error("Login gave no token", format!("{} answered without a token (is a second factor required?).", login.path))),
    }
}
