//! The request layer: one call, tried until the server can answer it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderValue;
use reqwest::{Method, Response, StatusCode, Url};
use serde_json::{Map, Value as Json};

use crate::connection::{DEFAULT_RETRIES, innermost};
use crate::{Connection, Error, Secret};

/// A connection to one server, as one token.
pub struct Http {
    client: reqwest::Client,
    base: Url,
    /// What messages call the server.
    address: String,
    token: Option<Secret>,
    namespace: String,
    retries: u32,
}

/// A call to be made.
pub struct Call<'a> {
    http: &'a Http,
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Json>,
    namespace: Option<String>,
    wrap_ttl: Option<String>,
    once: bool,
    patient: bool,
    timeout: Option<Duration>,
}

impl Http {
    /// Prepares the connection; nothing is sent yet.
    pub fn new(connection: &Connection) -> Result<Self, Error> {
        let (base, client) = connection.client()?;
        Ok(Self {
            client,
            base,
            address: connection.address.clone().unwrap_or_default(),
            token: connection.token.clone(),
            namespace: connection.namespace.as_deref().unwrap_or_default().trim_matches('/').to_owned(),
            retries: connection.retries.unwrap_or(DEFAULT_RETRIES),
        })
    }

    /// True when it has a token.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The same connection as another token.
    #[must_use]
    pub fn with_token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    fn call(&self, method: Method, path: &str) -> Call<'_> {
        Call {
            http: self,
            method,
            path: path.trim_matches('/').to_owned(),
            query: Vec::new(),
            body: None,
            namespace: None,
            wrap_ttl: None,
            once: false,
            patient: true,
            timeout: None,
        }
    }

    /// A read of `path` (without `/v1/`).
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }
    /// A listing of the keys under `path`.
    pub fn list(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path).query("list", "true")
    }
    /// A write that may be sent twice.
    pub fn put(&self, path: &str, body: Json) -> Call<'_> {
        Call { body: Some(body), ..self.call(Method::POST, path) }
    }
    /// A write that makes something new each time: it is not sent again when it may have arrived.
    pub fn put_once(&self, path: &str, body: Json) -> Call<'_> {
        Call { once: true, ..self.put(path, body) }
    }
    /// A deletion.
    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }
}

impl<'a> Call<'a> {
    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }
    /// In that namespace below the connection's own.
    #[must_use]
    pub fn within(mut self, namespace: &str) -> Self {
        let both: Vec<&str> = [self.http.namespace.as_str(), namespace.trim_matches('/')].into_iter().filter(|part| !part.is_empty()).collect();
        self.namespace = Some(both.join("/"));
        self
    }
    /// In that namespace from the root; empty for the root itself.
    #[must_use]
    pub fn at_namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.trim_matches('/').to_owned());
        self
    }
    /// Asks for the answer wrapped for so long.
    #[must_use]
    pub fn wrapped(mut self, ttl: Option<String>) -> Self {
        self.wrap_ttl = ttl;
        self
    }
    /// Waits that long for the whole answer, in place of a minute.
    #[must_use]
    pub fn patience(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
    /// Fails at once when the server cannot answer for now.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        self.patient = false;
        self
    }

    /// The whole answer, null when it is empty.
    pub async fn send(self) -> Result<Json, Error> {
        let response = self.response().await?;
        let bytes = response.bytes().await.map_err(|error| self.broken(&error))?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Json::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| Error::Answer { path: self.path.clone(), message: error.to_string() })
    }

    /// The answer's `data`: an empty object when there is none.
    pub async fn data(self) -> Result<Map<String, Json>, Error> {
        match self.send().await? {
            Json::Object(mut answer) => match answer.remove("data") {
                Some(Json::Object(data)) => Ok(data),
                _ => Ok(Map::new()),
            },
            _ => Ok(Map::new()),
        }
    }

    /// The answer's `data`, or `None` when there is nothing at the path.
    pub async fn found(self) -> Result<Option<Map<String, Json>>, Error> {
        match self.data().await {
            Ok(data) => Ok(Some(data)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The answer with its body unread.
    pub async fn response(&self) -> Result<Response, Error> {
        let mut attempt = 0;
        loop {
            let error = match self.attempt().await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let again = self.patient && error.is_passing() && !(self.once && error.may_have_arrived()) && attempt < self.http.retries;
            if !again {
                return Err(error);
            }
            tracing::debug!(path = %self.path, attempt, %error, "calling again");
            tokio::time::sleep(pause(attempt)).await;
            attempt += 1;
        }
    }

    async fn attempt(&self) -> Result<Response, Error> {
        let http = self.http;
        let mut request = http.client.request(self.method.clone(), self.url()?).header("X-Vault-Request", "true");
        if let Some(token) = &http.token {
            let mut value = HeaderValue::from_str(token.expose()).map_err(|_| Error::Setup("The token holds a character that no token has (a line break?).".into()))?;
            value.set_sensitive(true);
            request = request.header("X-Vault-Token", value);
        }
        let namespace = self.namespace.as_deref().unwrap_or(&http.namespace);
        if !namespace.is_empty() {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if let Some(ttl) = &self.wrap_ttl {
            request = request.header("X-Vault-Wrap-TTL", ttl);
        }
        if let Some(timeout) = self.timeout {
            request = request.timeout(timeout);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.broken(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
        Err(Error::Api { method: self.method.to_string(), path: self.path.clone(), status: status.as_u16(), errors: errors(status, &body) })
    }

    /// The path's segments are encoded one by one: a name may hold any character but a slash.
    fn url(&self) -> Result<Url, Error> {
        let mut url = self.http.base.clone();
        let wrong = || Error::Setup(format!("\"{}\" is no path of the API.", self.path));
        if self.path.is_empty() || self.path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(wrong());
        }
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().push("v1").extend(self.path.split('/'));
        for (name, value) in &self.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        Ok(url)
    }

    fn broken(&self, error: &reqwest::Error) -> Error {
        let message = if error.is_timeout() { "no answer in time".to_owned() } else { innermost(error) };
        Error::Transport { address: self.http.address.clone(), message, arrived: !error.is_connect() && !error.is_builder() }
    }
}

/// The server's own words, or the status when it has none.
fn errors(status: StatusCode, body: &[u8]) -> Vec<String> {
    let json: Json = serde_json::from_slice(body).unwrap_or_default();
    let said: Vec<String> =
        json["errors"].as_array().into_iter().flatten().filter_map(|error| error.as_str().map(|text| text.trim().to_owned())).filter(|text| !text.is_empty()).collect();
    if said.is_empty() { vec![status.canonical_reason().unwrap_or("unknown status").to_owned()] } else { said }
}

/// Doubles from a quarter of a second up to four seconds, with a spread so that calls do not come back all at once.
fn pause(attempt: u32) -> Duration {
    let base = 250_u64 << attempt.min(4);
    let spread = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| u64::from(now.subsec_nanos())) % (base / 4);
    Duration::from_millis(base - spread)
}
