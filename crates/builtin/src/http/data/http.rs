//! `data "http"`: what a web server answers to one request.
//!
//! ```hcl
//! data "http" "health" {
//!   url             = "https://127.0.0.1:8200/v1/sys/health"
//!   ca_cert_pem     = file("root.pem")
//!   tls_server_name = "vault.internal.example"
//! }
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::http::call::Call;
use crate::unconfigured::NoClient;

/// When a request that failed is sent again.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Retry {
    /// How often, after the first time.
    #[schema(optional)]
    attempts: Option<u64>,
    /// The wait before the first repetition, in milliseconds; it doubles each time.
    #[schema(optional)]
    min_delay_ms: Option<u64>,
    /// The longest wait, in milliseconds.
    #[schema(optional)]
    max_delay_ms: Option<u64>,
}

/// What a web server answers.
#[derive(Clone, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "http")]
pub(crate) struct Http {
    /// The URL, `http` or `https`.
    #[schema(required)]
    url: String,
    /// `GET` (when it is not set), `HEAD` or `POST`.
    #[schema(optional)]
    method: Option<String>,
    /// Headers of the request.
    #[schema(optional)]
    request_headers: Option<BTreeMap<String, String>>,
    /// The body of the request.
    #[schema(optional)]
    request_body: Option<String>,
    /// How long the request may take, in milliseconds.
    #[schema(optional)]
    request_timeout_ms: Option<u64>,
    /// Does not verify the server's certificate.
    #[schema(optional)]
    insecure: Option<bool>,
    /// The certificates to trust, instead of the system's.
    #[schema(optional)]
    ca_cert_pem: Option<String>,
    /// The client's certificate.
    #[schema(optional)]
    client_cert_pem: Option<String>,
    /// The client's private key.
    #[schema(optional, sensitive)]
    client_key_pem: Option<String>,
    /// The name to ask for and to verify, when the URL's host is only the way to it. Weir's own.
    #[schema(optional)]
    tls_server_name: Option<String>,
    /// When a request that failed is sent again.
    #[schema(block)]
    retry: Option<Retry>,
    /// The status code.
    #[schema(computed)]
    status_code: i64,
    /// The body as text; what is not UTF-8 is replaced.
    #[schema(computed)]
    response_body: String,
    /// The body as text.
    #[schema(computed, deprecated = "Use `response_body`.")]
    body: String,
    /// The body in Base64.
    #[schema(computed)]
    response_body_base64: String,
    /// Headers of the answer; several of one name are joined by commas.
    #[schema(computed)]
    response_headers: BTreeMap<String, String>,
    /// The URL.
    #[schema(computed)]
    id: String,
}

impl DataSource for Http {
    type Client = NoClient;

    async fn read(_: &NoClient, config: Self) -> Result<Self, Fault> {
        let retry = config.retry.clone().unwrap_or_default();
        let call = Call {
            url: &config.url,
            method: config.method.as_deref().unwrap_or("GET"),
            headers: config.request_headers.as_ref(),
            body: config.request_body.as_deref(),
            timeout: config.request_timeout_ms.map(Duration::from_millis),
            insecure: config.insecure.unwrap_or_default(),
            ca_cert_pem: config.ca_cert_pem.as_deref(),
            client_cert_pem: config.client_cert_pem.as_deref(),
            client_key_pem: config.client_key_pem.as_deref(),
            tls_server_name: config.tls_server_name.as_deref(),
            retries: u32::try_from(retry.attempts.unwrap_or_default()).unwrap_or(u32::MAX),
            min_delay: Duration::from_millis(retry.min_delay_ms.unwrap_or(1000)),
            max_delay: Duration::from_millis(retry.max_delay_ms.unwrap_or(30_000)),
        };
        let answer = call.send().await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        Ok(Self {
            status_code: i64::from(answer.status),
            response_body_base64: STANDARD.encode(&answer.body),
            response_body: text.clone(),
            body: text,
            response_headers: answer.headers,
            id: config.url.clone(),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use serde_json::json;
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
    use tokio::net::TcpListener;
    use weir_value::Value;

    use crate::harness::{World, text};
    use crate::pki::{self, AltNames, ServerProfile, Subject};

    /// Answers one request: 503 to the first `failures` of all, then the request itself as the body.
    async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, failures: &AtomicUsize) {
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut buffer).await {
                Ok(count @ 1..) => request.extend_from_slice(&buffer[..count]),
                _ => return,
            }
        }
        let fails = failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let status = if fails { "503 Service Unavailable" } else { "200 OK" };
        let head = format!("HTTP/1.1 {status}\r\nx-many: a\r\nx-many: b\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", request.len());
        let _ = stream.write_all(&[head.as_bytes(), &request].concat()).await;
        let _ = stream.shutdown().await;
    }

