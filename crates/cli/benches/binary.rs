//! The binary as a whole: what a command costs from start to end.
//!
//! `cargo bench --bench binary` prints a table: milliseconds of CPU (user and system) and of wall time, each a mean of many runs, and what they may be at most. `weir version` is the start alone; the
//! plans are of the flagship in a sandbox, without a refresh: from nothing, and with the state of its first stages (applied up to the gate root_ca).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use weir_sandbox::{Options, Sandbox};

/// CPU milliseconds of all child processes that have ended (user and system), from Linux's /proc.
fn cpu_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // cutime and cstime, in ticks of 10 ms.
    (ticks(13) + ticks(14)) * 10.0
}

/// Where the emulators are installed, as `weir sandbox` has it.
fn cache() -> Option<PathBuf> {
    let var = |name| std::env::var_os(name).map(PathBuf::from);
    var("WEIR_CACHE_DIR").or_else(|| Some(var("XDG_CACHE_HOME").or_else(|| Some(var("HOME")?.join(".cache")))?.join("weir")))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else if !name.to_string_lossy().contains("tfstate") {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

struct Place {
    folder: PathBuf,
    env: Vec<(String, String)>,
}

impl Place {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.args(arguments).current_dir(&self.folder).envs(self.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// A row: the means over these many runs.
    fn measure(&self, name: &str, arguments: &[&str], runs: u32, limit: &str) {
        let run = || assert!(self.command(arguments).status().is_ok_and(|status| status.success()), "weir {arguments:?} failed");
        // The first one fills the system's caches.
        run();
        let (cpu, began) = (cpu_of_children(), Instant::now());
        (0..runs).for_each(|_| run());
        let (cpu, wall) = (cpu_of_children() - cpu, began.elapsed().as_secs_f64() * 1000.0);
        print(&format!("{name:<44} {:>9.1} {:>9.1} {limit:>12}", cpu / f64::from(runs), wall / f64::from(runs)));
    }
}

fn main() {
    // `cargo test --benches` runs benches too: then only as a check that they work.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let (many, some) = if quick { (1, 1) } else { (100, 20) };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = tempfile::tempdir().expect("a temporary folder");
    print(&format!("{:<44} {:>9} {:>9} {:>12}", "command", "CPU ms", "wall ms", "at most"));
    Place { folder: work.path().to_owned(), env: Vec::new() }.measure("weir version", &["version"], many, "10 ms");

    let stack = work.path().join("stacks/vault-platform");
    copy(&root.join("modules"), &work.path().join("modules")).and_then(|()| copy(&root.join("stacks/vault-platform"), &stack)).expect("a copy of the flagship");
    fs::rename(stack.join("sandbox.tfvars"), stack.join("sandbox.auto.tfvars")).expect("the sandbox's variables");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let options = Options { nodes: false, ..Options::new(cache().expect("WEIR_CACHE_DIR or HOME"), work.path().join("sandbox")) };
    let sandbox = runtime.block_on(Sandbox::start(options, |_| {})).expect("a sandbox");
    let place = Place { folder: stack, env: sandbox.env() };
    let plan = ["plan", "-refresh=false"];
    place.measure("plan of the flagship, nothing applied", &plan, some, "100 ms CPU");
    let applied = place.command(&["apply", "-auto-approve"]).status().expect("weir");
    assert_eq!(applied.code(), Some(3), "the apply stops at the first gate");
    place.measure("plan of the flagship, up to the gate root_ca", &plan, some, "100 ms CPU");
    runtime.block_on(sandbox.stop());
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its table")]
fn print(line: &str) {
    println!("{line}");
}
