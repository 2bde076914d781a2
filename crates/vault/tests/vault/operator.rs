//! The operator's calls.

use std::time::Duration;

use serde_json::json;
use weir_vault::operator::{InitRequest, Operator};
use weir_vault::{Connection, Error, Secret};

use crate::server::{fresh, shared};

#[tokio::test]
async fn a_store_is_initialised_once() {
    let folder = tempfile::tempdir().unwrap();
    let vault = fresh(folder.path(), None).await;
    let operator = Operator::new(&Connection { address: Some(vault.address().into()), ..Connection::default() }).unwrap();
    let health = operator.wait_reachable(Duration::from_secs(10)).await.unwrap();
    assert!(!health.initialized && health.sealed && health.version.starts_with("2."));
    let status = operator.seal_status().await.unwrap();
    assert!(status.kind == "shamir" && !status.unseals_itself() && !status.initialized && status.storage_type == "raft");

    let wrong = InitRequest { shares: 2, threshold: 3, ..InitRequest::default() };
    assert_eq!(operator.init(&status, &wrong).await.unwrap_err().status(), Some(400));
    let keys = InitRequest { shares: 2, threshold: 2, pgp_keys: vec!["one".into()], ..InitRequest::default() };
    assert!(matches!(operator.init(&status, &keys).await, Err(Error::Setup(_))));

    let keys = operator.init(&status, &InitRequest { shares: 3, threshold: 2, ..InitRequest::default() }).await.unwrap();
    assert!(keys.shares.len() == 3 && !keys.recovery);
    let shown = format!("{keys:?}");
    assert!(!shown.contains(keys.root_token.expose()) && !shown.contains(keys.shares[0].expose()), "{shown}");
    let again = operator.init(&status, &InitRequest { shares: 1, threshold: 1, ..InitRequest::default() }).await.unwrap_err();
    assert!(again.to_string().contains("already initialized"), "{again}");

    assert!(matches!(operator.wait_unsealed(Duration::ZERO).await, Err(Error::Timeout(_))));
    assert!(operator.unseal(&keys.shares[0]).await.unwrap().sealed);
    assert!(!operator.unseal(&keys.shares[2]).await.unwrap().sealed);
    operator.wait_unsealed(Duration::from_secs(30)).await.unwrap();

    let operator = operator.with_token(keys.root_token);
    let state = operator.wait_voters(1, Duration::from_secs(30)).await.unwrap();
    assert!(state.healthy && state.leader == "dev" && state.voters == ["dev"] && state.servers["dev"].status == "leader");
    let error = operator.wait_voters(2, Duration::from_millis(100)).await.unwrap_err();
    assert!(error.to_string().contains("1 of 1 voters"), "{error}");
}

#[tokio::test]
async fn data_snapshots_and_tokens() {
    let server = shared().await;
    let operator = server.operator();
    operator.write("sys/mounts/ops", json!({ "type": "kv" })).await.unwrap();
    operator.write("ops/a b%", json!({ "x": "y" })).await.unwrap();
    assert_eq!(operator.read("ops/a b%").await.unwrap().unwrap()["x"], "y");
    assert_eq!(operator.list("ops").await.unwrap(), ["a b%"]);
    assert_eq!(operator.read("ops/none").await.unwrap(), None);
    assert!(matches!(operator.read("ops/../sys/mounts").await, Err(Error::Setup(_))));
    operator.delete("ops/a b%").await.unwrap();
    operator.delete("ops/a b%").await.unwrap();

    let mut snapshot = Vec::new();
    let length = operator.snapshot(&mut snapshot).await.unwrap();
    assert!(length == snapshot.len() as u64 && snapshot.starts_with(&[0x1f, 0x8b]), "a gzip archive of {length} bytes");

    let child = operator.write("auth/token/create-orphan", json!({ "ttl": "60s" })).await;
    assert!(child.unwrap().is_empty(), "a token is no data");
    let answer = weir_vault::Http::new(&server.connection()).unwrap().put_once("auth/token/create", json!({ "ttl": "60s" })).send().await.unwrap();
    let token = Secret::new(answer["auth"]["client_token"].as_str().unwrap());
    let child = server.operator().with_token(token);
    assert!(child.read("auth/token/lookup-self").await.unwrap().is_some());
    child.revoke_self().await.unwrap();
    assert_eq!(child.read("auth/token/lookup-self").await.unwrap_err().status(), Some(403));
}
