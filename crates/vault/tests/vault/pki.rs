//! The way of modules/vault-config: an intermediate of an offline root is imported, signs the mount's own issuer, whose role issues a leaf.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384};
use serde_json::{Value as Json, json};
use weir_value::Value;
use weir_vault::operator::IssueRequest;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::engine::{Engine, Life, text};
use crate::server::shared;

/// Root certificate, and certificate and key of the intermediate.
struct Offline {
    root: String,
    intermediate: String,
    key: String,
}

fn ca(name: &str, path_length: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // The server follows a chain by the key identifiers, and signs nothing without.
    params.use_authority_key_identifier_extension = true;
    params
}

fn offline() -> Offline {
    let root_key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let root = ca("Offline Root", 2);
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let intermediate = ca("Intermediate", 1).signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    Offline { root: root_pem, intermediate: intermediate.pem(), key: key.serialize_pem() }
}

/// Checks signatures, CA flags and nested validity, from the leaf up to the root itself.
fn verify(chain: &[String]) {
    let ders: Vec<Vec<u8>> = chain.iter().map(|pem| x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap().1.contents).collect();
    let certificates: Vec<X509Certificate<'_>> = ders.iter().map(|der| X509Certificate::from_der(der).unwrap().1).collect();
    for pair in certificates.windows(2) {
        let (below, above) = (&pair[0], &pair[1]);
        assert_eq!(below.issuer(), above.subject());
        below.verify_signature(Some(above.public_key())).unwrap();
        assert!(above.is_ca() && below.validity().not_after <= above.validity().not_after);
    }
    let root = certificates.last().unwrap();
    root.verify_signature(None).unwrap();
    assert!(!certificates[0].is_ca());
}

async fn mount(engine: &Engine, path: &str) -> Value {
    engine.create("vault_mount", json!({ "path": path, "type": "pki", "default_lease_ttl_seconds": 3600, "max_lease_ttl_seconds": 157_680_000 })).await
}

fn bundle(offline: &Offline) -> String {
    format!("{}\n{}\n{}\n", offline.key.trim(), offline.intermediate.trim(), offline.root.trim())
}

