//! Where the server is, and how to be sure that it is the right one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Identity, Url};

use crate::{Error, Secret};

/// How often a call is tried again by default: about half a minute, longer than an election of a leader takes.
pub const DEFAULT_RETRIES: u32 = 10;

/// How to reach a server. What is left empty comes from nowhere: [`Connection::or_environment`] asks the usual variables.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// URL: scheme, host, port.
    pub address: Option<String>,
    /// PEM file of the authorities to trust, and no others.
    pub ca_cert_file: Option<PathBuf>,
    /// Folder of such files.
    pub ca_cert_dir: Option<PathBuf>,
    /// The name that the server's certificate must have, when it is not the address's host.
    pub tls_server_name: Option<String>,
    /// PEM files of a client certificate and of its key.
    pub client_auth: Option<(PathBuf, PathBuf)>,
    /// The namespace of all calls.
    pub namespace: Option<String>,
    /// Who asks.
    pub token: Option<Secret>,
    /// Further headers of every request.
    pub headers: Vec<(String, Secret)>,
    /// How often a call is tried again when the server cannot answer for now.
    pub retries: Option<u32>,
}

impl Connection {
    /// The rest from VAULT_ADDR, VAULT_CACERT, VAULT_CAPATH, VAULT_TLS_SERVER_NAME, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY, VAULT_NAMESPACE, VAULT_TOKEN and
    /// VAULT_MAX_RETRIES, and the token at last from `~/.vault-token`: the vendor's credential chain.
    #[must_use]
    pub fn or_environment(mut self) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        self.address = self.address.or_else(|| variable("VAULT_ADDR"));
        if self.ca_cert_file.is_none() && self.ca_cert_dir.is_none() {
            self.ca_cert_file = variable("VAULT_CACERT").map(Into::into);
            self.ca_cert_dir = variable("VAULT_CAPATH").map(Into::into);
        }
        self.tls_server_name = self.tls_server_name.or_else(|| variable("VAULT_TLS_SERVER_NAME"));
        self.client_auth = self.client_auth.or_else(|| variable("VAULT_CLIENT_CERT").zip(variable("VAULT_CLIENT_KEY")).map(|(cert, key)| (cert.into(), key.into())));
        self.namespace = self.namespace.or_else(|| variable("VAULT_NAMESPACE"));
        self.retries = self.retries.or_else(|| variable("VAULT_MAX_RETRIES").and_then(|text| text.parse().ok()));
        self.token = self.token.or_else(|| variable("VAULT_TOKEN").map(Secret::new)).or_else(|| {
            let file = std::env::home_dir()?.join(".vault-token");
            let text = Secret::new(std::fs::read_to_string(file).ok()?);
            Some(Secret::new(text.expose().trim())).filter(|token| !token.is_empty())
        });
        self
    }

    /// The URL of the server and the client that talks to it. TLS is always verified.
    pub(crate) fn client(&self) -> Result<(Url, reqwest::Client), Error> {
        // Another crate of the process may have chosen a provider already; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let address = self.address.as_deref().ok_or_else(|| Error::Setup("The server's address is missing: set the provider's address or VAULT_ADDR.".into()))?;
        let wrong = |what: &str| Error::Setup(format!("The address \"{address}\" {what}; it should look like https://vault.example.com:8200."));
        let mut url = Url::parse(address).map_err(|error| wrong(&format!("is no URL ({error})")))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(wrong("is no http or https URL"));
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(60))
            .redirect(Policy::custom(follow))
            .default_headers(self.headers()?);
        let authorities = self.authorities()?;
        if !authorities.is_empty() {
            builder = builder.tls_certs_only(authorities);
        }
        if let Some((cert, key)) = &self.client_auth {
            let key_pem = Secret::new(text(key)?);
            let pem = Secret::new(format!("{}\n{}", text(cert)?, key_pem.expose()));
            let identity = Identity::from_pem(pem.expose().as_bytes())
                .map_err(|_| Error::Setup(format!("{} and {} are no client certificate and key in PEM", cert.display(), key.display())))?;
            builder = builder.identity(identity);
        }
        if let Some(name) = self.tls_server_name.as_deref().filter(|name| url.scheme() == "https" && url.host_str() != Some(name)) {
            let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            url.set_host(Some(name)).map_err(|error| Error::Setup(format!("tls_server_name \"{name}\" is no host name: {error}")))?;
            // The name may exist in no DNS: it leads to where the address says. A proxy would look it up itself.
            builder = builder.no_proxy().dns_resolver(Arc::new(Elsewhere { name: name.to_lowercase(), host }));
        }
        let client = builder.build().map_err(|error| Error::Setup(format!("The TLS client cannot be made: {}", innermost(&error))))?;
        Ok((url, client))
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let wrong = || Error::Setup(format!("The header \"{name}\" has a name or value that HTTP does not allow."));
            let mut content = HeaderValue::from_str(value.expose()).map_err(|_| wrong())?;
            content.set_sensitive(true);
            headers.append(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, content);
        }
        Ok(headers)
    }

    fn authorities(&self) -> Result<Vec<Certificate>, Error> {
        let mut files: Vec<PathBuf> = self.ca_cert_file.iter().cloned().collect();
        if let Some(folder) = &self.ca_cert_dir {
            let wrong = |error| Error::Setup(format!("ca_cert_dir {}: {error}", folder.display()));
            for entry in std::fs::read_dir(folder).map_err(wrong)? {
                let path = entry.map_err(wrong)?.path();
                if path.is_file() {
                    files.push(path);
                }
            }
        }
        let mut found = Vec::new();
        for file in &files {
            let pem = text(file)?;
            let certificates = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| Error::Setup(format!("{}: {}", file.display(), innermost(&error))))?;
            if certificates.is_empty() && self.ca_cert_dir.is_none() {
                return Err(Error::Setup(format!("{} holds no certificate in PEM.", file.display())));
            }
            found.extend(certificates);
        }
        if found.is_empty() && !(self.ca_cert_file.is_none() && self.ca_cert_dir.is_none()) {
            return Err(Error::Setup("ca_cert_dir holds no certificate in PEM.".into()));
        }
        Ok(found)
    }
}

