//! The flagship's network and cluster stages against the emulated AWS: how many API requests a run makes for how many objects, and how long it takes.
//!
//! `cargo bench --bench requests` prints a table. Its rows are the apply of the stages from nothing, the plan that finds nothing to do, and destroy; the columns are the objects that are concerned,
//! the API requests (as the emulator counts them), their ratio, and the wall time. Then follow the requests of the plan by operation. The stage `pki` is part of it, as the cluster needs it.
//!
//! `cargo test` runs it for the network stage alone. Either way it fails when the plan makes more requests than its budget. The budget is what there is to ask: each request of the plan is for another kind of
//! thing, so that more subnets, routes or rules cost no further ones.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use std::{env, fs};

/// Says that we were started by ourselves, inside the sandbox, and where its folder is.
const INSIDE: &str = "WEIR_BENCH_INSIDE";
/// At most so many requests for each hundred objects in a plan that finds nothing to do: of both stages, and of the network alone.
const BUDGET: [usize; 2] = [63, 54];

fn main() -> ExitCode {
    if let Some(work) = env::var_os(INSIDE) {
        return inside(Path::new(&work));
    }
    let work = tempfile::tempdir().expect("a temporary folder");
    let own = env::current_exe().expect("our own path");
    let mut sandbox = Command::new(env!("CARGO_BIN_EXE_weir"));
    sandbox
        .arg("sandbox")
        .arg(format!("-work-dir={}", work.path().display()))
        .args(["-nodes=false", "-exec"])
        .arg(own)
        .args(env::args().skip(1))
        .env(INSIDE, work.path());
    match sandbox.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// A copy of the stack.
struct Stack {
    folder: PathBuf,
    log: PathBuf,
}

/// What a command cost.
struct Cost {
    requests: Vec<String>,
    seconds: f64,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (from, to, name) = (entry.path(), to.join(entry.file_name()), entry.file_name());
        // What a run leaves in the folder stays out.
        if name == "workspace" || name.to_string_lossy().starts_with('.') || name.to_string_lossy().starts_with("terraform.tfstate") {
            continue;
        }
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}

impl Stack {
    fn new(work: &Path) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(&root.join("modules"), &work.join("copy/modules"));
        let folder = work.join("copy/stacks/vault-platform");
        copy(&root.join("stacks/vault-platform"), &folder);
        fs::copy(root.join("stacks/vault-platform/sandbox.tfvars"), folder.join("sandbox.auto.tfvars")).expect("a copy");
        Self { folder, log: work.join("logs/requests.log") }
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.log).expect("the emulator's log").lines().map(str::to_owned).collect()
    }

    /// Runs Weir, which has to end with that code; gives what it printed.
    fn weir<A: AsRef<OsStr>>(&self, code: i32, arguments: impl IntoIterator<Item = A>) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.args(arguments).current_dir(&self.folder).env("NO_COLOR", "1").env_remove(INSIDE).stdin(Stdio::null());
        let output = command.output().expect("weir runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert_eq!(output.status.code(), Some(code), "{command:?}\n{out}\n{err}");
        out
    }

    fn measure<A: AsRef<OsStr>>(&self, code: i32, arguments: impl IntoIterator<Item = A>) -> Cost {
        let (before, began) = (self.lines().len(), Instant::now());
        self.weir(code, arguments);
        let seconds = began.elapsed().as_secs_f64();
        Cost { requests: self.lines().split_off(before), seconds }
    }

    /// The managed objects of the two stages, and of `pki`, which the cluster needs.
    fn objects(&self) -> usize {
        let listed = self.weir(0, ["state", "list"]);
        let ours = |line: &&str| ["network.", "cluster.", "pki."].iter().any(|stage| line.contains(stage)) && !line.contains(".data.");
        listed.lines().filter(ours).count()
    }
}

/// Applies both stages, with the person's work at the gate between them.
fn both(stack: &Stack, work: &Path) -> Cost {
    let (root, chain) = (work.join("root-ca"), work.join("chain.pem"));
    fs::write(work.join("passphrase"), "only for a benchmark").expect("a file");
    let passphrase = format!("-passphrase-file={}", work.join("passphrase").display());
    let first = stack.measure(3, ["apply", "-auto-approve"]);
    stack.weir(0, ["pki", "root", &format!("-out={}", root.display()), "-common-name=Root", &passphrase]);
    let request = format!("-csr={}", stack.folder.join("workspace/intermediate.csr.pem").display());
    stack.weir(0, ["pki", "intermediate", &format!("-root={}", root.display()), &request, &format!("-out={}", chain.display()), &passphrase]);
    stack.weir(0, ["gate", "open", "root_ca", "-file", &format!("chain_pem={}", chain.display())]);
    let second = stack.measure(3, ["apply", "-auto-approve"]);
    Cost { requests: [first.requests, second.requests].concat(), seconds: first.seconds + second.seconds }
}

fn inside(work: &Path) -> ExitCode {
    let stack = Stack::new(work);
    let quick = !env::args().any(|argument| argument == "--bench");
    let targets: &[&str] = if quick { &["-target=stage.network"] } else { &["-target=stage.network", "-target=stage.cluster"] };
    let apply = if quick { stack.measure(0, ["apply", "-auto-approve"].iter().chain(targets)) } else { both(&stack, work) };
    let objects = stack.objects();
    let plan = stack.measure(0, ["plan", "-detailed-exitcode"].iter().chain(targets));
    let destroy = stack.measure(0, ["destroy", "-auto-approve"]);
    print(&format!("{:<12} {:>8} {:>9} {:>11} {:>8}", "run", "objects", "requests", "per object", "wall s"));
    for (name, cost) in [("apply", &apply), ("no-op plan", &plan), ("destroy", &destroy)] {
        let requests = cost.requests.len();
        print(&format!("{name:<12} {objects:>8} {requests:>9} {:>11.2} {:>8.1}", requests as f64 / objects as f64, cost.seconds));
    }
    print("\nrequests of the no-op plan:");
    let mut by_operation: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &plan.requests {
        *by_operation.entry(line.rsplitn(3, ' ').nth(2).unwrap_or(line)).or_default() += 1;
    }
    for (operation, number) in by_operation {
        print(&format!("{number:>4} {operation}"));
    }
    let budget = objects * BUDGET[usize::from(quick)] / 100;
    assert!(plan.requests.len() <= budget, "the plan made {} requests for {objects} objects: at most {budget} are allowed", plan.requests.len());
    ExitCode::SUCCESS
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its table")]
fn print(line: &str) {
    println!("{line}");
}
