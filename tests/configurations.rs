//! Configurations in several steps, with the answers of the incumbent: `tests/configurations/*.txt`.
//!
//! A file holds cases. `=== name` begins one, `--- path` a file of it (an empty one is removed), `>>> command` a step, followed by its answer: how it ends, where the errors
//! stand, what was planned, and outputs and objects afterwards. UUIDs are numbered as they appear in a case, so that one sees which object is the same as before.
//!
//! To write the answers anew, let another implementation give them: `CONFIGURATIONS_FROM=/usr/bin/tofu cargo test --test configurations`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;

#[derive(Clone)]
enum Part {
    File(String, String),
    Step(String, Vec<String>),
}

struct Case {
    name: String,
    parts: Vec<Part>,
}

fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            cases.push(Case { name: name.to_owned(), parts: Vec::new() });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(path) = line.strip_prefix("--- ") {
            case.parts.push(Part::File(path.to_owned(), String::new()));
        } else if let Some(command) = line.strip_prefix(">>> ") {
            case.parts.push(Part::Step(command.to_owned(), Vec::new()));
        } else {
            match case.parts.last_mut() {
                Some(Part::File(_, text)) => {
                    text.push_str(line);
                    text.push('\n');
                }
                Some(Part::Step(_, answer)) if !line.is_empty() => answer.push(line.to_owned()),
                _ => {}
            }
        }
    }
    cases
}

/// One case under way.
struct Run {
    binary: PathBuf,
    initialise: bool,
    dir: tempfile::TempDir,
    /// UUIDs in the order in which they were seen.
    ids: Vec<String>,
    /// What a command printed that ended otherwise than it should.
    trouble: String,
}

impl Run {
    fn command(&mut self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.dir.path()).env("NO_COLOR", "1").env("TF_CLI_CONFIG_FILE", "").env("TF_IN_AUTOMATION", "1").stdin(Stdio::null());
        let output = command.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
        let code = output.status.code().unwrap_or(-1);
        if code != 0 {
            self.trouble = format!("{out}{err}");
        }
        (code, out, err)
    }

    fn step(&mut self, command: &str) -> Vec<String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let (verb, rest) = words.split_first().unwrap();
        self.trouble.clear();
        let mut answer = Vec::new();
        if self.initialise && *verb != "fmt" {
            let (code, _, err) = self.command(&["init", "-input=false", "-no-color"]);
            if code != 0 {
                return failed(code, &err);
            }
        }
        match *verb {
            "plan" | "apply" | "destroy" => {
                let mut arguments = vec!["plan", "-input=false", "-no-color", "-out=saved.plan"];
                arguments.extend((*verb == "destroy").then_some("-destroy"));
                arguments.extend(rest);
                let (code, out, err) = self.command(&arguments);
                if code != 0 {
                    return failed(code, &err);
                }
                answer.extend(warnings(&(out + &err)));
                self.planned(&mut answer);
                if *verb == "plan" {
                    return answer;
                }
                let (code, out, err) = self.command(&["apply", "-input=false", "-no-color", "saved.plan"]);
                if code != 0 {
                    answer.extend(failed(code, &err));
                } else {
                    answer.retain(|line| !line.starts_with("warning "));
                    answer.extend(warnings(&(out + &err)));
                }
                self.state(&mut answer);
            }
            _ => {
                let mut arguments = vec![*verb];
                arguments.extend(rest);
                let (code, out, err) = self.command(&arguments);
                if code != 0 {
                    return failed(code, &(out + &err));
                }
                match *verb {
                    "validate" => answer.push("valid".to_owned()),
                    "state" | "taint" | "untaint" | "import" => self.state(&mut answer),
                    _ => answer.extend(out.lines().map(|line| format!("says {line}").trim_end().to_owned())),
                }
            }
        }
        answer
    }

    fn json(&mut self, arguments: &[&str]) -> Json {
        let (code, out, err) = self.command(arguments);
        assert_eq!(code, 0, "{arguments:?}: {err}");
        serde_json::from_str(&out).unwrap()
    }

    fn planned(&mut self, answer: &mut Vec<String>) {
        let plan = self.json(&["show", "-json", "saved.plan"]);
        let mut lines = BTreeSet::new();
        for change in plan["resource_changes"].as_array().into_iter().flatten() {
            let actions = list(&change["change"]["actions"]);
            let moved = change["previous_address"].as_str().map(|from| format!(" from {from}")).unwrap_or_default();
            let imported = if change["change"]["importing"].is_object() { " imported" } else { "" };
            if actions == "no-op" && moved.is_empty() && imported.is_empty() {
                continue;
            }
            let reason = change["action_reason"].as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let deposed = if change["deposed"].is_string() { " deposed" } else { "" };
            let unknown = match &change["change"]["after_unknown"] {
                Json::Object(entries) => entries.iter().filter(|(_, value)| **value == Json::Bool(true)).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(","),
                _ => String::new(),
            };
            let unknown = if unknown.is_empty() { String::new() } else { format!(" unknown {unknown}") };
            lines.insert(format!("plan {} {actions}{moved}{imported}{deposed}{reason}{unknown}", change["address"].as_str().unwrap()));
        }
        for (name, change) in plan["output_changes"].as_object().into_iter().flatten() {
            let actions = list(&change["actions"]);
            if actions != "no-op" {
                let unknown = if change["after_unknown"] == Json::Bool(true) { " unknown" } else { "" };
                lines.insert(format!("plan output.{name} {actions}{unknown}"));
            }
        }
        if lines.is_empty() {
            lines.insert("plan nothing".to_owned());
        }
        answer.extend(lines);
    }

    fn state(&mut self, answer: &mut Vec<String>) {
        let state = self.json(&["show", "-json"]);
        let mut objects = Vec::new();
        collect(&state["values"]["root_module"], &mut objects);
        objects.sort_by_key(|object| object["address"].as_str().unwrap().to_owned());
        for object in objects {
            let tainted = if object["tainted"] == Json::Bool(true) { " tainted" } else { "" };
            let deposed = if object["deposed_key"].is_string() { " deposed" } else { "" };
            let line = format!("state {}{tainted}{deposed} {}", object["address"].as_str().unwrap(), short(&object["values"]));
            answer.push(self.numbered(&line));
        }
        for (name, output) in state["values"]["outputs"].as_object().into_iter().flatten() {
            let sensitive = if output["sensitive"] == Json::Bool(true) { " sensitive" } else { "" };
            let line = format!("output {name}{sensitive} {} {}", output["type"], output["value"]);
            answer.push(self.numbered(&line));
        }
        for check in state["checks"].as_array().into_iter().flatten() {
            answer.push(format!("check {} {}", check["address"]["to_display"].as_str().unwrap(), check["status"].as_str().unwrap()));
        }
    }

    /// UUIDs become numbers.
    fn numbered(&mut self, line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some(at) = (0..rest.len()).find(|at| rest.get(*at..at + 36).is_some_and(is_uuid)) {
            let id = &rest[at..at + 36];
            let number = self.ids.iter().position(|known| known == id).unwrap_or_else(|| {
                self.ids.push(id.to_owned());
                self.ids.len() - 1
            });
            let _ = write!(out, "{}#{}", &rest[..at], number + 1);
            rest = &rest[at + 36..];
        }
        out + rest
    }
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) })
}

