//! The engine on many small objects: how its CPU time and memory grow.
//!
//! `cargo bench -p weir-apply` prints a table. Each row is a shape of configuration (one block with `count`, separate blocks, layers of blocks that refer to the layer before, one chain of references) and a number of
//! `terraform_data` instances; the columns are CPU milliseconds of a plan from nothing, its apply, and the plan that finds nothing to do, and the resident memory after it. The last column is the time
//! per object as a ratio to the smallest size of the shape: about 1 means linear.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use weir_addr::ProviderAddr;
use weir_apply::{Applying, Stop, apply};
use weir_config::{FileSystem, load};
use weir_plan::{Catalog, DiskHost, Nodes, Options, Planning, plan};
use weir_state::{Journal, State};

/// One file in memory.
struct Memory(String);

impl FileSystem for Memory {
    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(vec!["main.tf".to_owned()])
    }
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.clone().into_bytes())
    }
}

fn count(n: usize) -> String {
    format!("resource \"terraform_data\" \"x\" {{\n  count = {n}\n  input = \"object ${{count.index}}\"\n}}\n")
}

fn blocks(n: usize) -> String {
    (0..n).map(|at| format!("resource \"terraform_data\" \"x{at}\" {{\n  input = \"object {at}\"\n}}\n")).collect()
}

/// Layers of 100 blocks, each referring to one block of the layer before.
fn layers(n: usize) -> String {
    (0..n)
        .map(|at| match at.checked_sub(100) {
            Some(before) => format!("resource \"terraform_data\" \"x{at}\" {{\n  input = terraform_data.x{before}.id\n}}\n"),
            None => format!("resource \"terraform_data\" \"x{at}\" {{\n  input = \"object {at}\"\n}}\n"),
        })
        .collect()
}

fn chain(n: usize) -> String {
    (0..n)
        .map(|at| match at.checked_sub(1) {
            Some(before) => format!("resource \"terraform_data\" \"x{at}\" {{\n  input = terraform_data.x{before}.id\n}}\n"),
            None => "resource \"terraform_data\" \"x0\" {\n  input = \"first\"\n}\n".to_owned(),
        })
        .collect()
}

/// CPU milliseconds of this process so far (user and system), from Linux's /proc.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // utime and stime, in ticks of 10 ms.
    (ticks(11) + ticks(12)) * 10.0
}

/// Resident memory in MiB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

struct Row {
    plan: f64,
    apply: f64,
    again: f64,
    memory: f64,
}

async fn measure(text: String) -> Row {
    let mut catalog = Catalog::default();
    for (addr, local, provider) in weir_builtin::providers() {
        let addr: ProviderAddr = addr.parse().expect("an address of our own");
        catalog.add(addr, local, provider);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let started = cpu();
    let (config, diags) = load(&Memory(text), Path::new("."));
    assert!(!diags.has_errors());
    let (nodes, diags) = Nodes::build(&config);
    assert!(!diags.has_errors());
    let (options, given) = (Options { parallelism: 10, ..Options::default() }, BTreeMap::new());
    let host = DiskHost::new(PathBuf::from("."), None, "2030-01-01T00:00:00Z".into());
    let planning = |prior| Planning {
        config: &config,
        nodes: &nodes,
        catalog: &catalog,
        host: &host,
        prior,
        options: &options,
        cwd: PathBuf::from("."),
        workspace: "default".to_owned(),
        given: &given,
        candidate: None,
    };
    let prior = State::default();
    let made = plan(planning(&prior)).await;
    assert!(!made.diags.has_errors());
    let planned = cpu();
    let journal = Journal::open(folder.path().join("journal"), &prior.lineage, 0).expect("a journal");
    let applied = apply(Applying {
        config: &config,
        nodes: &nodes,
        catalog: &catalog,
        host: &DiskHost::new(PathBuf::from("."), None, "2030-01-01T00:00:00Z".into()).applying("2030-01-01T00:00:00Z".into()),
        prior: &prior,
        options: &options,
        cwd: PathBuf::from("."),
        workspace: "default".to_owned(),
        given: &given,
        made: &made,
        journal: &journal,
        events: &|_| {},
        stop: &Stop::default(),
    })
    .await;
    assert!(!applied.diags.has_errors() && !applied.incomplete);
    applied.state.to_bytes().expect("a state file");
    let finished = cpu();
    drop(made);
    let again = plan(planning(&applied.state)).await;
    assert!(again.plan.is_empty());
    Row { plan: planned - started, apply: finished - planned, again: cpu() - finished, memory: memory() }
}

fn main() {
    // `cargo test` runs benches too: then only the smallest size, as a check that they work.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let sizes: &[usize] = if quick { &[100] } else { &[1_000, 10_000, 100_000] };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    print(&format!("{:<8} {:>8} {:>10} {:>10} {:>12} {:>9} {:>7}", "shape", "objects", "plan ms", "apply ms", "no-op ms", "MiB", "ratio"));
    for (name, shape) in [("count", count as fn(usize) -> String), ("blocks", blocks), ("layers", layers), ("chain", chain)] {
        let mut first = None;
        for &n in sizes {
            let row = runtime.block_on(measure(shape(n)));
            let each = (row.plan + row.apply + row.again) / n as f64;
            let ratio = each / *first.get_or_insert(each.max(1e-6));
            print(&format!("{name:<8} {n:>8} {:>10.0} {:>10.0} {:>12.0} {:>9.0} {ratio:>7.2}", row.plan, row.apply, row.again, row.memory));
        }
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its table")]
fn print(line: &str) {
    println!("{line}");
}
