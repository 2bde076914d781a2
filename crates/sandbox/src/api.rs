//! Plain calls to the emulated API: query and JSON protocols, no SDK.

use std::time::Duration;

use serde_json::Value;

use crate::Error;

/// A client of the emulator. It does not check signatures, but reads service and region from where they stand.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    endpoint: String,
    region: String,
}

impl Api {
    pub(crate) fn new(endpoint: String, region: String) -> Result<Api, Error> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| Error::Api { call: "client".to_owned(), message: error.to_string() })?;
        Ok(Api { http, endpoint, region })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A call of the query protocol; the answer is XML.
    pub(crate) async fn query(&self, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> Result<String, Error> {
        let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("Action", action).append_pair("Version", version).extend_pairs(parameters).finish();
        let request = self.http.post(format!("{}/", self.endpoint)).header("content-type", "application/x-www-form-urlencoded").body(body);
        self.send(service, action, request).await
    }

    /// A call of the JSON protocol; `target` is the whole X-Amz-Target.
    pub(crate) async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value, Error> {
        let request =
            self.http.post(format!("{}/", self.endpoint)).header("content-type", "application/x-amz-json-1.1").header("x-amz-target", target).body(body.to_string());
        let text = self.send(service, target, request).await?;
        serde_json::from_str(&text).map_err(|error| Error::Api { call: target.to_owned(), message: error.to_string() })
    }

    /// A GET of a REST service, or of the launcher's own paths.
    pub(crate) async fn get(&self, service: &str, path: &str) -> Result<String, Error> {
        self.send(service, path, self.http.get(format!("{}{path}", self.endpoint))).await
    }

    async fn send(&self, service: &str, call: &str, request: reqwest::RequestBuilder) -> Result<String, Error> {
        let wrong = |message: String| Error::Api { call: format!("{service} {call}"), message };
        let scope = format!("test/20260101/{}/{service}/aws4_request", self.region);
        let response = request
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
            // Keeps the sandbox's own calls out of the request log.
            .header("x-weir-sandbox", "1")
            .send()
            .await
            .map_err(|error| wrong(error.to_string()))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| wrong(error.to_string()))?;
        if status.is_success() { Ok(text) } else { Err(wrong(format!("{status}: {text}"))) }
    }
}
