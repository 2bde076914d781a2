//! A whole cluster in the sandbox: three instances join after one initialisation, and lose nodes in every way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use weir_sandbox::{Health, Node, Options, Progress, Sandbox};

const NAME: &str = "vault.internal.example";

/// Survives the run, so that only the first one installs.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache")
}

/// A CA and a server certificate for [`NAME`].
fn certificates() -> (String, Value) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_key = KeyPair::generate().unwrap();
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    let document = json!({ "private_key": key.serialize_pem(), "certificate": leaf.pem(), "ca_chain": root_pem });
    (root_pem, document)
}

fn user_data(secret: &str, key: &str) -> String {
    let environment = format!(
        "VAULT_DISTRIBUTION=openbao\nVAULT_VERSION=2.6.2\nAWS_REGION=eu-central-1\nTLS_SECRET_ID={secret}\n\
         TLS_SERVER_NAME={NAME}\nCLUSTER_TAG_KEY=vault-cluster\nCLUSTER_TAG_VALUE=test\n"
    );
    let configuration = format!(
        r#"
        api_addr     = "https://{{{{private_ip}}}}:8200"
        cluster_addr = "https://{{{{private_ip}}}}:8201"
        listener "tcp" {{
          address         = "0.0.0.0:8200"
          cluster_address = "0.0.0.0:8201"
          tls_cert_file   = "/opt/vault/tls/tls.crt"
          tls_key_file    = "/opt/vault/tls/tls.key"
        }}
        storage "raft" {{
          path    = "/opt/vault/data"
          node_id = "{{{{instance_id}}}}"
          retry_join {{
            auto_join             = "provider=aws region=eu-central-1 tag_key=vault-cluster tag_value=test"
            auto_join_scheme      = "https"
            leader_tls_servername = "{NAME}"
            leader_ca_cert_file   = "/opt/vault/tls/ca.crt"
          }}
        }}
        seal "awskms" {{
          region     = "eu-central-1"
          kms_key_id = "{key}"
        }}
        audit "file" "file" {{
          options {{ file_path = "/var/log/vault/audit.log" }}
        }}
        audit "syslog" "syslog" {{
          options {{ facility = "AUTH" }}
        }}
        "#
    );
    let files = json!([
        {"path": "/etc/vault.d/node.env", "content": environment},
        {"path": "/etc/vault.d/vault.hcl", "content": configuration},
    ]);
    BASE64_STANDARD.encode(format!("#cloud-config\n{}", json!({ "write_files": files })))
}

/// Calls to the emulated API as any HTTP client can make them.
struct Aws {
    http: reqwest::Client,
    endpoint: String,
}

impl Aws {
    fn new(sandbox: &Sandbox) -> Aws {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Aws { http, endpoint: sandbox.endpoint().to_owned() }
    }

    async fn send(&self, service: &str, request: reqwest::RequestBuilder) -> String {
        let scope = format!("Credential=test/20260101/eu-central-1/{service}/aws4_request");
        let header = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        let response = request.header("authorization", header).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        text
    }

    async fn query(&self, service: &str, version: &str, parameters: &[(&str, &str)]) -> String {
        let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("Version", version).extend_pairs(parameters).finish();
        let request = self.http.post(&self.endpoint).header("content-type", "application/x-www-form-urlencoded");
        self.send(service, request.body(body)).await
    }

    async fn json(&self, service: &str, target: &str, body: Value) -> Value {
        let request = self.http.post(&self.endpoint).header("content-type", "application/x-amz-json-1.1");
        let text = self.send(service, request.header("x-amz-target", target).body(body.to_string())).await;
        serde_json::from_str(&text).unwrap()
    }
}

