//! What `weir test` says: for people, or as events.

use serde_json::{Map, Value as Json, json};
use weir_diag::{Diagnostic, Diagnostics, Severity, Sources};

use crate::context::Context;
use crate::view::diagnostic_json::DiagnosticJson;

/// How a run or a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// Not carried out.
    Skip,
    /// All that had to hold holds.
    Pass,
    /// An assertion does not hold.
    Fail,
    /// It could not be carried out.
    Error,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
    /// Shown to people: an error is a failure too.
    fn word(self) -> &'static str {
        if self == Self::Error { "fail" } else { self.name() }
    }
}

/// The whole report.
pub(super) struct Report<'a> {
    context: &'a Context,
    json: bool,
    pub(super) verbose: bool,
    counts: [usize; 4],
    /// Some objects could not be destroyed again.
    leftovers: bool,
}

impl<'a> Report<'a> {
    pub(super) fn new(context: &'a Context, json: bool, verbose: bool) -> Self {
        Self { context, json, verbose, counts: [0; 4], leftovers: false }
    }

    fn event(&self, level: &str, message: String, place: (&str, Option<&str>), kind: &str, content: Option<Json>) {
        let mut event = Map::new();
        event.insert("@level".to_owned(), json!(level));
        event.insert("@message".to_owned(), json!(message));
        event.insert("@module".to_owned(), json!("weir.ui"));
        if !place.0.is_empty() {
            event.insert("@testfile".to_owned(), json!(place.0));
        }
        if let Some(run) = place.1 {
            event.insert("@testrun".to_owned(), json!(run));
        }
        event.insert("@timestamp".to_owned(), json!(jiff::Timestamp::now().to_string()));
        if let Some(content) = content {
            event.insert(kind.to_owned(), content);
        }
        event.insert("type".to_owned(), json!(kind));
        self.context.out.line(Json::Object(event).to_string());
    }