#[tokio::test]
async fn from_the_offline_root_to_a_leaf() {
    let server = shared().await;
    let engine = Engine::at(&server).await;
    let offline = offline();

    mount(&engine, "pki").await;
    let config = json!({ "backend": "pki", "pem_bundle_wo": bundle(&offline), "pem_bundle_wo_version": 1 });
    let config = engine.config("vault_pki_secret_backend_config_ca", &config);
    let imported = engine.put("vault_pki_secret_backend_config_ca", None, &config).await;
    assert!(!format!("{imported:?}").contains("PRIVATE KEY") && imported.get("pem_bundle_wo").unwrap().is_null());
    engine.assert_settled("vault_pki_secret_backend_config_ca", &imported, &config).await;
    let again = json!({ "backend": "pki", "pem_bundle_wo": bundle(&offline), "pem_bundle_wo_version": 2 });
    engine.put("vault_pki_secret_backend_config_ca", Some(&imported), &engine.config("vault_pki_secret_backend_config_ca", &again)).await;

    let issuer = json!({ "backend": "pki", "issuer_ref": "default", "issuer_name": "intermediate", "leaf_not_after_behavior": "err" });
    let issuer = engine.create("vault_pki_secret_backend_issuer", issuer).await;
    // The bundle's first certificate is the default, not the root behind it.
    let default = server.operator().read("pki/issuer/default").await.unwrap().unwrap();
    assert_eq!(default["certificate"].as_str().unwrap().trim(), offline.intermediate.trim());
    engine.create("vault_pki_secret_backend_config_urls", json!({ "backend": "pki", "issuing_certificates": ["https://vault.example/v1/pki/ca"] })).await;

    mount(&engine, "pki_private_issuer").await;
    let key = json!({ "backend": "pki_private_issuer", "type": "internal", "key_name": "private", "key_type": "ec", "key_bits": 256 });
    let key = engine.create("vault_pki_secret_backend_key", key).await;
    let kind = "vault_pki_secret_backend_intermediate_cert_request";
    let asked = json!({
        "backend": "pki_private_issuer", "type": "existing", "key_ref": text(&key, "key_id"), "common_name": "Private Issuer", "organization": "Example", "exclude_cn_from_sans": true,
    });
    let asked = engine.config(kind, &asked);
    let request = engine.put(kind, None, &asked).await;
    engine.assert_settled(kind, &request, &asked).await;

    let kind = "vault_pki_secret_backend_root_sign_intermediate";
    let asked = json!({
        "backend": "pki", "issuer_ref": text(&issuer, "issuer_id"), "csr": text(&request, "csr"), "common_name": "Private Issuer", "organization": "Example",
        "exclude_cn_from_sans": true, "max_path_length": 0, "ttl": "26280h",
    });
    let asked = engine.config(kind, &asked);
    let signed = engine.put(kind, None, &asked).await;
    engine.assert_settled(kind, &signed, &asked).await;
    assert_eq!(engine.recover(kind, &asked).await, Some(signed.clone()), "after a crash the signed certificate is found by its key, issuer and validity");
    let longer = json!({ "backend": "pki", "csr": text(&request, "csr"), "common_name": "Private Issuer", "max_path_length": 0, "ttl": "26281h" });
    assert_eq!(engine.recover(kind, &engine.config(kind, &longer)).await, None, "another one is not taken for it");
    let certificate = text(&signed, "certificate");
    let (_, parsed) = x509_parser::pem::parse_x509_pem(certificate.as_bytes()).unwrap();
    let parsed = parsed.parse_x509().unwrap();
    assert_eq!(parsed.basic_constraints().unwrap().unwrap().value.path_len_constraint, Some(0));
    assert!(parsed.subject_alternative_name().unwrap().is_none());

    let kind = "vault_pki_secret_backend_intermediate_set_signed";
    let chain = format!("{}\n{}\n{}\n", certificate.trim(), offline.intermediate.trim(), offline.root.trim());
    let asked = engine.config(kind, &json!({ "backend": "pki_private_issuer", "certificate": chain }));
    let set = engine.put(kind, None, &asked).await;
    engine.assert_settled(kind, &set, &asked).await;
    assert_eq!(set.get("imported_issuers").unwrap().length(), Some(3));

    let private = json!({ "backend": "pki_private_issuer", "issuer_ref": "default", "issuer_name": "private", "leaf_not_after_behavior": "truncate" });
    let private = engine.create("vault_pki_secret_backend_issuer", private).await;
    let role = json!({
        "backend": "pki_private_issuer", "name": "private", "issuer_ref": text(&private, "issuer_id"), "allowed_domains": ["example.internal"], "allow_subdomains": true,
        "require_cn": false, "key_type": "ec", "key_bits": 256, "client_flag": false, "ttl": "7776000", "max_ttl": "7776000",
    });
    engine.create("vault_pki_secret_backend_role", role).await;

    let operator = server.operator();
    let asked = IssueRequest { common_name: "app.example.internal".into(), ttl: Some("24h".into()), ..IssueRequest::default() };
    let issued = operator.issue("pki_private_issuer", "private", &asked).await.unwrap();
    assert!(issued.private_key.expose().contains("PRIVATE KEY") && !format!("{issued:?}").contains("PRIVATE KEY"));
    assert_eq!(issued.ca_chain.len(), 3, "the answer carries the chain up to the root");
    assert_eq!(issued.issuing_ca.trim(), certificate.trim());
    assert_eq!(issued.ca_chain[2].trim(), offline.root.trim());
    verify(&[issued.certificate.clone(), certificate, offline.intermediate, offline.root]);
    let refused = IssueRequest { common_name: "app.example.com".into(), ..IssueRequest::default() };
    let error = operator.issue("pki_private_issuer", "private", &refused).await.unwrap_err();
    assert_eq!(error.status(), Some(400), "{error}");
}