fn text(file: &Path) -> Result<String, Error> {
    std::fs::read_to_string(file).map_err(|error| Error::Setup(format!("{}: {error}", file.display())))
}

/// A standby may send a client to the active node. The token goes along, so never from TLS to plain text.
fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let secure = attempt.previous().first().is_none_or(|first| first.scheme() == attempt.url().scheme());
    if !secure {
        return attempt.error("the server redirects to another scheme");
    }
    if attempt.previous().len() > 3 { attempt.error("too many redirects") } else { attempt.follow() }
}

/// The cause at the bottom: the outer ones only say that a request failed.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Looks up another host in the place of one name.
struct Elsewhere {
    name: String,
    host: String,
}

impl Resolve for Elsewhere {
    fn resolve(&self, name: Name) -> Resolving {
        let host = if name.as_str().to_lowercase() == self.name { self.host.clone() } else { name.as_str().to_owned() };
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(connection: Connection) -> Result<String, String> {
        connection.client().map(|(url, _)| url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_server_name_takes_the_place_of_the_host() {
        let connection = Connection { address: Some("https://127.0.0.1:8200".into()), ..Connection::default() };
        assert_eq!(check(connection.clone()), Ok("https://127.0.0.1:8200/".into()));
        let named = Connection { tls_server_name: Some("vault.internal".into()), ..connection };
        assert_eq!(check(named), Ok("https://vault.internal:8200/".into()));
    }

    #[test]
    fn wrong_settings_say_what_is_wrong() {
        assert!(check(Connection::default()).unwrap_err().contains("VAULT_ADDR"));
        let address = |text: &str| Connection { address: Some(text.into()), ..Connection::default() };
        assert!(check(address("vault:8200")).unwrap_err().contains("no http or https URL"));
        let missing = Connection { ca_cert_file: Some("/nowhere/ca.pem".into()), ..address("https://v:1") };
        assert!(check(missing).unwrap_err().contains("/nowhere/ca.pem"));
        let folder = tempfile::tempdir().unwrap();
        let empty = Connection { ca_cert_dir: Some(folder.path().into()), ..address("https://v:1") };
        assert!(check(empty).unwrap_err().contains("no certificate"));
        let header = Connection { headers: vec![("X-Key".into(), Secret::new("top\nsecret"))], ..address("https://v:1") };
        let said = check(header).unwrap_err();
        assert!(said.contains("X-Key") && !said.contains("secret"), "{said}");
    }
}