    /// Which files there are, with their runs.
    pub(super) fn begin<'f>(&self, files: impl Iterator<Item = (&'f str, Vec<&'f str>)>) {
        if !self.json {
            return;
        }
        let version = env!("CARGO_PKG_VERSION");
        self.event("info", format!("Weir {version}"), ("", None), "version", Some(json!({ "weir": version, "ui": "1.2" })));
        let files: Map<String, Json> = files.map(|(path, runs)| (path.to_owned(), json!(runs))).collect();
        let runs: usize = files.values().map(|runs| runs.as_array().map_or(0, Vec::len)).sum();
        let words = |count: usize, word: &str| if count == 1 { format!("{count} {word}") } else { format!("{count} {word}s") };
        let message = format!("Found {} and {}", words(files.len(), "file"), words(runs, "run block"));
        self.event("info", message, ("", None), "test_abstract", Some(Json::Object(files)));
    }

    /// A file begins.
    pub(super) fn file(&self, path: &str) {
        if self.json {
            self.event("info", format!("{path}... in progress"), (path, None), "test_file", Some(json!({ "path": path, "progress": "starting" })));
        } else {
            self.context.out.line(format!("{path}... in progress"));
        }
    }

    /// A run begins.
    pub(super) fn run(&self, path: &str, run: &str) {
        if self.json {
            let content = json!({ "path": path, "run": run, "progress": "starting", "elapsed": 0 });
            self.event("info", format!("  \"{run}\"... in progress"), (path, Some(run)), "test_run", Some(content));
        }
    }

    /// A run has ended.
    pub(super) fn ran(&mut self, path: &str, run: &str, status: Status, details: Option<String>, diags: &Diagnostics, sources: &Sources) {
        self.counts[status as usize] += 1;
        let word = status.word();
        if self.json {
            let content = json!({ "path": path, "run": run, "progress": "complete", "status": status.name() });
            self.event("info", format!("  \"{run}\"... {word}"), (path, Some(run)), "test_run", Some(content));
        } else {
            let paint = self.context.paint();
            let shown = if status == Status::Pass { paint.good(word) } else { word.to_owned() };
            self.context.out.line(format!("  run \"{run}\"... {shown}"));
            if let Some(details) = details {
                self.context.out.line(format!("\n{details}"));
            }
        }
        self.tell(path, Some(run), diags, sources);
    }

    /// What is wrong.
    pub(super) fn tell(&self, path: &str, run: Option<&str>, diags: &Diagnostics, sources: &Sources) {
        if !self.json {
            self.context.report(diags, sources);
            return;
        }
        for diagnostic in diags.iter() {
            let Diagnostic { severity, summary, .. } = diagnostic;
            let (level, word) = if *severity == Severity::Error { ("error", "Error") } else { ("warn", "Warning") };
            let content = serde_json::to_value(DiagnosticJson::new(diagnostic, sources)).unwrap_or(Json::Null);
            self.event(level, format!("{word}: {summary}"), (path, run), "diagnostic", Some(content));
        }
    }

    /// What was made is destroyed.
    pub(super) fn tearing_down(&self, path: &str) {
        if self.json {
            self.event("info", format!("{path}... tearing down"), (path, None), "test_file", Some(json!({ "path": path, "progress": "teardown" })));
        } else {
            self.context.out.line(format!("{path}... tearing down"));
        }
    }

    /// What a run has made is destroyed.
    pub(super) fn tearing_down_run(&self, path: &str, run: &str) {
        if self.json {
            let content = json!({ "path": path, "run": run, "progress": "teardown", "elapsed": 0 });
            self.event("info", format!("  \"{run}\"... tearing down"), (path, Some(run)), "test_run", Some(content));
        }
    }

    /// Objects of a run could not be destroyed again, which makes the whole fail.
    pub(super) fn left_over(&mut self, path: &str, run: &str, objects: &[String]) {
        self.leftovers = true;
        if self.json {
            let message = format!("Weir left some resources in state after executing {path}/{run}, they need to be cleaned up manually.");
            let failed: Vec<Json> = objects.iter().map(|object| json!({ "instance": object })).collect();
            self.event("error", message, (path, Some(run)), "test_cleanup", Some(json!({ "failed_resources": failed })));
            return;
        }
        let lines: Vec<String> = objects.iter().map(|object| format!("\n  - {object}")).collect();
        self.context
            .err
            .line(format!("\nWeir left the following resources in state after executing {path}/{run}, and they need to be cleaned up manually:{}", lines.concat()));
    }

    /// A file has ended.
    pub(super) fn filed(&self, path: &str, status: Status) {
        let word = status.word();
        if self.json {
            let content = json!({ "path": path, "progress": "complete", "status": status.name() });
            self.event("info", format!("{path}... {word}"), (path, None), "test_file", Some(content));
        } else {
            let paint = self.context.paint();
            let shown = if status == Status::Pass { paint.good(word) } else { word.to_owned() };
            self.context.out.line(format!("{path}... {shown}"));
        }
    }

    /// The sum of all.
    pub(super) fn end(&self) -> Status {
        let [skipped, passed, failed, errored] = self.counts;
        let status = match (errored, failed) {
            _ if self.leftovers => Status::Error,
            (0, 0) => Status::Pass,
            (0, _) => Status::Fail,
            _ => Status::Error,
        };
        let word = if status == Status::Pass { "Success!" } else { "Failure!" };
        let more = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        let text = format!("{word} {passed} passed, {} failed{more}.", failed + errored);
        if self.json {
            let content = json!({ "status": status.name(), "passed": passed, "failed": failed, "errored": errored, "skipped": skipped });
            self.event("info", text, ("", None), "test_summary", Some(content));
        } else {
            let paint = self.context.paint();
            self.context.out.line(format!("\n{}", if status == Status::Pass { paint.good(text) } else { text }));
        }
        status
    }
}
