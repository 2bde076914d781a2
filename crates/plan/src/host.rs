//! Files and clocks for expressions.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::RngCore;
use weir_config::syntax::{Ident, parse_template};
use weir_diag::{Diagnostic, Sources, Span};
use weir_eval::function::{Answer, EntryKind, FileError, FunctionError, Host};
use weir_eval::{Evaluator, Found, MAX_TEMPLATE_DEPTH, Scope};
use weir_value::Value;

/// The disk and the clock, as expressions may see them.
pub struct DiskHost {
    /// Relative paths start here.
    pub cwd: PathBuf,
    /// What `~` stands for.
    pub home: Option<String>,
    /// The time of the plan, RFC 3339 in UTC.
    pub plan_timestamp: Arc<str>,
    /// The time of the apply; `None` during a plan.
    pub apply_timestamp: Option<Arc<str>>,
    depth: AtomicUsize,
}

impl DiskHost {
    /// For a plan that is made now.
    pub fn new(cwd: PathBuf, home: Option<String>, plan_timestamp: Arc<str>) -> Self {
        Self { cwd, home, plan_timestamp, apply_timestamp: None, depth: AtomicUsize::new(0) }
    }

    /// For the apply of a plan.
    #[must_use]
    pub fn applying(mut self, now: Arc<str>) -> Self {
        self.apply_timestamp = Some(now);
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.cwd.join(path)
    }
}

fn fault(error: &std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::NotFound,
        ErrorKind::IsADirectory => FileError::IsDirectory,
        _ => FileError::Other(error.to_string()),
    }
}

impl Host for DiskHost {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        std::fs::read(self.path(path)).map_err(|error| fault(&error))
    }
    fn entry(&self, path: &str) -> Result<Option<EntryKind>, FileError> {
        match std::fs::metadata(self.path(path)) {
            Ok(found) if found.is_dir() => Ok(Some(EntryKind::Directory)),
            Ok(found) if found.is_file() => Ok(Some(EntryKind::File)),
            Ok(_) => Ok(Some(EntryKind::Other)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(fault(&error)),
        }
    }
    fn list(&self, path: &str) -> Result<Vec<String>, FileError> {
        let entries = std::fs::read_dir(self.path(path)).map_err(|error| fault(&error))?;
        Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
    }
    fn working_directory(&self) -> Result<String, FileError> {
        std::path::absolute(&self.cwd).map(|path| path.display().to_string()).map_err(|error| fault(&error))
    }
    fn home_directory(&self) -> Option<String> {
        self.home.clone()
    }
    fn plan_timestamp(&self) -> Option<Arc<str>> {
        Some(self.plan_timestamp.clone())
    }
    fn timestamp(&self) -> Option<Arc<str>> {
        self.apply_timestamp.clone()
    }
    fn random(&self) -> Option<[u8; 16]> {
        self.apply_timestamp.as_ref()?;
        let mut bytes = [0; 16];
        rand::rng().fill_bytes(&mut bytes);
        Some(bytes)
    }
    fn render_template(&self, source: &str, name: &str, vars: &Value) -> Answer {
        let depth = self.depth.fetch_add(1, Ordering::Relaxed);
        let result = if depth >= MAX_TEMPLATE_DEPTH.min(64) {
            Err(FunctionError::call(format!("maximum recursion depth reached while rendering {name}")))
        } else {
            render(self, source, name, vars)
        };
        self.depth.fetch_sub(1, Ordering::Relaxed);
        result
    }
}

fn render(host: &DiskHost, source: &str, name: &str, vars: &Value) -> Answer {
    let mut sources = Sources::new();
    let id = sources.add(name, source);
    let (expr, diags) = parse_template(&sources, id);
    let explain = |diagnostic: &Diagnostic| {
        let place = diagnostic.span.map(|span| sources.place(span)).unwrap_or_default();
        format!("{place}: {}; {}", diagnostic.summary, diagnostic.detail)
    };
    if let Some(first) = diags.iter().next().filter(|_| diags.has_errors()) {
        return Err(FunctionError::argument(0, explain(first)));
    }
    let scope = TemplateScope { vars };
    let mut evaluator = Evaluator::new(&scope, host);
    let value = evaluator.eval(&expr);
    match evaluator.diags.iter().next() {
        Some(first) if evaluator.diags.has_errors() => Err(FunctionError::argument(1, explain(first))),
        _ => Ok(value),
    }
}

/// Only the given variables have a meaning in a template.
struct TemplateScope<'a> {
    vars: &'a Value,
}

impl Scope for TemplateScope<'_> {
    fn lookup(&self, root: &Ident, _: &[(&Arc<str>, Span)]) -> Result<Found, Diagnostic> {
        self.vars
            .get(&root.name)
            .map(|value| Found { value, used: 0 })
            .ok_or_else(|| Diagnostic::error("Unknown variable", format!("vars map does not contain key \"{}\", which the template refers to.", root.name)).at(root.span))
    }
}
