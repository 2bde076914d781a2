//! The rules of ARCHITECTURE.md that a compiler does not check, and that every stack, module and example in the repository is a valid one.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// From words to roof. A crate imports from floors below its own.
const FLOORS: [&[&str]; 6] = [
    &["addr", "diag", "value", "graph", "provider-derive"],
    &["config", "provider", "state"],
    &["eval", "aws", "vault", "builtin", "plugin", "sandbox"],
    &["plan"],
    &["apply"],
    &["cli"],
];

/// Crates that stand for one real system each.
const SYSTEMS: [&str; 5] = ["aws", "vault", "builtin", "plugin", "sandbox"];

/// What only the roof may do, and who does it all the same: file, what, why.
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    ("crates/vault/src/connection.rs", "env::", "the credential chain of Vault's own tools"),
    ("crates/provider-derive/src/list.rs", "env::", "a macro: runs in the compiler"),
];

const ROOFS_ALONE: [&str; 9] = ["println!", "print!", "dbg!", "env::", "process::exit", "process::abort", "io::stdout", "io::stderr", "io::stdin"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The keys of a manifest's `[dependencies]`, by crate; the roof's manifest is that of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let read = |krate: String| {
        let manifest = if krate == "cli" { root().join("Cargo.toml") } else { root().join("crates").join(&krate).join("Cargo.toml") };
        let text = fs::read_to_string(&manifest).unwrap();
        let section = text.lines().skip_while(|line| line.trim() != "[dependencies]").skip(1).take_while(|line| !line.starts_with('['));
        let keys = section.filter_map(|line| line.split(['=', '.', ' ']).next()).filter(|key| !key.is_empty() && !key.starts_with('#'));
        let keys: BTreeSet<String> = keys.map(str::to_owned).collect();
        (krate, keys)
    };
    folders(&root().join("crates")).iter().map(|dir| read(name(dir))).collect()
}

fn floor(krate: &str) -> usize {
    FLOORS.iter().position(|floor| floor.contains(&krate)).unwrap_or_else(|| panic!("crates/{krate} has no floor: give it one here and in ARCHITECTURE.md"))
}

