//! Every type's way through life.

use std::collections::BTreeSet;

use serde_json::json;
use weir_provider::Provider;
use weir_provider::native::Native;
use weir_vault::Vault;

use crate::engine::{Engine, Life};
use crate::server::shared;

#[test]
fn the_types_are_those_that_are_tested() {
    let schema = Native::<Vault>::new().schema();
    let types: BTreeSet<&str> = schema.resources.keys().map(|name| &**name).collect();
    let tested: BTreeSet<&str> = [
        "vault_approle_auth_backend_role",
        "vault_approle_auth_backend_role_secret_id",
        "vault_auth_backend",
        "vault_mount",
        "vault_pki_secret_backend_config_ca",
        "vault_pki_secret_backend_config_issuers",
        "vault_pki_secret_backend_config_urls",
        "vault_pki_secret_backend_crl_config",
        "vault_pki_secret_backend_intermediate_cert_request",
        "vault_pki_secret_backend_intermediate_set_signed",
        "vault_pki_secret_backend_issuer",
        "vault_pki_secret_backend_key",
        "vault_pki_secret_backend_role",
        "vault_pki_secret_backend_root_sign_intermediate",
        "vault_policy",
        "vault_raft_autopilot",
    ]
    .into();
    assert_eq!(types, tested);
    for (name, schema) in &schema.resources {
        for (attribute, about) in &schema.block.attributes {
            assert!(!about.description.is_empty(), "{name}.{attribute} has no description");
        }
    }
}

#[tokio::test]
async fn mount() {
    let server = shared().await;
    let engine = Engine::at(&server).await;
    engine
        .live(Life {
            kind: "vault_mount",
            config: json!({ "path": "life/mount", "type": "kv", "options": { "version": "2" } }),
            updates: vec![
                json!({ "path": "life/mount", "type": "kv", "options": { "version": "2" }, "description": "A", "default_lease_ttl_seconds": 60, "max_lease_ttl_seconds": 600 }),
                json!({
                    "path": "life/mount", "type": "kv", "options": { "version": "2" }, "max_lease_ttl_seconds": 1200, "listing_visibility": "unauth",
                    "audit_non_hmac_request_keys": ["a"], "audit_non_hmac_response_keys": ["b"], "passthrough_request_headers": ["X-A"],
                    "allowed_response_headers": ["X-B"],
                }),
                json!({ "path": "life/moved", "type": "kv", "options": { "version": "2" }, "max_lease_ttl_seconds": 1200, "audit_non_hmac_request_keys": ["a"] }),
            ],
            import: Some("life/moved".into()),
            recovers: true,
            ..Life::default()
        })
        .await;
    engine
        .live(Life {
            kind: "vault_mount",
            config: json!({ "path": "life/transit", "type": "transit", "seal_wrap": false }),
            import: Some("life/transit".into()),
            recovers: true,
            ..Life::default()
        })
        .await;
}

#[tokio::test]
async fn what_somebody_else_made_is_not_taken_for_ones_own() {
    let server = shared().await;
    let engine = Engine::at(&server).await;
    engine.create("vault_mount", json!({ "path": "others", "type": "transit" })).await;
    let config = engine.config("vault_mount", &json!({ "path": "others", "type": "kv" }));
    assert_eq!(engine.recover("vault_mount", &config).await, None);
    let planned = engine.plan("vault_mount", None, &config).await;
    let (applied, created) = engine.try_apply("vault_mount", None, Some(&planned.state), Some(&config)).await;
    assert!(applied.faults[0].detail.contains("already in use") && applied.state.is_none() && created.is_none(), "{:?}", applied.faults);
    let auth = engine.config("vault_auth_backend", &json!({ "path": "token", "type": "userpass" }));
    assert_eq!(engine.recover("vault_auth_backend", &auth).await, None);
}

#[tokio::test]
async fn policy() {
    let server = shared().await;
    let rules = |path: &str| format!("# Ä\npath \"{path}\" {{\n  capabilities = [\"read\"]\n}}\n");
    Engine::at(&server)
        .await
        .live(Life {
            kind: "vault_policy",
            config: json!({ "name": "life", "policy": rules("a") }),
            updates: vec![json!({ "name": "life", "policy": rules("b") })],
            import: Some("life".into()),
            recovers: true,
            ..Life::default()
        })
        .await;
}

