//! The configured provider: calls in a resource's namespace, and the listings that many reads share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;
use weir_provider::Fault;
use weir_provider::native::NativeClient;

use crate::Error;
use crate::http::Http;

/// How long a listing serves reads: long enough for the reads of one refresh, which are all begun at once.
const WINDOW: Duration = Duration::from_secs(1);

/// What a read back may wait for a standby that answers from its own, older copy.
const BEHIND: [u64; 5] = [50, 100, 200, 400, 800];

type Listing = Arc<Map<String, Json>>;

/// A configured Vault provider.
pub struct Client {
    http: Http,
    /// By namespace and path. The lock is held while a listing is fetched, so that whoever comes meanwhile shares it.
    listings: Mutex<BTreeMap<String, (Instant, Listing)>>,
}

impl NativeClient for Client {}

impl Client {
    pub(crate) fn new(http: Http) -> Self {
        Self { http, listings: Mutex::default() }
    }

    /// Calls in that namespace, relative to the provider's.
    pub(crate) fn scope<'a>(&'a self, namespace: &'a Option<String>) -> Scope<'a> {
        Scope { client: self, namespace: namespace.as_deref().unwrap_or_default() }
    }
}

/// Calls in one namespace.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    client: &'a Client,
    namespace: &'a str,
}

impl Scope<'_> {
    /// What there is at the path.
    pub(crate) async fn read(&self, path: &str) -> Result<Option<Map<String, Json>>, Fault> {
        Ok(self.client.http.get(path).within(self.namespace).found().await?)
    }

    /// What there must be at the path, as it was just written.
    pub(crate) async fn read_back(&self, path: &str) -> Result<Map<String, Json>, Fault> {
        for pause in BEHIND {
            if let Some(data) = self.read(path).await? {
                return Ok(data);
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        self.read(path).await?.ok_or_else(|| Fault::not_found(format!("{path} is not there although Vault had accepted it.")))
    }

    /// A write that may be sent twice.
    pub(crate) async fn write(&self, path: &str, body: Map<String, Json>) -> Result<Map<String, Json>, Fault> {
        let done = self.client.http.put(path, Json::Object(body)).within(self.namespace).data().await;
        self.forget(path).await;
        Ok(done?)
    }

    /// A write that makes something new each time.
    pub(crate) async fn write_once(&self, path: &str, body: Map<String, Json>) -> Result<Map<String, Json>, Error> {
        let done = self.client.http.put_once(path, Json::Object(body)).within(self.namespace).data().await;
        self.forget(path).await;
        done
    }

    /// A write whose answer is wrapped for that long; the answer's `wrap_info`.
    pub(crate) async fn write_wrapped(&self, path: &str, body: Map<String, Json>, ttl: &str) -> Result<Json, Fault> {
        let call = self.client.http.put_once(path, Json::Object(body)).within(self.namespace).wrapped(Some(ttl.to_owned()));
        Ok(call.send().await?["wrap_info"].take())
    }

    /// Deletes; what is gone already is no error.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), Fault> {
        let done = self.client.http.delete(path).within(self.namespace).send().await;
        self.forget(path).await;
        match done {
            Err(error) if !error.is_missing() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The names under the path.
    pub(crate) async fn names(&self, path: &str) -> Result<Vec<String>, Fault> {
        let data = self.client.http.list(path).within(self.namespace).found().await?.unwrap_or_default();
        let names = data.get("keys").and_then(Json::as_array).into_iter().flatten();
        Ok(names.filter_map(|name| name.as_str().map(str::to_owned)).collect())
    }

    /// The names under the path and what the listing says of them.
    pub(crate) async fn list(&self, path: &str) -> Result<Map<String, Json>, Fault> {
        let data = self.client.http.list(path).within(self.namespace).found().await?;
        Ok(data.and_then(|mut data| data.remove("key_info")).and_then(|info| info.as_object().cloned()).unwrap_or_default())
    }

    /// What is mounted at `path`, from the shared listing of `sys/mounts` or `sys/auth`.
    pub(crate) async fn mounted(&self, listing: &'static str, path: &str) -> Result<Option<Map<String, Json>>, Fault> {
        let key = format!("{}:{listing}", self.namespace);
        let mut listings = self.client.listings.lock().await;
        let kept = listings.get(&key).filter(|(since, _)| since.elapsed() < WINDOW).map(|(_, listing)| listing.clone());
        let found = match kept {
            Some(found) => found,
            None => {
                let begun = Instant::now();
                let found: Listing = Arc::new(self.client.http.get(listing).within(self.namespace).data().await?);
                listings.insert(key, (begun, found.clone()));
                found
            }
        };
        Ok(found.get(&format!("{}/", path.trim_matches('/'))).and_then(Json::as_object).cloned())
    }

    /// The listings are old now.
    pub(crate) async fn forget_listings(&self) {
        self.client.listings.lock().await.clear();
    }

    async fn forget(&self, path: &str) {
        if path.starts_with("sys/") {
            self.forget_listings().await;
        }
    }
}
