//! `weir init` against a registry and a network mirror over TLS: what is signed and whole is installed, anything else is not.
#![allow(clippy::unwrap_used, reason = "tests")]
mod modules;
mod stack;

use std::collections::HashMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use pgp::composed::{ArmorOptions, DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::ser::Serialize;
use pgp::types::Password;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};

use crate::stack::{Stack, told};

type Pages = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// A web server with a certificate of an authority that only this test knows.
struct Server {
    host: String,
    pages: Pages,
    authority: String,
    tokens: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    fn start() -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &Issuer::new(params, &authority_key)).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let server = Self { host, pages: Pages::default(), authority, tokens: Arc::default() };
        let (pages, tokens) = (Arc::clone(&server.pages), Arc::clone(&server.tokens));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                // A client that goes away early is no matter.
                let _ = answer(rustls::StreamOwned::new(connection, stream), &pages, &tokens);
            }
        });
        server
    }

    fn set(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.pages.lock().unwrap().insert(path.to_owned(), content.into());
    }

    /// Gives a page a line in its head.
    fn head(&self, path: &str, line: &str) {
        self.set(&format!("head of {path}"), format!("{line}\r\n"));
    }
}

fn answer(mut stream: impl Read + Write, pages: &Pages, tokens: &Mutex<Vec<Option<String>>>) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let token = head.lines().find_map(|line| line.to_ascii_lowercase().starts_with("authorization:").then(|| line[14..].trim().to_owned()));
    if path.starts_with("/p/") {
        tokens.lock().unwrap().push(token);
    }
    let page = pages.lock().unwrap().get(&path).cloned();
    let head = pages.lock().unwrap().get(&format!("head of {path}")).map(|head| String::from_utf8_lossy(head).into_owned()).unwrap_or_default();
    let status = if page.is_some() { "200 OK" } else { "404 Not Found" };
    let body = page.unwrap_or_default();
    stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{head}Connection: close\r\n\r\n", body.len()).as_bytes())?;
    stream.write_all(&body)?;
    stream.flush()
}