/// A client of the cluster behind the load balancer.
struct Vault {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Vault {
    fn new(sandbox: &Sandbox, root_pem: &str) -> Vault {
        let address: SocketAddr = sandbox.vault_address().unwrap().trim_start_matches("https://").parse().unwrap();
        let http =
            reqwest::Client::builder().no_proxy().tls_certs_only([reqwest::Certificate::from_pem(root_pem.as_bytes()).unwrap()]).resolve(NAME, address).build().unwrap();
        Vault { http, url: format!("https://{NAME}:{}/v1/", address.port()), token: String::new() }
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).header("x-vault-token", &self.token);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.map_err(|error| format!("{error:?}"))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("{status}: {text}"));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Writes, trying again while there is no leader.
    async fn write(&self, path: &str, body: Value) {
        let begin = Instant::now();
        loop {
            match self.call(reqwest::Method::PUT, path, Some(body.clone())).await {
                Ok(_) => return,
                Err(error) => assert!(begin.elapsed() < Duration::from_secs(30), "{path}: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Whether each member is a voter.
    async fn voters(&self) -> BTreeMap<String, bool> {
        let answer = self.call(reqwest::Method::GET, "sys/storage/raft/configuration", None).await.unwrap_or_default();
        let servers = answer["data"]["config"]["servers"].as_array().cloned().unwrap_or_default();
        let entry = |server: &Value| Some((server["node_id"].as_str()?.to_owned(), server["voter"].as_bool()?));
        servers.iter().filter_map(entry).collect()
    }
}

/// Waits until the nodes are as wanted.
async fn until(sandbox: &Sandbox, what: &str, wanted: impl Fn(&[Node]) -> bool) -> Vec<Node> {
    let begin = Instant::now();
    loop {
        let nodes = sandbox.nodes();
        if wanted(&nodes) {
            return nodes;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}: {nodes:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn count(nodes: &[Node], health: Health) -> usize {
    nodes.iter().filter(|node| node.health == health).count()
}

fn alive(pid: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

/// Makes what a stack would make, but for the value of the TLS secret.
async fn provision(aws: &Aws) {
    let key = aws.json("kms", "TrentService.CreateKey", json!({})).await;
    let key = key["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    aws.json("secretsmanager", "secretsmanager.CreateSecret", json!({ "Name": "tls" })).await;
    let data = user_data("tls", &key);
    let template = [
        ("Action", "CreateLaunchTemplate"),
        ("LaunchTemplateName", "vault"),
        ("LaunchTemplateData.ImageId", "ami-12c6146b"),
        ("LaunchTemplateData.InstanceType", "m6i.large"),
        ("LaunchTemplateData.UserData", data.as_str()),
    ];
    aws.query("ec2", "2016-11-15", &template).await;
    let policy = "MixedInstancesPolicy.LaunchTemplate";
    let specification = format!("{policy}.LaunchTemplateSpecification");
    let group = [
        ("Action", "CreateAutoScalingGroup"),
        ("AutoScalingGroupName", "vault"),
        ("MinSize", "3"),
        ("MaxSize", "3"),
        ("DesiredCapacity", "3"),
        ("AvailabilityZones.member.1", "eu-central-1a"),
        (&format!("{specification}.LaunchTemplateName"), "vault"),
        (&format!("{specification}.Version"), "$Latest"),
        (&format!("{policy}.Overrides.member.1.InstanceType"), "m6i.large"),
        (&format!("{policy}.Overrides.member.2.InstanceType"), "m5.large"),
        ("MixedInstancesPolicy.InstancesDistribution.OnDemandBaseCapacity", "1"),
        ("MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity", "25"),
    ];
    aws.query("autoscaling", "2011-01-01", &group).await;
    let instances = aws.query("ec2", "2016-11-15", &[("Action", "DescribeInstances")]).await;
    assert_eq!(instances.matches("<instanceLifecycle>spot<").count(), 1, "one base, and a quarter of two rounded up");
    assert_eq!(instances.matches("<key>aws:autoscaling:groupName<").count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_forms_and_survives() {
    let work = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let on_progress = move |progress: Progress| sink.lock().unwrap().push(format!("{:6.1?} {progress}", begin.elapsed()));
    let sandbox = Sandbox::start(Options::new(cache(), work.path()), on_progress).await.unwrap();
    let aws = Aws::new(&sandbox);
    provision(&aws).await;
    until(&sandbox, "three nodes are admitted", |nodes| nodes.len() == 3).await;
    let log = std::fs::read_to_string(sandbox.request_log()).unwrap();
    assert!(log.contains("autoscaling CreateAutoScalingGroup 200 "), "{log}");
    assert!(!log.contains("DescribeAutoScalingGroups"), "the sandbox's own calls are left out: {log}");
    assert!(sandbox.nodes().iter().all(|node| node.pid.is_none()), "no server without its certificate");

    let (root_pem, document) = certificates();
    let value = json!({ "SecretId": "tls", "SecretString": document.to_string(), "ClientRequestToken": "a".repeat(32) });
    aws.json("secretsmanager", "secretsmanager.PutSecretValue", value).await;
    let first = until(&sandbox, "three empty nodes", |nodes| count(nodes, Health::Uninitialized) == 3).await;

    // One is lost before there is a cluster: the others start again, as they have to learn of the one that replaces it.
    aws.query("ec2", "2016-11-15", &[("Action", "TerminateInstances"), ("InstanceId.1", &first[0].id)]).await;
    until(&sandbox, "three empty nodes again", |nodes| count(nodes, Health::Uninitialized) == 3 && nodes.iter().all(|node| first.iter().all(|old| old.pid != node.pid)))
        .await;

    let mut vault = Vault::new(&sandbox, &root_pem);
    let shares = json!({ "recovery_shares": 1, "recovery_threshold": 1 });
    let answer = vault.call(reqwest::Method::PUT, "sys/init", Some(shares)).await.unwrap();
    vault.token = answer["root_token"].as_str().unwrap().to_owned();
    let nodes = until(&sandbox, "one leader and two followers", |nodes| count(nodes, Health::Active) == 1 && count(nodes, Health::Standby) == 2);
    let nodes = nodes.await;
    vault.write("sys/mounts/kv", json!({ "type": "kv" })).await;
    vault.write("kv/one", json!({ "value": "1" })).await;
    let joined = Instant::now();
    while vault.voters().await.values().filter(|voter| **voter).count() < 3 {
        assert!(joined.elapsed() < Duration::from_secs(60), "{:?}", vault.voters().await);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    // The leader loses its power: the others go on.
    let leader = nodes.iter().find(|node| node.health == Health::Active).unwrap();
    sandbox.kill_node(&leader.id).unwrap();
    vault.write("kv/two", json!({ "value": "2" })).await;
    let after = until(&sandbox, "another leader", |nodes| count(nodes, Health::Active) == 1).await;
    assert!(after.iter().any(|node| node.id == leader.id && node.pid.is_none()), "it stays down: {after:#?}");
    assert!(!alive(leader.pid.unwrap()));
    sandbox.revive_node(&leader.id).unwrap();
    until(&sandbox, "the old leader follows", |nodes| count(nodes, Health::Standby) == 2).await;

    // A crashed server comes back by itself.
    let crashed = sandbox.nodes().into_iter().find(|node| node.health == Health::Standby).unwrap();
    kill(crashed.pid.unwrap());
    until(&sandbox, "the crashed server is started again", |nodes| {
        nodes.iter().any(|node| node.id == crashed.id && node.health == Health::Standby && node.pid != crashed.pid)
    })
    .await;

    // A terminated instance takes its node along; the group launches another, which joins.
    let folder = work.path().join("nodes").join(&leader.id);
    assert!(folder.exists());
    aws.query("ec2", "2016-11-15", &[("Action", "TerminateInstances"), ("InstanceId.1", &leader.id)]).await;
    let nodes = until(&sandbox, "the replacement joins", |nodes| !nodes.iter().any(|node| node.id == leader.id) && count(nodes, Health::Standby) == 2).await;
    assert!(!folder.exists());
    let read = vault.call(reqwest::Method::GET, "kv/two", None).await.unwrap();
    assert_eq!(read["data"]["value"], "2");
    let audit = format!("nodes/{}/root/var/log/vault/audit.log", nodes.iter().find(|n| n.health == Health::Active).unwrap().id);
    assert!(std::fs::metadata(work.path().join(audit)).unwrap().len() > 0);

    let endpoint = sandbox.endpoint().trim_start_matches("http://").to_owned();
    sandbox.stop().await;
    for line in seen.lock().unwrap().iter() {
        println!("{line}");
    }
    println!("{:6.1?} stopped", begin.elapsed());
    assert!(nodes.iter().all(|node| !alive(node.pid.unwrap())));
    assert!(std::net::TcpStream::connect(endpoint).is_err(), "the emulator is gone");
    assert!(!work.path().join("nodes").exists());
}

/// Instance ids of the only group, and its instances' template versions.
async fn members(aws: &Aws) -> (Vec<String>, Vec<String>) {
    let xml = aws.query("autoscaling", "2011-01-01", &[("Action", "DescribeAutoScalingGroups")]).await;
    let document = roxmltree::Document::parse(&xml).unwrap();
    assert!(document.descendants().any(|node| node.has_tag_name((node.tag_name().namespace().unwrap_or(""), "Overrides"))));
    let instances: Vec<_> = document.descendants().filter(|node| node.tag_name().name() == "InstanceId").collect();
    let version = |id: &roxmltree::Node<'_, '_>| {
        let instance = id.parent().unwrap();
        instance.descendants().find(|node| node.tag_name().name() == "Version").unwrap().text().unwrap().to_owned()
    };
    let ids = instances.iter().map(|id| id.text().unwrap().to_owned()).collect();
    (ids, instances.iter().map(version).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_replaces_the_instances_by_the_new_template() {
    let work = tempfile::tempdir().unwrap();
    let options = Options { nodes: false, ..Options::new(cache(), work.path()) };
    let sandbox = Sandbox::start(options, |_| {}).await.unwrap();
    let aws = Aws::new(&sandbox);
    provision(&aws).await;
    let autoscaling = async |parameters: &[(&str, &str)]| aws.query("autoscaling", "2011-01-01", parameters).await;
    let group = ("AutoScalingGroupName", "vault");
    let (before, versions) = members(&aws).await;
    assert_eq!(versions, ["1", "1", "1"]);
    let version = [
        ("Action", "CreateLaunchTemplateVersion"),
        ("LaunchTemplateName", "vault"),
        ("LaunchTemplateData.ImageId", "ami-12c6146b"),
        ("LaunchTemplateData.InstanceType", "m6i.large"),
        ("LaunchTemplateData.UserData", "bmV3"),
    ];
    aws.query("ec2", "2016-11-15", &version).await;
    // An update that names neither template nor policy keeps the policy, and the instances are what they were.
    autoscaling(&[("Action", "UpdateAutoScalingGroup"), group, ("HealthCheckGracePeriod", "60")]).await;
    assert_eq!(members(&aws).await, (before.clone(), versions));

    let started = autoscaling(&[("Action", "StartInstanceRefresh"), group]).await;
    assert!(started.contains("<InstanceRefreshId>"), "{started}");
    let begin = Instant::now();
    loop {
        let refreshes = autoscaling(&[("Action", "DescribeInstanceRefreshes"), group]).await;
        if refreshes.contains("<Status>Successful</Status>") {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{refreshes}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (after, versions) = members(&aws).await;
    assert_eq!(versions, ["2", "2", "2"]);
    assert!(after.iter().all(|id| !before.contains(id)), "{before:?} {after:?}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_cannot_leave_the_sandbox() {
    let work = tempfile::tempdir().unwrap();
    let options = Options { nodes: false, ..Options::new(cache(), work.path()) };
    let sandbox = Sandbox::start(options, |_| {}).await.unwrap();
    let env: BTreeMap<String, String> = sandbox.env().into_iter().collect();
    assert_eq!(env["AWS_ENDPOINT_URL"], sandbox.endpoint());
    assert_eq!(env["AWS_DEFAULT_REGION"], "eu-central-1");
    assert_eq!(env.get("VAULT_ADDR"), None, "no nodes, no balancer");
    for name in ["AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "VAULT_TOKEN"] {
        assert!(sandbox.hides(name), "{name}");
    }
    assert!(!sandbox.hides("AWS_REGION") && !sandbox.hides("PATH"));
    sandbox.stop().await;
}

/// Run by the next test in a process of its own; WEIR_TEST_WORK is the folder.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is to be killed"]
async fn sandbox_to_be_killed() {
    let work = PathBuf::from(std::env::var_os("WEIR_TEST_WORK").unwrap());
    let options = Options { nodes: false, ..Options::new(cache(), &work) };
    let sandbox = Sandbox::start(options, |_| {}).await.unwrap();
    std::fs::write(work.join("endpoint.new"), sandbox.endpoint()).unwrap();
    std::fs::rename(work.join("endpoint.new"), work.join("endpoint")).unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_a_killed_sandbox() {
    let work = tempfile::tempdir().unwrap();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "sandbox_to_be_killed"])
        .env("WEIR_TEST_WORK", work.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let endpoint = loop {
        if let Ok(text) = std::fs::read_to_string(work.path().join("endpoint")) {
            break text.trim_start_matches("http://").to_owned();
        }
        assert!(begin.elapsed() < Duration::from_secs(180) && owner.try_wait().unwrap().is_none(), "it did not start");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(std::net::TcpStream::connect(&endpoint).is_ok());
    owner.kill().unwrap();
    owner.wait().unwrap();
    let killed = Instant::now();
    while std::net::TcpStream::connect(&endpoint).is_ok() {
        assert!(killed.elapsed() < Duration::from_secs(5), "the emulator still answers");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What it left does not stand in the way of the next one.
    let options = Options { nodes: false, ..Options::new(cache(), work.path()) };
    Sandbox::start(options, |_| {}).await.unwrap().stop().await;
}
