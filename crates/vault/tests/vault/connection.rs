//! TLS, login, and patience.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use weir_provider::Fault;
use weir_sandbox::DevTls;
use weir_vault::operator::Operator;
use weir_vault::{Connection, Error, Http, Secret};

use crate::engine::{Engine, configure};
use crate::server::{fresh, shared};

#[tokio::test]
async fn tls_is_verified_against_the_given_authority_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().unwrap();
    let ca = file("ca.pem", &root.self_signed(&root_key).unwrap().pem());
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["vault.test.internal".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    let tls = DevTls { certificate: file("tls.pem", &leaf.pem()), key: file("key.pem", &key.serialize_pem()) };
    let other = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap();
    let other = file("other.pem", &other.pem());
    let work = folder.path().join("work");
    let vault = fresh(&work, Some(&tls)).await;

    let right = Connection {
        address: Some(vault.address().into()),
        ca_cert_file: Some(ca.clone()),
        tls_server_name: Some("vault.test.internal".into()),
        ..Connection::default()
    };
    let ask = async |connection: Connection| Operator::new(&connection)?.health().await;
    assert!(!ask(right.clone()).await.unwrap().initialized);
    let folder = Connection { ca_cert_file: None, ca_cert_dir: Some(ca_only(&work, &ca)), ..right.clone() };
    assert!(!ask(folder).await.unwrap().initialized);
    for (what, wrong) in [
        ("another authority", Connection { ca_cert_file: Some(other), ..right.clone() }),
        ("the system's authorities", Connection { ca_cert_file: None, ..right.clone() }),
        ("another name", Connection { tls_server_name: Some("vault.test.example".into()), ..right.clone() }),
        ("the address as the name", Connection { tls_server_name: None, ..right.clone() }),
    ] {
        let error = ask(wrong).await.unwrap_err();
        assert!(matches!(&error, Error::Transport { message, arrived: false, .. } if message.contains("certificate")), "{what}: {error}");
    }
}

fn ca_only(work: &std::path::Path, ca: &std::path::Path) -> std::path::PathBuf {
    let folder = work.join("authorities");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(ca, folder.join("one.pem")).unwrap();
    folder
}

async fn refused(config: serde_json::Value) -> Fault {
    configure(config).await.err().expect("refused").remove(0)
}

#[tokio::test]
async fn a_configuration_that_cannot_work_says_so() {
    assert_eq!(refused(json!({ "address": "http://127.0.0.1:1", "token": "t", "skip_tls_verify": true })).await.summary, "TLS is always verified");
    assert_eq!(refused(json!({ "address": "nowhere", "token": "t" })).await.summary, "Invalid Vault connection");
    assert_eq!(refused(json!({ "address": "https://v:1", "token": "t", "ca_cert_file": "no-such-file" })).await.summary, "Invalid Vault connection");
}

#[tokio::test]
async fn logins_give_the_token() {
    let server = shared().await;
    let engine = Engine::at(&server).await;
    engine.create("vault_auth_backend", json!({ "type": "userpass", "path": "login-userpass" })).await;
    server.operator().write("auth/login-userpass/users/anna", json!({ "password": "pass", "policies": "root-like" })).await.unwrap();
    let rules = "path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\", \"sudo\"] }";
    engine.create("vault_policy", json!({ "name": "root-like", "policy": rules })).await;
    let as_anna =
        configure(json!({ "address": server.address(), "auth_login_userpass": [{ "mount": "login-userpass", "username": "anna", "password": "pass" }] })).await.unwrap();
    as_anna.create("vault_policy", json!({ "name": "by-anna", "policy": rules })).await;

    let role = json!({ "backend": "login-approle", "role_name": "r", "token_policies": ["root-like"] });
    engine.create("vault_auth_backend", json!({ "type": "approle", "path": "login-approle" })).await;
    let role = engine.create("vault_approle_auth_backend_role", role).await;
    let secret = engine.create("vault_approle_auth_backend_role_secret_id", json!({ "backend": "login-approle", "role_name": "r" })).await;
    let text = crate::engine::text;
    let parameters = json!({ "role_id": text(&role, "role_id"), "secret_id": text(&secret, "secret_id") });
    let as_role = configure(json!({ "address": server.address(), "auth_login": [{ "path": "auth/login-approle/login", "parameters": parameters }] })).await.unwrap();
    as_role.create("vault_policy", json!({ "name": "by-role", "policy": rules })).await;

    let wrong = json!({ "address": server.address(), "auth_login_userpass": [{ "mount": "login-userpass", "username": "anna", "password": "guess" }] });
    let fault = refused(wrong).await;
    assert!(fault.summary == "Vault refused the call" && !fault.detail.contains("guess"), "{fault}");
}

