//! The flagship in a sandbox: a copy of the stack, and what its operators do.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value as Json, json};
use weir_sandbox::{Options, Sandbox};

use crate::emulator::{Emulator, Vault};

/// Holders of recovery keys whose private halves nobody has.
const RECIPIENTS: [&str; 5] = [
    "age1tsk4dx7ke7uhvksarwhw653d0kgpwadlmrsnp9p9skyj6tj2k5es37q2wy",
    "age184c2c32kuxpqu840ff569krf8tvcjcgx6la4xuk7g4r8727me90sakvq7a",
    "age1mpnkstqnss4n45e8fmflvcg02e4fc78qskfe830cpetp6fvag5jstrphlz",
    "age1q5va85stx906rv5lm9ny2zkdfjyj3qhfzvl8ltfvnxtap97d74wqp4m6v8",
    "age1t7az4e8uj44es7nfhl0yzkqn5sksg95zzq57nlyc84gvh5vm3s0q6jrlce",
];

/// Folder of the stack.
const STACK: &str = "stacks/vault-platform";

/// A stack, its sandbox and its operators.
pub(crate) struct Site {
    pub(crate) sandbox: Option<Sandbox>,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) work: tempfile::TempDir,
}

impl Site {
    /// Starts a sandbox, with nodes or without, and copies the flagship.
    pub(crate) fn start(nodes: bool) -> Self {
        Self::with(nodes, |work| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            copy(&root.join("modules"), &work.join("modules"));
            let stack = work.join(STACK);
            copy(&root.join(STACK), &stack);
            fs::rename(stack.join("sandbox.tfvars"), stack.join("sandbox.auto.tfvars")).unwrap();
        })
    }

    /// The same for a stack of one file, without nodes.
    pub(crate) fn small(text: &str) -> Self {
        Self::with(false, |work| {
            fs::create_dir_all(work.join(STACK)).unwrap();
            fs::write(work.join(STACK).join("main.tf"), text).unwrap();
        })
    }

    fn with(nodes: bool, prepare: impl FnOnce(&Path)) -> Self {
        let work = tempfile::tempdir().unwrap();
        prepare(work.path());
        for folder in ["offline", "operator", "workspace"] {
            fs::create_dir_all(work.path().join(folder)).unwrap();
        }
        fs::write(work.path().join("offline/passphrase"), "correct horse battery staple").unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let options = Options { nodes, ..Options::new(cache(), work.path().join("sandbox")) };
        let sandbox = runtime.block_on(Sandbox::start(options, |_| {})).unwrap();
        Self { sandbox: Some(sandbox), runtime, work }
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    pub(crate) fn emulator(&self) -> Emulator {
        Emulator::new(self.sandbox().endpoint(), "eu-central-1")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }

    /// A file in the stack's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.work.path().join(STACK).join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| self.sandbox().hides(name)) {
                command.env_remove(name);
            }
        }
        command.args(arguments).current_dir(self.file("")).envs(self.sandbox().env());
        command.env("NO_COLOR", "1").env("TF_VAR_workspace", self.path("workspace")).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        told(&self.command(arguments).output().unwrap())
    }

    /// Runs Weir, which has to end with this code.
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let (found, text) = self.run(arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {text}");
        text
    }

    pub(crate) fn output(&self, name: &str) -> String {
        self.expect(0, &["output", "-raw", name])
    }

    pub(crate) fn state(&self) -> Json {
        serde_json::from_slice(&fs::read(self.file("terraform.tfstate")).unwrap()).unwrap()
    }

    /// Ids of all objects of a type in the state, by the attribute that the emulator lists.
    pub(crate) fn ids(&self, kind: &str, attribute: &str) -> BTreeSet<String> {
        let state = self.state();
        let blocks = state["resources"].as_array().unwrap().iter().filter(|block| block["mode"] == "managed" && block["type"] == kind);
        let instances = blocks.flat_map(|block| block["instances"].as_array().unwrap());
        instances.map(|instance| instance["attributes"][attribute].as_str().unwrap().to_owned()).collect()
    }

    /// The offline root signs the request; gives the path of the chain.
    pub(crate) fn sign(&self) -> String {
        let path = |name: &str| self.path(name).display().to_string();
        let passphrase = path("offline/passphrase");
        if !self.path("offline/root-ca").exists() {
            self.expect(0, &["pki", "root", "-out", &path("offline/root-ca"), "-common-name", "Example Root CA", "-passphrase-file", &passphrase]);
        }
        let (root, csr, chain) = (path("offline/root-ca"), path("workspace/intermediate.csr.pem"), path("operator/chain.pem"));
        self.expect(0, &["pki", "intermediate", "-root", &root, "-csr", &csr, "-out", &chain, "-passphrase-file", &passphrase]);
        chain
    }

    /// Initialises Vault and opens the second gate with it.
    pub(crate) fn initialise(&self) {
        let (root_ca, name, secret) = (self.output("root_ca_file"), self.output("vault_server_name"), self.output("root_token_secret"));
        let out = self.path("operator/recovery-keys").display().to_string();
        let address = self.sandbox().vault_address().unwrap().to_owned();
        let mut arguments = vec!["vault", "init", "-gate", "vault_init", "-address", &address, "-ca-cert", &root_ca, "-tls-server-name", &name];
        arguments.extend(["-recovery-shares", "5", "-recovery-threshold", "3", "-out", &out, "-root-token-secret", &secret]);
        arguments.extend(RECIPIENTS.iter().flat_map(|recipient| ["-recipient", recipient]));
        self.expect(0, &arguments);
    }

    /// Where the flagship is at its first or second gate, does what its instructions say.
    pub(crate) fn pass_gate(&self, text: &str) {
        if text.contains("Paused at gate.root_ca:") {
            let chain = self.sign();
            self.expect(0, &["gate", "open", "root_ca", "-file", &format!("chain_pem={chain}")]);
        } else {
            assert!(text.contains("Paused at gate.vault_init:"), "{text}");
            self.initialise();
        }
    }

    /// Vault with its root token.
    pub(crate) fn vault(&self) -> Vault {
        let secret = json!({ "SecretId": self.output("root_token_secret") });
        let token = self.emulator().json("secretsmanager", "secretsmanager.GetSecretValue", &secret);
        Vault {
            address: self.sandbox().vault_address().unwrap().to_owned(),
            name: self.output("vault_server_name"),
            root_ca: self.output("root_ca_file"),
            token: token["SecretString"].as_str().unwrap().to_owned(),
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            self.runtime.block_on(sandbox.stop());
        }
        if std::thread::panicking() {
            // What happened can be looked at.
            let kept = std::mem::replace(&mut self.work, tempfile::tempdir().unwrap()).keep();
            eprintln!("the stack and its sandbox's logs are in {}", kept.display());
        }
    }
}

/// The emulators are installed once for all tests of the binary.
fn cache() -> PathBuf {
    let var = |name| std::env::var_os(name).map(PathBuf::from);
    var("WEIR_CACHE_DIR").or_else(|| Some(var("XDG_CACHE_HOME").or_else(|| Some(var("HOME")?.join(".cache")))?.join("weir"))).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        // What somebody has applied in the repository's folder is not copied.
        if name.to_str().is_some_and(|name| name.contains("tfstate") || name.ends_with(".auto.tfvars") || name == "workspace") {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

pub(crate) fn told(output: &Output) -> (Option<i32>, String) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("panicked"), "{text}");
    (output.status.code(), text)
}