fn list(actions: &Json) -> String {
    actions.as_array().unwrap().iter().map(|action| action.as_str().unwrap()).collect::<Vec<_>>().join("+")
}

/// An object without what is null.
fn short(values: &Json) -> Json {
    match values {
        Json::Object(entries) => Json::Object(entries.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())).collect()),
        other => other.clone(),
    }
}

fn collect(module: &Json, objects: &mut Vec<Json>) {
    objects.extend(module["resources"].as_array().into_iter().flatten().cloned());
    for child in module["child_modules"].as_array().into_iter().flatten() {
        collect(child, objects);
    }
}

/// How a command failed: where its errors stand.
fn failed(code: i32, err: &str) -> Vec<String> {
    let mut places = told(err, "Error: ");
    places.sort();
    places.dedup();
    let mut answer: Vec<String> = places.into_iter().map(|(place, _)| format!("error {place}")).collect();
    answer.dedup();
    // Some say once more, without a place, that there were errors.
    if answer.len() > 1 {
        answer.retain(|line| line != "error -");
    }
    answer.insert(0, format!("exit {code}"));
    answer
}

/// The warnings that belong to the language; others are each implementation's own.
fn warnings(err: &str) -> Vec<String> {
    let found = told(err, "Warning: ").into_iter().filter(|(_, summary)| summary == "Check block assertion failed");
    let all: BTreeSet<String> = found.map(|(place, summary)| format!("warning {place} {summary}")).collect();
    all.into_iter().collect()
}