#[tokio::test]
async fn a_bad_token_is_a_clear_fault() {
    let server = shared().await;
    let engine = configure(json!({ "address": server.address(), "token": "s.nonsense" })).await.unwrap();
    let config = engine.config("vault_policy", &json!({ "name": "p", "policy": "" }));
    let planned = engine.plan("vault_policy", None, &config).await;
    let (applied, created) = engine.try_apply("vault_policy", None, Some(&planned.state), Some(&config)).await;
    assert_eq!(applied.faults[0].summary, "Permission denied by Vault");
    assert!(applied.state.is_none() && created.is_none() && !applied.faults[0].detail.contains("nonsense"));
}

/// A server that gives each request the next of these answers, and its last one for ever; an empty answer closes the connection.
async fn scripted(answers: &'static [&'static str]) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let at = counter.fetch_add(1, Ordering::SeqCst);
            let answer = answers[at.min(answers.len() - 1)];
            if let Some((status, body)) = answer.split_once(' ') {
                let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                let _ = stream.write_all(head.as_bytes()).await;
            }
        }
    });
    (address, count)
}

fn http(address: SocketAddr, retries: u32) -> Http {
    Http::new(&Connection { address: Some(format!("http://{address}")), token: Some(Secret::new("t")), retries: Some(retries), ..Connection::default() }).unwrap()
}

#[tokio::test]
async fn calls_wait_for_a_server_that_restarts() {
    const SEALED: &str = r#"503 {"errors":["Vault is sealed"]}"#;
    const NO_LEADER: &str = r#"500 {"errors":["local node not active but active cluster node not found"]}"#;
    const DONE: &str = r#"200 {"data":{"a":1}}"#;

    let (address, count) = scripted(&[SEALED, "", NO_LEADER, r#"429 {"errors":[]}"#, r#"412 {"errors":[]}"#, DONE]).await;
    assert_eq!(http(address, 10).put("x", json!({})).data().await.unwrap()["a"], 1);
    assert_eq!(count.load(Ordering::SeqCst), 6);

    // What is not to be sent twice is sent again only when it certainly did nothing.
    let (address, count) = scripted(&[SEALED, "", DONE]).await;
    let error = http(address, 10).put_once("x", json!({})).send().await.unwrap_err();
    assert!(matches!(error, Error::Transport { arrived: true, .. }), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 2);

    let (address, count) = scripted(&[SEALED]).await;
    let error = http(address, 2).get("x").send().await.unwrap_err();
    assert_eq!(Fault::from(error).summary, "Vault is sealed");
    assert_eq!(count.load(Ordering::SeqCst), 3);

    let (address, count) = scripted(&[r#"400 {"errors":["bad"]}"#]).await;
    assert_eq!(http(address, 5).get("x").send().await.unwrap_err().to_string(), "GET x: HTTP 400: bad");
    assert_eq!(count.load(Ordering::SeqCst), 1);

    let (address, _) = scripted(&["200 <html>"]).await;
    assert!(matches!(http(address, 0).get("x").send().await, Err(Error::Answer { .. })));
}

#[tokio::test]
async fn a_listing_serves_the_reads_that_are_begun_together() {
    let (address, count) = scripted(&[r#"200 {"data":{"a/":{"type":"kv","accessor":"k","config":{}}}}"#]).await;
    let engine = configure(json!({ "address": format!("http://{address}"), "token": "t" })).await.unwrap();
    let prior = engine.config("vault_mount", &json!({ "id": "a", "path": "a", "type": "kv" }));
    let gone = engine.config("vault_mount", &json!({ "id": "b", "path": "b", "type": "kv" }));
    let (a, b, c) = tokio::join!(engine.read("vault_mount", &prior), engine.read("vault_mount", &gone), engine.read("vault_mount", &prior));
    assert!(a.is_some() && b.is_none() && c.is_some());
    assert_eq!(count.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    engine.read("vault_mount", &prior).await;
    assert_eq!(count.load(Ordering::SeqCst), 2);
}
