//! A node's rendered server configuration, moved from a machine of its own to a folder and some loopback ports.
//!
//! Absolute paths become relative to the folder that stands for the node's `/`, in which its server runs. They must not
//! name that folder: what the configuration says of audit devices is replicated, and has to be the same on every node.

use std::path::PathBuf;

use hcl_edit::Ident;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Body};
use hcl_edit::visit_mut::{VisitMut, visit_expr_mut};

/// Where a node lives in the sandbox.
pub(crate) struct Place<'a> {
    /// The instance id.
    pub(crate) id: &'a str,
    /// The port of its API.
    pub(crate) api: u16,
    /// The port for the other nodes.
    pub(crate) raft: u16,
    /// API ports of the other nodes of the cluster.
    pub(crate) peers: &'a [u16],
    /// The URL of the emulated KMS.
    pub(crate) kms: &'a str,
}

/// A configuration that the server can be started with; paths are relative to the node's root.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// The configuration.
    pub(crate) text: String,
    /// Every path that it names.
    pub(crate) paths: Vec<PathBuf>,
    /// Folders that must exist.
    pub(crate) folders: Vec<PathBuf>,
    /// Files that must hold the server's certificate and its chain.
    pub(crate) certificates: Vec<PathBuf>,
    /// Files that must hold the server's key.
    pub(crate) keys: Vec<PathBuf>,
    /// Files that must hold the CA's certificate.
    pub(crate) authorities: Vec<PathBuf>,
}

/// Rewrites addresses, ports, paths, `retry_join` and the seal's endpoint, drops the syslog audit device, and keeps all else.
///
/// # Errors
/// The configuration is not HCL, or holds no TLS listener or no raft storage.
pub(crate) fn relocate(configuration: &str, place: &Place<'_>) -> Result<Moved, String> {
    let text = configuration.replace("{{instance_id}}", place.id).replace("{{private_ip}}", "127.0.0.1");
    let mut body: Body = text.parse().map_err(|error: hcl_edit::parser::Error| format!("vault.hcl: {error}"))?;
    let mut below = Below::default();
    below.visit_body_mut(&mut body);
    let mut moved = Moved { paths: below.paths, ..Moved::default() };

    set(&mut body, "api_addr", format!("https://127.0.0.1:{}", place.api));
    set(&mut body, "cluster_addr", format!("https://127.0.0.1:{}", place.raft));
    moved.folders.extend(text_of(&body, "plugin_directory").map(PathBuf::from));
    drop_syslog(&mut body);

    for (at, block) in body.get_blocks_mut("listener").filter(|block| first_label(block) == Some("tcp")).enumerate() {
        if at > 0 {
            return Err("vault.hcl: the sandbox knows only one tcp listener".to_owned());
        }
        set(&mut block.body, "address", format!("127.0.0.1:{}", place.api));
        set(&mut block.body, "cluster_address", format!("127.0.0.1:{}", place.raft));
        moved.certificates.extend(text_of(&block.body, "tls_cert_file").map(PathBuf::from));
        moved.keys.extend(text_of(&block.body, "tls_key_file").map(PathBuf::from));
        moved.authorities.extend(text_of(&block.body, "tls_client_ca_file").map(PathBuf::from));
    }
    if moved.certificates.is_empty() || moved.keys.is_empty() {
        return Err("vault.hcl: no tcp listener with tls_cert_file and tls_key_file".to_owned());
    }

    let Some(storage) = body.get_blocks_mut("storage").find(|block| first_label(block) == Some("raft")) else {
        return Err("vault.hcl: no raft storage".to_owned());
    };
    moved.folders.extend(text_of(&storage.body, "path").map(PathBuf::from));
    if let Some(template) = storage.body.remove_blocks("retry_join").into_iter().next() {
        moved.authorities.extend(text_of(&template.body, "leader_ca_cert_file").map(PathBuf::from));
        for peer in place.peers {
            let mut join = template.clone();
            for name in ["auto_join", "auto_join_scheme", "auto_join_port"] {
                join.body.remove_attribute(name);
            }
            set(&mut join.body, "leader_api_addr", format!("https://127.0.0.1:{peer}"));
            storage.body.push(join);
        }
    }

    for block in body.get_blocks_mut("seal").filter(|block| first_label(block) == Some("awskms")) {
        set(&mut block.body, "endpoint", place.kms.to_owned());
    }
    moved.text = body.to_string();
    Ok(moved)
}

fn first_label(block: &Block) -> Option<&str> {
    block.labels.first().map(|label| label.as_str())
}

fn text_of<'a>(body: &'a Body, name: &str) -> Option<&'a str> {
    body.get_attribute(name)?.value.as_str()
}

fn set(body: &mut Body, name: &str, value: String) {
    body.remove_attribute(name);
    body.push(Attribute::new(Ident::new(name), value));
}

/// There is no syslog of its own for a node here, and often none at all.
fn drop_syslog(body: &mut Body) {
    for block in body.remove_blocks("audit") {
        let syslog = first_label(&block) == Some("syslog") || text_of(&block.body, "type") == Some("syslog");
        if !syslog {
            body.push(block);
        }
    }
}