fn platform() -> (&'static str, &'static str) {
    (if cfg!(target_os = "macos") { "darwin" } else { "linux" }, if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" })
}

/// The test provider, packed.
fn package(version: &str) -> Vec<u8> {
    let built = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples/test_provider");
    assert!(built.is_file(), "{} is missing: `cargo test --workspace` builds it, or `cargo build -p weir-plugin --example test_provider`", built.display());
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(format!("terraform-provider-test_v{version}"), zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(format!("#!/bin/sh\nexec {} 6\n", built.display()).as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

fn key() -> SignedSecretKey {
    let mut params = SecretKeyParamsBuilder::default();
    params.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true).primary_user_id("Acme <acme@example.com>".into());
    params.build().unwrap().generate(rand_08::thread_rng()).unwrap()
}

/// Publishes a version in the registry for this platform, its sums signed.
fn publish(server: &Server, version: &str, zip: &[u8], signer: &SignedSecretKey, announced: &SignedSecretKey) {
    publish_for(server, version, &[(platform(), zip)], signer, announced);
}

/// Publishes a version in the registry for some platforms, their sums signed.
fn publish_for(server: &Server, version: &str, packages: &[((&str, &str), &[u8])], signer: &SignedSecretKey, announced: &SignedSecretKey) {
    let name = |os: &str, arch: &str| format!("terraform-provider-test_{version}_{os}_{arch}.zip");
    let sum = |zip: &[u8]| -> String { Sha256::digest(zip).iter().map(|byte| format!("{byte:02x}")).collect() };
    let mut sums = format!("{}  {}\n", "0".repeat(64), name("plan9", "mips"));
    for ((os, arch), zip) in packages {
        sums.push_str(&format!("{}  {}\n", sum(zip), name(os, arch)));
    }
    let signature = DetachedSignature::sign_binary_data(rand_08::thread_rng(), &signer.primary_key, &Password::empty(), HashAlgorithm::Sha256, sums.as_bytes()).unwrap();
    let armored = SignedPublicKey::from(announced.clone()).to_armored_string(ArmorOptions::default()).unwrap();
    server.set("/.well-known/terraform.json", r#"{"providers.v1": "/p/"}"#);
    let other = serde_json::json!({ "version": "9.0.0", "platforms": [{ "os": "plan9", "arch": "mips" }] });
    let platforms: Vec<_> = packages.iter().map(|((os, arch), _)| serde_json::json!({ "os": os, "arch": arch })).collect();
    let own = |version: &str| serde_json::json!({ "version": version, "platforms": platforms });
    server.set("/p/acme/test/versions", serde_json::json!({ "versions": [own("1.1.0"), own(version), own("2.0.0"), other] }).to_string());
    for ((os, arch), zip) in packages {
        let file = name(os, arch);
        let package = serde_json::json!({
            "protocols": ["6.0"], "filename": file, "download_url": format!("/files/{file}"), "shasum": sum(zip),
            "shasums_url": "/files/SHA256SUMS", "shasums_signature_url": "/files/SHA256SUMS.sig",
            "signing_keys": { "gpg_public_keys": [{ "key_id": "ABC", "ascii_armor": armored }] },
        });
        server.set(&format!("/p/acme/test/{version}/download/{os}/{arch}"), package.to_string());
        server.set(&format!("/files/{file}"), *zip);
    }
    server.set("/files/SHA256SUMS", sums);
    server.set("/files/SHA256SUMS.sig", signature.to_bytes().unwrap());
}

fn stack(server: &Server) -> Stack {
    let main = format!(
        "terraform {{\n  required_providers {{\n    test = {{\n      source  = \"{}/acme/test\"\n      version = \"~> 1.0\"\n    }}\n  }}\n}}\nresource \"test_thing\" \"x\" {{\n  name = \"x\"\n}}\nresource \"terraform_data\" \"native\" {{}}\n",
        server.host
    );
    Stack::new(&[("main.tf", &main), ("authority.pem", &server.authority), ("cli.tfrc", "")])
}

fn command(stack: &Stack, arguments: &[&str]) -> Command {
    let mut command = stack.command(arguments);
    command.env("SSL_CERT_FILE", stack.path("authority.pem")).env("TF_CLI_CONFIG_FILE", stack.path("cli.tfrc")).env("HOME", stack.dir.path());
    for proxy in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(proxy);
    }
    command
}

fn says(stack: &Stack, arguments: &[&str], wanted: i32, parts: &[&str]) -> String {
    let (code, text) = told(&command(stack, arguments).output().unwrap());
    assert_eq!(code, wanted, "{arguments:?}: {text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(flat.contains(part), "{arguments:?} does not say {part:?}: {text}");
    }
    text
}

/// Downloaded once, checked, written down; from then on no network is needed, and the lock file decides.
#[test]
fn a_provider_is_installed_from_its_registry() {
    let (server, key) = (Server::start(), key());
    publish(&server, "1.2.0", &package("1.2.0"), &key, &key);
    let stack = stack(&server);
    says(&stack, &["plan"], 1, &["Provider not found", "Run `weir init` to download it"]);
    says(&stack, &["init", "-lockfile=readonly"], 1, &["Lock file would change"]);
    fs::remove_dir_all(stack.path(".terraform")).unwrap();
    says(&stack, &["init"], 0, &["acme/test v1.2.0 (signed, key id ", "terraform is built in to Weir", "has been successfully initialized"]);
    let lock = fs::read_to_string(stack.path(".terraform.lock.hcl")).unwrap();
    assert!(lock.contains(&format!("provider \"{}/acme/test\" {{\n  version     = \"1.2.0\"\n  constraints = \"~> 1.0\"\n", server.host)), "{lock}");
    assert_eq!((lock.matches("\"h1:").count(), lock.matches("\"zh:").count()), (1, 2), "{lock}");
    says(&stack, &["apply", "-auto-approve"], 0, &["2 added"]);
    server.pages.lock().unwrap().clear();
    says(&stack, &["init"], 0, &["Using", "v1.2.0"]);
    assert_eq!(fs::read_to_string(stack.path(".terraform.lock.hcl")).unwrap(), lock);
    // A newer version does not matter until it is asked for.
    publish(&server, "1.3.0", &package("1.3.0"), &key, &key);
    says(&stack, &["init"], 0, &["Using", "v1.2.0"]);
    says(&stack, &["init", "-upgrade"], 0, &["v1.3.0 (signed"]);
    says(&stack, &["init"], 0, &["Using", "v1.3.0"]);
    // What is locked is not exchanged for what is there instead.
    stack.write(".terraform.lock.hcl", &lock);
    fs::remove_dir_all(stack.path(".terraform")).unwrap();
    says(&stack, &["init"], 1, &["1.2.0 (of .terraform.lock.hcl)"]);
    says(&stack, &["init", "-upgrade"], 0, &["v1.3.0 (signed"]);
    // A package that was exchanged for another one is not run.
    let program = fs::read_dir(stack.path(&format!(".terraform/providers/{}/acme/test/1.3.0", server.host))).unwrap().next().unwrap().unwrap().path();
    fs::write(program.join("more"), "more").unwrap();
    says(&stack, &["plan"], 1, &["Provider is not the one in the lock file"]);
}

#[test]
fn what_is_not_signed_or_not_whole_is_not_installed() {
    let (server, mine, foreign) = (Server::start(), key(), key());
    let stack = stack(&server);
    says(&stack, &["init"], 1, &["/.well-known/terraform.json", "offers no provider registry"]);
    publish(&server, "1.2.0", &package("1.2.0"), &foreign, &mine);
    says(&stack, &["init"], 1, &["Provider is not signed", "Nothing was installed"]);
    publish(&server, "1.2.0", &package("1.2.0"), &mine, &mine);
    let (os, arch) = platform();
    server.set(&format!("/files/terraform-provider-test_1.2.0_{os}_{arch}.zip"), package("6.6.6"));
    says(&stack, &["init"], 1, &["Provider package is not what it should be"]);
    assert!(!stack.path(".terraform.lock.hcl").exists());
    stack.write("main.tf", &fs::read_to_string(stack.path("main.tf")).unwrap().replace("~> 1.0", "~> 3.0"));
    says(&stack, &["init"], 1, &["No suitable provider version", "The newest there are: 2.0.0, 1.2.0, 1.1.0"]);
    // An authority that nobody trusts.
    let (code, text) = told(&command(&stack, &["init"]).env_remove("SSL_CERT_FILE").output().unwrap());
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Provider cannot be downloaded"), "{text}");
}

/// The token goes to the host that it is for, and is not shown.
#[test]
fn hosts_are_told_who_asks() {
    let (server, key) = (Server::start(), key());
    publish(&server, "1.2.0", &package("1.2.0"), &key, &key);
    let stack = stack(&server);
    stack.write("cli.tfrc", &format!("credentials \"{}\" {{\n  token = \"very-secret\"\n}}\n", server.host));
    let text = says(&stack, &["init"], 0, &["v1.2.0"]);
    assert!(!text.contains("very-secret"), "{text}");
    assert_eq!(*server.tokens.lock().unwrap(), [Some("Bearer very-secret".to_owned()), Some("Bearer very-secret".to_owned())]);
}

/// A network mirror stands for the registry, which is then not asked.
#[test]
fn a_provider_is_installed_from_a_mirror() {
    let server = Server::start();
    let (os, arch) = platform();
    let base = format!("/mirror/{}/acme/test", server.host);
    server.set(&format!("{base}/index.json"), r#"{"versions": {"1.0.0": {}, "1.5.0": {}, "2.5.0": {}}}"#);
    server.set(&format!("{base}/1.5.0.json"), serde_json::json!({ "archives": { format!("{os}_{arch}"): { "url": "test.zip", "hashes": [] } } }).to_string());
    server.set(&format!("{base}/test.zip"), package("1.5.0"));
    let stack = stack(&server);
    stack.write("cli.tfrc", &format!("provider_installation {{\n  network_mirror {{\n    url = \"https://{}/mirror/\"\n  }}\n}}\n", server.host));
    says(&stack, &["init"], 0, &["v1.5.0 (unsigned, from a mirror)"]);
    says(&stack, &["plan"], 0, &["Plan: 2 to add"]);
    assert_eq!(*server.tokens.lock().unwrap(), [] as [Option<String>; 0]);
    // With a sum that does not match it is not taken.
    fs::remove_dir_all(stack.path(".terraform")).unwrap();
    fs::remove_file(stack.path(".terraform.lock.hcl")).unwrap();
    server.set(&format!("{base}/1.5.0.json"), serde_json::json!({ "archives": { format!("{os}_{arch}"): { "url": "test.zip", "hashes": ["h1:other"] } } }).to_string());
    says(&stack, &["init"], 1, &["Provider package is not what it should be", "h1:other"]);
}

/// How many hashes of each kind the lock file has.
fn hashes(stack: &Stack) -> (usize, usize) {
    let lock = fs::read_to_string(stack.path(".terraform.lock.hcl")).unwrap();
    (lock.matches("\"h1:").count(), lock.matches("\"zh:").count())
}

/// What a colleague's machine needs is in the lock file, wherever the packages come from.
#[test]
fn hashes_of_other_platforms_are_locked() {
    let (server, key) = (Server::start(), key());
    let (own, foreign) = (package("1.2.0"), package("1.2.0-foreign"));
    publish_for(&server, "1.2.0", &[(platform(), &own), (("plan9", "amd64"), &foreign)], &key, &key);
    let stack = stack(&server);
    let here = format!("-platform={}_{}", platform().0, platform().1);
    let both = ["providers", "lock", &here, "-platform=plan9_amd64"];
    says(&stack, &both, 0, &["acme/test v1.2.0 for plan9_amd64 (signed, key id ", "has new hashes"]);
    assert_eq!(hashes(&stack), (2, 3));
    says(&stack, &both, 0, &["already says all that"]);
    // The lock file is all that `init` would write.
    says(&stack, &["init", "-lockfile=readonly"], 0, &["v1.2.0 (signed"]);
    says(&stack, &["providers", "lock", "-platform=solaris_sparc"], 1, &["acme/test", "solaris_sparc"]);
    says(&stack, &["providers", "lock", "-platform=solaris"], 1, &["\"solaris\" is no platform: write it as OS_ARCH"]);
    says(&stack, &["providers", "lock", "acme/other"], 1, &["Provider is not required"]);
    assert_eq!(hashes(&stack), (2, 3));
    // A mirror has hashes of the packages that it holds, and signs nothing.
    says(&stack, &["providers", "mirror", &here, "-platform=plan9_amd64", "mirror"], 0, &["acme/test v1.2.0 for plan9_amd64 (signed", "_plan9_amd64.zip"]);
    fs::remove_file(stack.path(".terraform.lock.hcl")).unwrap();
    says(&stack, &["providers", "lock", &here, "-platform=plan9_amd64", "-fs-mirror=mirror"], 0, &["for plan9_amd64 (unsigned, from mirror)"]);
    assert_eq!(hashes(&stack), (2, 2));
    serve(&server, &stack.path("mirror"), "/m");
    fs::remove_file(stack.path(".terraform.lock.hcl")).unwrap();
    says(&stack, &["providers", "lock", "-platform=plan9_amd64", &format!("-net-mirror=https://{}/m/", server.host)], 0, &["(unsigned, from a mirror)"]);
    assert_eq!(hashes(&stack), (1, 0));
    says(&stack, &["providers", "lock", "-net-mirror=http://localhost/"], 1, &["only HTTPS is trusted"]);
}

/// Puts the files of a folder on the server.
fn serve(server: &Server, folder: &std::path::Path, at: &str) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let at = format!("{at}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            serve(server, &entry.path(), &at);
        } else {
            server.set(&at, fs::read(entry.path()).unwrap());
        }
    }
}

/// A mirror that `weir providers mirror` has made serves as a folder and, behind a web server, over the network.
#[test]
fn a_mirror_is_made_and_used() {
    let (server, key) = (Server::start(), key());
    publish(&server, "1.2.0", &package("1.2.0"), &key, &key);
    let stack = stack(&server);
    says(&stack, &["providers", "lock"], 0, &["v1.2.0"]);
    let lock = fs::read_to_string(stack.path(".terraform.lock.hcl")).unwrap();
    publish(&server, "1.3.0", &package("1.3.0"), &key, &key);
    publish(&server, "1.2.0", &package("1.2.0"), &key, &key);
    says(&stack, &["providers", "mirror", "mirror"], 0, &["acme/test v1.2.0"]);
    server.pages.lock().unwrap().clear();
    stack.write("cli.tfrc", "provider_installation {\n  filesystem_mirror {\n    path = \"mirror\"\n  }\n}\n");
    says(&stack, &["init", "-lockfile=readonly"], 0, &["Using", "v1.2.0"]);
    says(&stack, &["plan"], 0, &["Plan: 2 to add"]);
    serve(&server, &stack.path("mirror"), "/m");
    fs::remove_dir_all(stack.path("mirror")).unwrap();
    fs::remove_dir_all(stack.path(".terraform")).unwrap();
    stack.write("cli.tfrc", &format!("provider_installation {{\n  network_mirror {{\n    url = \"https://{}/m/\"\n  }}\n}}\n", server.host));
    says(&stack, &["init", "-lockfile=readonly"], 0, &["v1.2.0 (unsigned, from a mirror)"]);
    says(&stack, &["plan"], 0, &["Plan: 2 to add"]);
    assert_eq!(fs::read_to_string(stack.path(".terraform.lock.hcl")).unwrap(), lock);
    // What is in a mirror's lists is not lost when a version is added, and what is no list is not overwritten.
    let index = format!("mirror/{}/acme/test/index.json", server.host);
    publish(&server, "1.3.0", &package("1.3.0"), &key, &key);
    stack.write(&index, r#"{"versions": {"1.0.0": {}}}"#);
    says(&stack, &["providers", "mirror", "-lock-file=false", "mirror"], 0, &["v1.3.0"]);
    let listed: serde_json::Value = serde_json::from_slice(&fs::read(stack.path(&index)).unwrap()).unwrap();
    assert_eq!(listed, serde_json::json!({ "versions": { "1.0.0": {}, "1.3.0": {} } }));
    stack.write(&index, "[]");
    says(&stack, &["providers", "mirror", "-lock-file=false", "mirror"], 1, &["Mirror cannot be written", "index.json"]);
}

/// What one stack has downloaded into the cache folder no other one downloads again.
#[test]
fn downloads_are_shared_by_the_cache_folder() {
    let (server, key) = (Server::start(), key());
    publish(&server, "1.2.0", &package("1.2.0"), &key, &key);
    let first = stack(&server);
    let cache = first.path("cache");
    first.write("cli.tfrc", &format!("plugin_cache_dir = \"{}\"\n", cache.display()));
    says(&first, &["init"], 0, &["v1.2.0 (signed"]);
    let (os, arch) = platform();
    assert!(cache.join(format!("{}/acme/test/1.2.0/{os}_{arch}/terraform-provider-test_v1.2.0", server.host)).is_file());
    says(&first, &["plan"], 0, &["Plan: 2 to add"]);
    server.pages.lock().unwrap().clear();
    let second = stack(&server);
    says(&second, &["init"], 1, &["offers no provider registry"]);
    let (code, text) = told(&command(&second, &["init"]).env("TF_PLUGIN_CACHE_DIR", &cache).output().unwrap());
    assert!(code == 0 && text.contains("Using"), "{text}");
    let (code, text) = told(&command(&second, &["plan"]).env("TF_PLUGIN_CACHE_DIR", &cache).output().unwrap());
    assert!(code == 0 && text.contains("Plan: 2 to add"), "{text}");
}