#[tokio::test]
async fn lives_of_the_ca_types() {
    let server = shared().await;
    let engine = Engine::at(&server).await;
    let offline = offline();
    mount(&engine, "life-ca").await;
    let kind = "vault_pki_secret_backend_config_ca";
    assert_eq!(engine.read(kind, &engine.config(kind, &json!({ "backend": "life-ca" }))).await, None, "a mount without issuers has no CA");
    let with = |more: Json| {
        let mut all = json!({ "backend": "life-ca" });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    engine
        .live(Life {
            kind,
            config: with(json!({ "pem_bundle_wo": bundle(&offline), "pem_bundle_wo_version": 1 })),
            updates: vec![with(json!({ "pem_bundle_wo": bundle(&offline), "pem_bundle_wo_version": 2 }))],
            import: Some("life-ca/config/ca".into()),
            unknown_to_import: &["pem_bundle_wo_version"],
            stays: true,
            ..Life::default()
        })
        .await;
    let default = server.operator().read("life-ca/config/issuers").await.unwrap().unwrap()["default"].as_str().unwrap().to_owned();
    engine
        .live(Life {
            kind: "vault_pki_secret_backend_config_issuers",
            config: with(json!({ "default": default })),
            updates: vec![with(json!({ "default": default, "default_follows_latest_issuer": true }))],
            import: Some("life-ca/config/issuers".into()),
            stays: true,
            ..Life::default()
        })
        .await;
    engine
        .live(Life {
            kind: "vault_pki_secret_backend_intermediate_cert_request",
            config: with(json!({ "type": "internal", "common_name": "A", "key_type": "ec", "key_bits": 256, "key_name": "n", "alt_names": ["a.example", "b.example"] })),
            stays: true,
            ..Life::default()
        })
        .await;
    let request = engine
        .create("vault_pki_secret_backend_intermediate_cert_request", with(json!({ "type": "exported", "common_name": "B", "key_type": "ec", "key_bits": 256 })))
        .await;
    let kind = "vault_pki_secret_backend_root_sign_intermediate";
    let asked = with(json!({ "csr": text(&request, "csr"), "common_name": "B", "ttl": "720h", "permitted_dns_domains": ["example"] }));
    let keeps = engine.create(kind, asked.clone()).await;
    engine.delete(kind, &keeps).await;
    assert!(engine.read(kind, &keeps).await.is_some(), "without revoke it stays valid");
    let mut revoked = asked;
    revoked["revoke"] = true.into();
    engine.live(Life { kind, config: revoked, recovers: true, ..Life::default() }).await;

    let set = json!({ "certificate": text(&keeps, "certificate"), "backend": "life-ca" });
    engine.live(Life { kind: "vault_pki_secret_backend_intermediate_set_signed", config: set, stays: true, ..Life::default() }).await;
    engine
        .live(Life {
            kind: "vault_pki_secret_backend_issuer",
            config: with(json!({ "issuer_ref": default, "issuer_name": "a" })),
            updates: vec![
                with(json!({ "issuer_ref": "a", "issuer_name": "b", "leaf_not_after_behavior": "permit", "usage": "read-only,crl-signing,issuing-certificates" })),
                with(json!({ "issuer_ref": default, "issuer_name": "b", "issuing_certificates": ["http://a/{{issuer_id}}"], "crl_distribution_points": ["http://b"],
                    "ocsp_servers": ["http://c"], "manual_chain": [default], "enable_aia_url_templating": true })),
            ],
            import: Some("life-ca/issuer/{issuer_id}".into()),
            ..Life::default()
        })
        .await;
    let missing = engine.config("vault_pki_secret_backend_issuer", &with(json!({ "issuer_ref": "nobody" })));
    let planned = engine.plan("vault_pki_secret_backend_issuer", None, &missing).await;
    let (applied, _) = engine.try_apply("vault_pki_secret_backend_issuer", None, Some(&planned.state), Some(&missing)).await;
    assert_eq!(applied.faults[0].summary, "No such issuer");
    assert!(applied.state.is_none());
}