/// Makes absolute paths relative, devices excepted.
#[derive(Default)]
struct Below {
    paths: Vec<PathBuf>,
}

impl VisitMut for Below {
    fn visit_expr_mut(&mut self, expression: &mut Expression) {
        if let Expression::String(text) = expression
            && let Some(rest) = text.strip_prefix('/')
            && !rest.starts_with("dev/")
        {
            let path = rest.to_owned();
            self.paths.push(PathBuf::from(&path));
            *expression = Expression::from(path);
        } else {
            visit_expr_mut(self, expression);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const RENDERED: &str = r#"
ui = true
api_addr     = "https://{{private_ip}}:8200"
cluster_addr = "https://{{private_ip}}:8201"
listener "tcp" {
  address         = "0.0.0.0:8200"
  cluster_address = "0.0.0.0:8201"
  tls_cert_file   = "/opt/vault/tls/tls.crt"
  tls_key_file    = "/opt/vault/tls/tls.key"
  tls_min_version = "tls12"
  telemetry { unauthenticated_metrics_access = true }
}
storage "raft" {
  path    = "/opt/vault/data"
  node_id = "{{instance_id}}"
  retry_join {
    auto_join             = "provider=aws region=eu-central-1 tag_key=vault tag_value=c1"
    auto_join_scheme      = "https"
    leader_tls_servername = "vault.internal"
    leader_ca_cert_file   = "/opt/vault/tls/ca.crt"
  }
}
seal "awskms" {
  region     = "eu-central-1"
  kms_key_id = "k"
}
audit "file" "file" {
  options { file_path = "/var/log/vault/audit.log" }
}
audit "syslog" "syslog" {
  options { facility = "AUTH" }
}
audit "file" "stdout" {
  options { file_path = "/dev/stdout" }
}
"#;

    #[test]
    fn moves_what_is_bound_to_the_machine_and_keeps_the_rest() {
        let place = Place { id: "i-1", api: 4001, raft: 4002, peers: &[5001, 6001], kms: "http://127.0.0.1:5000" };
        let moved = relocate(RENDERED, &place).expect("valid");
        let body: Body = moved.text.parse().expect("still HCL");
        assert_eq!(text_of(&body, "api_addr"), Some("https://127.0.0.1:4001"));
        assert_eq!(text_of(&body, "cluster_addr"), Some("https://127.0.0.1:4002"));
        assert!(body.has_attribute("ui"));
        let block = |name| body.get_blocks(name).next().expect("block");
        let listener = &block("listener").body;
        assert_eq!(text_of(listener, "address"), Some("127.0.0.1:4001"));
        assert_eq!(text_of(listener, "tls_cert_file"), Some("opt/vault/tls/tls.crt"));
        assert_eq!(text_of(listener, "tls_min_version"), Some("tls12"));
        assert!(listener.has_blocks("telemetry"));
        let storage = &block("storage").body;
        assert_eq!(text_of(storage, "node_id"), Some("i-1"));
        let joins: Vec<_> = storage.get_blocks("retry_join").map(|join| text_of(&join.body, "leader_api_addr")).collect();
        assert_eq!(joins, [Some("https://127.0.0.1:5001"), Some("https://127.0.0.1:6001")]);
        let join = &storage.get_blocks("retry_join").next().expect("join").body;
        assert_eq!(text_of(join, "leader_tls_servername"), Some("vault.internal"));
        assert_eq!(text_of(join, "leader_ca_cert_file"), Some("opt/vault/tls/ca.crt"));
        assert!(!join.has_attribute("auto_join"));
        assert_eq!(text_of(&block("seal").body, "endpoint"), Some("http://127.0.0.1:5000"));
        assert_eq!(text_of(&block("seal").body, "kms_key_id"), Some("k"));
        let audits: Vec<_> = body.get_blocks("audit").map(first_label).collect();
        assert_eq!(audits, [Some("file"), Some("file")]);
        assert!(moved.text.contains("\"/dev/stdout\"") && moved.text.contains("\"var/log/vault/audit.log\""));
        assert_eq!(moved.folders, [Path::new("opt/vault/data")]);
        assert_eq!(moved.authorities, [Path::new("opt/vault/tls/ca.crt")]);
    }

    #[test]
    fn says_what_is_missing() {
        let place = Place { id: "i", api: 1, raft: 2, peers: &[], kms: "k" };
        let fail = |text: &str| relocate(text, &place).expect_err("refused");
        assert_eq!(fail("ui = true\n"), "vault.hcl: no tcp listener with tls_cert_file and tls_key_file");
        let listener = "listener \"tcp\" {\n tls_cert_file = \"/c\"\n tls_key_file = \"/k\"\n}\n";
        assert_eq!(fail(listener), "vault.hcl: no raft storage");
        assert!(fail("listener {").starts_with("vault.hcl: "));
    }
}
