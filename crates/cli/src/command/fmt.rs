//! `weir fmt`

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use similar::TextDiff;
use weir_config::{format, is_formatted, redefined_anywhere, syntax};
use weir_diag::{Diagnostic, Diagnostics, Sources};

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::file;

/// Something went wrong in at least one file.
const FAILED: Exit = Exit(2);
/// With `-check`: something is not in the canonical style.
const DIFFERS: Exit = Exit(3);

/// Write configuration files in the canonical style
///
/// Without a path those of this folder. A file that holds a syntax error stays as it is. Ends with 3 when -check finds something to change, and with 2 after an error.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Files and folders; - for standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only tell whether something would change
    #[arg(long)]
    check: bool,
    /// Show what changes
    #[arg(long)]
    diff: bool,
    /// Whether to name the files that change; not with standard input
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    list: bool,
    /// Whether to change the files; not with standard input
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    write: bool,
    /// Also the folders below
    #[arg(long)]
    recursive: bool,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let mut run = Run { arguments: &self, context, sources: Sources::new(), diags: Diagnostics::new(), changes: false };
        match self.paths.as_slice() {
            [path] if path == Path::new("-") => run.standard_input(),
            [] => run.folder(Path::new("")),
            paths => paths.iter().for_each(|path| run.path(path)),
        }
        let Run { sources, diags, changes, .. } = run;
        if diags.has_errors() {
            return Err(Failure { exit: FAILED, ..Failure::new(diags, &sources) });
        }
        Ok(if self.check && changes { DIFFERS } else { Exit::DONE })
    }
}

struct Run<'a> {
    arguments: &'a Arguments,
    context: &'a Context,
    sources: Sources,
    diags: Diagnostics,
    changes: bool,
}

impl Run<'_> {
    fn error(&mut self, summary: &str, detail: String) {
        self.diags.push(Diagnostic::error(summary, detail));
    }

    fn standard_input(&mut self) {
        let mut bytes = Vec::new();
        let mut input = std::io::stdin();
        if input.is_terminal() {
            self.context.err.line("Reading from standard input; end with Ctrl-D.");
        }
        if let Err(error) = input.read_to_end(&mut bytes) {
            return self.error("Failed to read file", format!("Standard input cannot be read: {error}."));
        }
        let Some((text, formatted)) = self.formatted("<stdin>", bytes) else { return };
        self.changes |= text != formatted;
        if self.arguments.check {
            return;
        }
        if self.arguments.diff {
            self.show(Path::new("<stdin>"), &text, &formatted);
        } else {
            let newline = if formatted.ends_with('\n') { "" } else { "\n" };
            self.context.out.text(formatted + newline);
        }
    }

    fn path(&mut self, path: &Path) {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => self.folder(path),
            Ok(_) if is_formatted(&path.to_string_lossy()) => self.file(path),
            Ok(_) => self.error(
                "Invalid file extension",
                format!("{} is not formatted: only .tf, .tofu, .tfvars, .stack.hcl, .answers.hcl, .tftest.hcl, .tofutest.hcl and .tfmock.hcl files are.", path.display()),
            ),
            Err(error) => self.error("Invalid file or directory path", format!("There is no file or folder at {}: {error}.", path.display())),
        }
    }

    fn folder(&mut self, folder: &Path) {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let entries = std::fs::read_dir(here).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.error("Invalid path", format!("The folder {} cannot be read: {error}.", here.display())),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#')) {
                continue;
            }
            let path = clean(folder).join(&*name);
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if self.arguments.recursive {
                    self.folder(&path);
                }
            } else if is_formatted(&name) {
                self.file(&path);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let path = &clean(path);
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.error("Failed to read file", format!("{} cannot be read: {error}.", path.display())),
        };
        let Some((text, formatted)) = self.formatted(&path.display().to_string(), bytes) else { return };
        if text == formatted {
            return;
        }
        self.changes = true;
        if self.arguments.list {
            self.context.out.line(path.display().to_string());
        }
        if self.arguments.write
            && !self.arguments.check
            && let Err(diagnostic) = file::rewrite(path, &formatted)
        {
            self.diags.push(diagnostic);
        }
        if self.arguments.diff {
            self.show(path, &text, &formatted);
        } else if !self.arguments.list && !self.arguments.write && !self.arguments.check {
            self.context.out.text(formatted);
        }
    }

    /// A text before and after; nothing when it cannot be formatted, which is reported.
    fn formatted(&mut self, name: &str, bytes: Vec<u8>) -> Option<(String, String)> {
        let Ok(text) = String::from_utf8(bytes) else {
            self.error("Invalid file encoding", format!("{name} is not UTF-8 text: save it as UTF-8."));
            return None;
        };
        let id = self.sources.add(name, text.as_str());
        let (body, mut found) = syntax::parse(&self.sources, id);
        redefined_anywhere(&body, &mut found);
        let broken = found.has_errors();
        self.diags.extend(found);
        if broken {
            return None;
        }
        let formatted = format(&text);
        Some((text, formatted))
    }

    fn show(&self, path: &Path, before: &str, after: &str) {
        let diff = TextDiff::from_lines(before, after);
        let (old, new) = (format!("old/{}", path.display()), format!("new/{}", path.display()));
        self.context.out.text(diff.unified_diff().header(&old, &new).to_string());
    }
}

/// `./a` is `a`.
fn clean(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
}