/// A text without the escape sequences of terminals, which not every command can be told to leave out.
fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// Diagnostics by place and summary.
fn told(err: &str, severity: &str) -> Vec<(String, String)> {
    let plain = without_colours(err);
    let lines: Vec<&str> = plain.lines().map(|line| line.trim_start_matches(['│', '╷', '╵', ' '])).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(summary) = line.strip_prefix(severity) else { continue };
        let next = lines[at + 1..].iter().take_while(|line| !line.starts_with("Error: ") && !line.starts_with("Warning: "));
        let place = next.filter_map(|line| line.strip_prefix("on ")).find_map(|line| {
            let (file, rest) = line.split_once(" line ")?;
            Some(format!("{file}:{}", rest.split([',', ':']).next()?))
        });
        found.push((place.unwrap_or_else(|| "-".to_owned()), (*summary).to_owned()));
    }
    found
}

fn carry_out(case: &Case, binary: &Path, initialise: bool) -> (Vec<Part>, String) {
    let mut run = Run { binary: binary.to_owned(), initialise, dir: tempfile::tempdir().unwrap(), ids: Vec::new(), trouble: String::new() };
    let mut parts = Vec::new();
    let mut trouble = String::new();
    for part in &case.parts {
        match part {
            Part::File(path, text) => {
                let place = run.dir.path().join(path);
                if text.trim().is_empty() {
                    fs::remove_file(&place).unwrap();
                } else {
                    fs::create_dir_all(place.parent().unwrap()).unwrap();
                    fs::write(&place, text).unwrap();
                }
                parts.push(part.clone());
            }
            Part::Step(command, expected) => {
                let answer = run.step(command);
                if !agrees(&answer, expected) && trouble.is_empty() {
                    trouble = format!(">>> {command}\n{}\nexpected:\n  {}\nfound:\n  {}", run.trouble, expected.join("\n  "), answer.join("\n  "));
                }
                parts.push(Part::Step(command.clone(), answer));
            }
        }
    }
    (parts, trouble)
}

/// An error that has no place in the golden answer may have one here.
fn agrees(found: &[String], expected: &[String]) -> bool {
    let placeless = expected.iter().any(|line| line == "error -");
    let bare = |lines: &[String]| {
        let mut lines: Vec<String> = lines.iter().map(|line| if placeless && line.starts_with("error ") { "error -".to_owned() } else { line.clone() }).collect();
        lines.dedup();
        lines
    };
    bare(found) == bare(expected)
}

fn write(cases: &[(String, Vec<Part>)]) -> String {
    let mut text = String::new();
    for (name, parts) in cases {
        let _ = writeln!(text, "=== {name}");
        for part in parts {
            match part {
                Part::File(path, content) => drop(write!(text, "--- {path}\n{content}")),
                Part::Step(command, answer) => {
                    let _ = writeln!(text, ">>> {command}");
                    for line in answer {
                        let _ = writeln!(text, "{line}");
                    }
                }
            }
        }
        text.push('\n');
    }
    text
}

#[test]
fn answers() {
    let other = std::env::var_os("CONFIGURATIONS_FROM").map(PathBuf::from);
    let binary = other.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_weir")));
    let only = std::env::var("CONFIGURATIONS_ONLY").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configurations");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.sort();
    let files: Vec<(PathBuf, Vec<Case>)> = files.into_iter().map(|path| (path.clone(), read(&fs::read_to_string(&path).unwrap()))).collect();
    let todo: Vec<(usize, usize)> = files.iter().enumerate().flat_map(|(file, (_, cases))| (0..cases.len()).map(move |case| (file, case))).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((file, at)) = todo.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let case = &files[*file].1[*at];
                    if case.name.contains(&only) || other.is_some() {
                        let result = carry_out(case, &binary, other.is_some());
                        done.lock().unwrap().push((*file, *at, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(file, at, _)| (*file, *at));
    if other.is_some() {
        for (file, (path, cases)) in files.iter().enumerate() {
            let parts = |at: usize| done.iter().find(|(f, a, _)| (*f, *a) == (file, at)).map(|(.., (parts, _))| parts.clone()).unwrap();
            let written: Vec<_> = cases.iter().enumerate().map(|(at, case)| (case.name.clone(), parts(at))).collect();
            fs::write(path, write(&written)).unwrap();
        }
        return;
    }
    let wrong: Vec<String> = done
        .iter()
        .filter(|(.., (_, trouble))| !trouble.is_empty())
        .map(|(file, at, (_, trouble))| format!("{} === {}\n{trouble}", files[*file].0.file_stem().unwrap().to_string_lossy(), files[*file].1[*at].name))
        .collect();
    assert!(only.is_empty() || !done.is_empty(), "no case is called like {only:?}");
    assert!(!only.is_empty() || done.len() >= 150, "only {} cases were found", done.len());
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}", wrong.len(), done.len(), wrong.join("\n\n"));
}
