//! One request, with its retries.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use reqwest::{Certificate, Client, Identity, Method, Response, StatusCode, Url};
use weir_provider::Fault;

/// A request.
#[derive(Clone, Debug, Default)]
pub(super) struct Call<'a> {
    pub(super) url: &'a str,
    pub(super) method: &'a str,
    pub(super) headers: Option<&'a BTreeMap<String, String>>,
    pub(super) body: Option<&'a str>,
    pub(super) timeout: Option<Duration>,
    pub(super) insecure: bool,
    pub(super) ca_cert_pem: Option<&'a str>,
    pub(super) client_cert_pem: Option<&'a str>,
    pub(super) client_key_pem: Option<&'a str>,
    pub(super) tls_server_name: Option<&'a str>,
    pub(super) retries: u32,
    pub(super) min_delay: Duration,
    pub(super) max_delay: Duration,
}

/// The answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

fn invalid(what: &str, error: &dyn std::fmt::Display) -> Fault {
    Fault::error(format!("Invalid {what}"), error.to_string())
}

/// The error with its causes; the library's own text names only the outermost.
fn failed(url: &Url, error: &reqwest::Error) -> Fault {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    Fault::error("Request failed", format!("{url}: {text}"))
}

impl Call<'_> {
    /// Sends the request until it succeeds or the attempts are used up. An answer of the server, whatever its status, ends it, except 5xx and 429 where retries are left.
    pub(super) async fn send(&self) -> Result<Answer, Fault> {
        let url = Url::parse(self.url).map_err(|error| invalid("url", &error))?;
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|error| invalid("method", &error))?;
        let (client, target) = self.client(&url).await?;
        let mut left = self.retries;
        let mut delay = self.min_delay;
        loop {
            let mut request = client.request(method.clone(), target.clone());
            for (name, value) in self.headers.into_iter().flatten() {
                request = request.header(name, value);
            }
            if let Some(body) = self.body {
                request = request.body(body.to_owned());
            }
            let outcome = match request.send().await {
                Ok(response) if left > 0 && is_transient(response.status()) => Err(None),
                Ok(response) => read(response).await.map_err(Some),
                Err(error) if error.is_builder() => return Err(failed(&url, &error)),
                Err(error) => Err(Some(error)),
            };
            match outcome {
                Ok(answer) => return Ok(answer),
                Err(Some(error)) if left == 0 => return Err(failed(&url, &error)),
                Err(_) => {}
            }
            left -= 1;
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(self.max_delay.max(self.min_delay));
        }
    }

    /// The client, and the URL to give to it.
    async fn client(&self, url: &Url) -> Result<(Client, Url), Fault> {
        // The library takes the process's crypto provider; whoever set one before us is content with it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder().tls_danger_accept_invalid_certs(self.insecure);
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(pem) = self.ca_cert_pem {
            let roots = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| invalid("ca_cert_pem", &error))?;
            if roots.is_empty() {
                return Err(invalid("ca_cert_pem", &"There is no certificate in it."));
            }
            builder = builder.tls_certs_only(roots);
        }
        match (self.client_cert_pem, self.client_key_pem) {
            (Some(certificate), Some(key)) => {
                let identity = Identity::from_pem(format!("{certificate}\n{key}").as_bytes());
                builder = builder.identity(identity.map_err(|error| invalid("client_cert_pem", &error))?);
            }
            (None, None) => {}
            _ => return Err(invalid("client_cert_pem", &"client_cert_pem and client_key_pem go together.")),
        }
        let mut target = url.clone();
        if let Some(name) = self.tls_server_name {
            let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
            let port = url.port_or_known_default().unwrap_or(443);
            let addresses = tokio::net::lookup_host((host, port)).await;
            let addresses: Vec<_> = addresses.map_err(|error| Fault::error("Request failed", format!("{url}: {error}")))?.collect();
            target.set_host(Some(name)).map_err(|error| invalid("tls_server_name", &error))?;
            // A proxy would look the name up by itself.
            builder = builder.resolve_to_addrs(name, &addresses).no_proxy();
        }
        let client = builder.build().map_err(|error| failed(url, &error))?;
        Ok((client, target))
    }
}

fn is_transient(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED || status == StatusCode::TOO_MANY_REQUESTS
}

async fn read(response: Response) -> Result<Answer, reqwest::Error> {
    let status = response.status().as_u16();
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let entry = headers.entry(canonical(name.as_str()));
        entry.and_modify(|all| all.push_str(&format!(", {value}"))).or_insert_with(|| value.into_owned());
    }
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}

/// `Content-Type`: how the incumbents' provider spells the name of a header.
fn canonical(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