#[test]
fn crates_import_only_from_lower_floors() {
    let mut faults = Vec::new();
    for (krate, needs) in dependencies() {
        for need in needs.iter().filter_map(|need| need.strip_prefix("weir-")) {
            if floor(need) >= floor(&krate) {
                faults.push(format!("{krate} (floor {}) imports {need} (floor {})", floor(&krate), floor(need)));
            }
            if SYSTEMS.contains(&krate.as_str()) && floor(need) > 0 && need != "provider" {
                faults.push(format!("{krate} stands for one real system, so it imports no engine crate but provider: not {need}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(dependencies().len(), FLOORS.iter().map(|floor| floor.len()).sum::<usize>());
}

#[test]
fn vendors_sdks_stay_in_the_crates_of_real_systems() {
    let all = dependencies();
    let users = |sdk: &str| -> Vec<&str> { all.iter().filter(|(_, needs)| needs.iter().any(|need| need.starts_with(sdk))).map(|(krate, _)| krate.as_str()).collect() };
    assert_eq!(users("aws-"), ["aws"]);
    assert_eq!(users("reqwest"), ["builtin", "plugin", "sandbox", "vault"]);
}

/// Packages with their features, as cargo resolves them.
fn resolved(arguments: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--offline", "--locked", "--prefix=none", "--format={p} [{f}]"]).args(arguments).current_dir(root());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let mut all = BTreeMap::<String, BTreeSet<String>>::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let line = line.trim_end_matches(" (*)");
        if let Some((package, features)) = line.rsplit_once(" [") {
            all.entry(package.to_owned()).or_default().insert(features.to_owned());
        }
    }
    all
}

/// Else `cargo run` and `cargo test` would compile the SDK once each, a quarter of an hour: what only tests ask of a dependency stands in the root manifest too.
#[test]
fn what_is_run_and_what_is_tested_is_compiled_once() {
    let sdk = resolved(&["--package=weir-aws", "--edges=normal,build"]);
    let run = resolved(&["--package=weir", "--edges=normal,build"]);
    let tested = resolved(&["--workspace", "--edges=normal,build,dev"]);
    let differing: Vec<_> = run.iter().filter(|(package, features)| sdk.contains_key(*package) && !features.is_subset(&tested[*package])).collect();
    assert!(run.len() > 100 && differing.is_empty(), "{differing:#?}");
}

/// The lines of a source file that are compiled into the product: no comments, and no tests, which stand at the end.
fn product(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = |line: &&str| line.starts_with("#[cfg(test)]");
    let lines: Vec<&str> = text.lines().collect();
    // A test-only `mod` line in the midst of the file is not its end.
    let end = lines.iter().enumerate().position(|(at, line)| tests(line) && lines.get(at + 1).is_some_and(|next| next.ends_with('{'))).unwrap_or(lines.len());
    lines.into_iter().enumerate().take(end).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn only_the_roof_prints_reads_the_environment_and_exits() {
    let (mut faults, mut used) = (Vec::new(), BTreeSet::new());
    for krate in folders(&root().join("crates")).iter().filter(|dir| name(dir) != "cli") {
        let mut sources = Vec::new();
        files(&krate.join("src"), &mut sources);
        // Only tests use a harness.
        for source in sources.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs") && name(path) != "harness.rs") {
            let shown = source.strip_prefix(root()).unwrap().display().to_string();
            let text = fs::read_to_string(source).unwrap();
            for (at, line) in product(&text) {
                for what in ROOFS_ALONE.iter().filter(|what| line.contains(**what)) {
                    if EXCEPTIONS.iter().any(|(file, allowed, _)| *file == shown && allowed == what) {
                        used.insert(shown.clone());
                    } else {
                        faults.push(format!("{shown}:{}: {}", at + 1, line.trim()));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(used.len(), EXCEPTIONS.len(), "an exception is not needed any more");
}

/// What is computed from a configuration depends on nothing but what the caller hands in.
#[test]
fn meaning_is_pure() {
    let mut faults = Vec::new();
    for krate in ["addr", "config", "diag", "eval", "graph", "value"] {
        let mut sources = Vec::new();
        files(&root().join("crates").join(krate).join("src"), &mut sources);
        for source in sources.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
            let text = fs::read_to_string(source).unwrap();
            for (at, line) in product(&text) {
                if ["std::fs", "std::process", "std::time::Instant", "SystemTime", "TcpStream", "tokio::", "rand::", "new_v4"].iter().any(|what| line.contains(what)) {
                    faults.push(format!("{}:{}: {}", source.display(), at + 1, line.trim()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

fn weir(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.args(arguments).current_dir(dir).env("NO_COLOR", "1").env("TF_INPUT", "0");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_stack_module_and_example_is_valid() {
    let mut count = 0;
    for kind in ["stacks", "modules", "examples"] {
        for dir in folders(&root().join(kind)) {
            let output = weir(&dir, &["validate"]);
            assert!(output.status.success(), "{}:\n{}", dir.display(), said(&output));
            count += 1;
        }
    }
    assert!(count >= 10, "{count} folders were found");
}

/// Examples need no account, so they are made, found unchanged and destroyed.
#[test]
fn every_example_does_what_it_says() {
    for example in folders(&root().join("examples")) {
        let work = std::env::temp_dir().join(format!("weir-example-{}-{}", std::process::id(), name(&example)));
        let mut sources = Vec::new();
        files(&example, &mut sources);
        for source in sources.iter().filter(|path| path.extension().is_some_and(|extension| extension == "tf" || extension == "hcl")) {
            let target = work.join(source.strip_prefix(&example).unwrap());
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(source, target).unwrap();
        }
        let answers = sources.iter().find(|path| name(path).ends_with(".answers.hcl")).map(|path| format!("-answers={}", name(path)));
        let apply: Vec<&str> = ["apply", "-auto-approve"].into_iter().chain(answers.as_deref()).collect();
        for (arguments, code) in
            [(&["plan", "-detailed-exitcode"][..], 2), (&apply[..], 0), (&["plan", "-detailed-exitcode"][..], 0), (&["destroy", "-auto-approve"][..], 0)]
        {
            let output = weir(&work, arguments);
            assert_eq!(output.status.code(), Some(code), "{} {arguments:?}:\n{}", example.display(), said(&output));
        }
        assert_eq!(said(&weir(&work, &["state", "list"])), "");
        fs::remove_dir_all(&work).unwrap();
    }
}

/// What the papers at the top name in backticks is there.
#[test]
fn papers_name_files_that_exist() {
    let tops = ["crates/", "stacks/", "modules/", "examples/", "tests/", ".ci/"];
    for paper in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root().join(paper)).unwrap();
        for quoted in text.split('`').skip(1).step_by(2) {
            let path = quoted.split(['#', ' ', ',']).next().unwrap();
            let pattern = path.contains(['*', '<', '…'])
                || path.split('/').any(|part| part.trim_end_matches(".rs").chars().all(|letter| letter.is_ascii_uppercase() || letter == '_') && !part.is_empty());
            if tops.iter().any(|top| path.starts_with(top)) && !pattern {
                assert!(root().join(path).exists(), "{paper} names {path}, which does not exist");
            }
        }
    }
}