#[tokio::test]
async fn policy_from_a_document_in_a_namespace() {
    let server = shared().await;
    server.operator().write("sys/namespaces/team", json!({})).await.unwrap();
    let engine = Engine::at(&server).await;
    let rule = json!({
        "path": "a/*", "capabilities": ["update"], "description": "Ä", "allowed_parameter": [{ "key": "ttl", "value": ["1h"] }, { "key": "*", "value": [] }],
        "required_parameters": ["ttl"], "max_wrapping_ttl": "60s",
    });
    let document = engine.data("vault_policy_document", &json!({ "rule": [rule] })).await;
    let config = json!({ "namespace": "team", "name": "documented", "policy": crate::engine::text(&document, "hcl") });
    engine.create("vault_policy", config).await;
    let operator = server.operator();
    assert!(operator.read("team/sys/policies/acl/documented").await.unwrap().is_some());
    assert_eq!(operator.read("sys/policies/acl/documented").await.unwrap(), None);
    let mount = engine.create("vault_mount", json!({ "namespace": "team", "path": "life", "type": "kv" })).await;
    assert!(engine.read("vault_mount", &mount).await.is_some());
    assert!(operator.read("sys/mounts/life").await.is_err(), "not in the root namespace");
    engine.delete("vault_mount", &mount).await;
    assert_eq!(engine.read("vault_mount", &mount).await, None);
}

#[tokio::test]
async fn auth_backend() {
    let server = shared().await;
    let engine = Engine::at(&server).await;
    engine
        .live(Life {
            kind: "vault_auth_backend",
            config: json!({ "type": "approle", "path": "life-approle" }),
            updates: vec![
                json!({ "type": "approle", "path": "life-approle", "description": "A" }),
                json!({ "type": "approle", "path": "life-approle", "tune": [{ "max_lease_ttl": "2h", "listing_visibility": "unauth", "audit_non_hmac_request_keys": ["a"] }] }),
                json!({ "type": "approle", "path": "life-approle", "tune": [{ "max_lease_ttl": "90m", "token_type": "batch" }] }),
                json!({ "type": "approle", "path": "life-moved", "tune": [{ "max_lease_ttl": "90m", "default_lease_ttl": "60s" }] }),
            ],
            import: Some("life-moved".into()),
            recovers: true,
            ..Life::default()
        })
        .await;
    engine.live(Life { kind: "vault_auth_backend", config: json!({ "type": "userpass" }), import: Some("userpass".into()), recovers: true, ..Life::default() }).await;
}

#[tokio::test]
async fn approle() {
    let server = shared().await;
    let engine = Engine::at(&server).await;
    engine.create("vault_auth_backend", json!({ "type": "approle", "path": "life-roles" })).await;
    let base = json!({ "backend": "life-roles", "role_name": "r" });
    let with = |more: serde_json::Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    engine
        .live(Life {
            kind: "vault_approle_auth_backend_role",
            config: with(json!({})),
            updates: vec![
                with(json!({ "token_policies": ["b", "a"], "token_ttl": 600, "token_max_ttl": 1200 })),
                with(json!({ "secret_id_bound_cidrs": ["10.0.0.0/8"], "token_bound_cidrs": ["10.1.2.3/32", "10.0.0.0/8"], "token_policies": ["a"] })),
                with(json!({ "bind_secret_id": true, "secret_id_num_uses": 3, "secret_id_ttl": 60, "token_num_uses": 4, "token_no_default_policy": true })),
                with(json!({ "token_period": 60, "token_explicit_max_ttl": 120, "token_type": "service", "role_id": "chosen" })),
            ],
            import: Some("auth/life-roles/role/r".into()),
            recovers: true,
            ..Life::default()
        })
        .await;
    engine.create("vault_approle_auth_backend_role", with(json!({ "role_name": "s" }))).await;
    let secret = "vault_approle_auth_backend_role_secret_id";
    engine
        .live(Life {
            kind: secret,
            config: json!({ "backend": "life-roles", "role_name": "s", "cidr_list": ["127.0.0.0/8"], "metadata": "{\"a\":\"b\"}" }),
            ..Life::default()
        })
        .await;
    let wrapped = engine.create(secret, json!({ "backend": "life-roles", "role_name": "s", "wrapping_ttl": "60s" })).await;
    assert!(wrapped.get("secret_id").unwrap().is_null() && !wrapped.get("wrapping_token").unwrap().is_null());
}