    async fn serve(failures: usize) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let failures = AtomicUsize::new(failures);
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &failures).await;
            }
        });
        port
    }

    /// A server for `vault.example`, and the root that its certificate verifies with.
    async fn serve_tls() -> (u16, String) {
        let (key, root) = pki::make_root(&Subject::new("Root", None), 1, None).unwrap();
        let own = pki::make_private_key().unwrap();
        let names = AltNames { dns_names: vec!["vault.example".into()], ..AltNames::default() };
        let csr = pki::make_certificate_request(&own, &Subject::new("vault.example", None), &names, false).unwrap();
        let leaf = pki::sign_server(&csr, &root, &key, &ServerProfile { hours: 1, client: false }).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap()], PrivateKeyDer::from_pem_slice(own.as_bytes()).unwrap())
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream, &AtomicUsize::new(0)).await;
                }
            }
        });
        (port, root)
    }

    #[tokio::test]
    async fn plain() {
        let world = World::new::<crate::http::Http>().await;
        let url = format!("http://127.0.0.1:{}/a?b", serve(0).await);
        let read = world.data("http", json!({"url": url, "method": "POST", "request_headers": {"X-One": "1"}, "request_body": "hi"})).await.unwrap();
        assert_eq!((read.get("status_code"), text(&read, "id")), (Some(Value::from(200)), url));
        let seen = text(&read, "response_body").to_lowercase();
        assert!(seen.starts_with("post /a?b http/1.1\r\n") && seen.contains("x-one: 1\r\n"), "{seen}");
        assert_eq!(read.get("response_headers").unwrap().get("X-Many"), Some(Value::from("a, b")));
    }

    #[tokio::test]
    async fn retries() {
        let world = World::new::<crate::http::Http>().await;
        let url = format!("http://127.0.0.1:{}/", serve(2).await);
        let once = world.data("http", json!({"url": url})).await.unwrap();
        assert_eq!(once.get("status_code"), Some(Value::from(503)), "any answer is an answer");
        let url = format!("http://127.0.0.1:{}/", serve(2).await);
        let read = world.data("http", json!({"url": url, "retry": {"attempts": 2, "min_delay_ms": 1, "max_delay_ms": 2}})).await.unwrap();
        assert_eq!(read.get("status_code"), Some(Value::from(200)));
    }

    #[tokio::test]
    async fn tls_is_verified_for_the_name() {
        let world = World::new::<crate::http::Http>().await;
        let (port, root) = serve_tls().await;
        let url = format!("https://127.0.0.1:{port}/v1");
        let good = world.data("http", json!({"url": url, "ca_cert_pem": root, "tls_server_name": "vault.example"})).await.unwrap();
        assert_eq!((good.get("status_code"), text(&good, "id")), (Some(Value::from(200)), url.clone()));
        let detail = |config| async { world.data("http", config).await.unwrap_err().detail };
        let wrong = detail(json!({"url": url, "ca_cert_pem": root, "tls_server_name": "other.example"})).await;
        assert!(wrong.contains("not valid for name"), "{wrong}");
        assert!(detail(json!({"url": url, "ca_cert_pem": root})).await.contains("not valid for name"));
        let (_, unrelated) = pki::make_root(&Subject::new("Other", None), 1, None).unwrap();
        let wrong = detail(json!({"url": url, "ca_cert_pem": unrelated, "tls_server_name": "vault.example"})).await;
        assert!(wrong.contains("UnknownIssuer"), "{wrong}");
        assert!(world.data("http", json!({"url": url, "insecure": true})).await.is_ok());
    }

    #[tokio::test]
    async fn refusals() {
        let world = World::new::<crate::http::Http>().await;
        let summary = |config| async { world.data("http", config).await.unwrap_err().summary };
        assert_eq!(summary(json!({"url": "nonsense"})).await, "Invalid url");
        assert_eq!(summary(json!({"url": "https://a", "ca_cert_pem": "x"})).await, "Invalid ca_cert_pem");
        assert_eq!(summary(json!({"url": "https://a", "client_key_pem": "x"})).await, "Invalid client_cert_pem");
        assert_eq!(summary(json!({"url": "http://127.0.0.1:1/"})).await, "Request failed");
    }
}