#[tokio::test]
async fn raft_autopilot() {
    let server = shared().await;
    Engine::at(&server)
        .await
        .live(Life {
            kind: "vault_raft_autopilot",
            config: json!({}),
            updates: vec![
                json!({ "cleanup_dead_servers": false, "min_quorum": 0, "last_contact_threshold": "15s", "server_stabilization_time": "1m0s", "max_trailing_logs": 500 }),
                json!({ "cleanup_dead_servers": true, "min_quorum": 3, "dead_server_last_contact_threshold": "10m" }),
            ],
            import: Some("sys/storage/raft/autopilot/configuration".into()),
            stays: true,
            ..Life::default()
        })
        .await;
}

#[tokio::test]
async fn pki_settings() {
    let server = shared().await;
    let engine = Engine::at(&server).await;
    engine.create("vault_mount", json!({ "path": "life-pki", "type": "pki", "max_lease_ttl_seconds": 864_000 })).await;
    engine
        .live(Life {
            kind: "vault_pki_secret_backend_config_urls",
            config: json!({ "backend": "life-pki", "issuing_certificates": ["http://a/ca"] }),
            updates: vec![json!({ "backend": "life-pki", "crl_distribution_points": ["http://a/crl"], "ocsp_servers": ["http://a/ocsp"], "enable_templating": true })],
            import: Some("life-pki/config/urls".into()),
            stays: true,
            ..Life::default()
        })
        .await;
    engine
        .live(Life {
            kind: "vault_pki_secret_backend_crl_config",
            config: json!({ "backend": "life-pki" }),
            updates: vec![
                json!({ "backend": "life-pki", "expiry": "72h", "auto_rebuild": true, "auto_rebuild_grace_period": "6h", "enable_delta": true, "delta_rebuild_interval": "20m" }),
                json!({ "backend": "life-pki", "expiry": "48h", "ocsp_disable": true, "ocsp_expiry": "1h", "disable": true }),
            ],
            import: Some("life-pki/config/crl".into()),
            stays: true,
            ..Life::default()
        })
        .await;
    let role = |more: serde_json::Value| {
        let mut all = json!({ "backend": "life-pki", "name": "r", "allowed_domains": ["example.com"] });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    engine
        .live(Life {
            kind: "vault_pki_secret_backend_role",
            config: role(json!({})),
            updates: vec![
                role(json!({
                    "allow_subdomains": true, "allow_localhost": false, "allow_ip_sans": false, "client_flag": false, "require_cn": false, "key_type": "ec", "key_bits": 256,
                    "key_usage": ["DigitalSignature"], "ttl": "7776000", "max_ttl": "2160h", "not_before_duration": "1m",
                })),
                role(json!({
                    "allow_any_name": true, "enforce_hostnames": false, "allow_wildcard_certificates": false, "server_flag": false, "code_signing_flag": true, "email_protection_flag": true,
                    "key_type": "rsa", "key_bits": 3072, "ext_key_usage": ["TimeStamping"], "ext_key_usage_oids": ["1.2.3"], "ou": ["a"], "organization": ["b"], "country": ["DE"],
                    "locality": ["c"], "province": ["d"], "street_address": ["e"], "postal_code": ["f"], "allowed_uri_sans": ["spiffe://*"], "allowed_other_sans": ["1.3.6.1.4.1.311.20.2.3;utf8:*"],
                    "allowed_serial_numbers": ["*"], "allowed_user_ids": ["u"], "policy_identifiers": ["1.3.6.1"],
                })),
                role(json!({ "allow_bare_domains": true, "allow_glob_domains": true, "allowed_domains_template": true, "allowed_uri_sans_template": true, "use_csr_common_name": false,
                    "use_csr_sans": false, "no_store": true, "basic_constraints_valid_for_non_ca": true, "issuer_ref": "default" })),
                role(json!({ "generate_lease": true, "policy_identifier": [{ "oid": "1.3.6.1.4.1.7.8", "notice": "A notice" }, { "oid": "1.3.6.1.4.1.7.9", "cps": "https://example.com" }] })),
            ],
            import: Some("life-pki/roles/r".into()),
            recovers: true,
            ..Life::default()
        })
        .await;
    engine
        .live(Life {
            kind: "vault_pki_secret_backend_key",
            config: json!({ "backend": "life-pki", "type": "internal", "key_name": "k", "key_type": "ec", "key_bits": 256 }),
            updates: vec![json!({ "backend": "life-pki", "type": "internal", "key_name": "l", "key_type": "ec", "key_bits": 256 })],
            import: Some("life-pki/key/{key_id}".into()),
            unknown_to_import: &["key_bits"],
            recovers: true,
            ..Life::default()
        })
        .await;
}
