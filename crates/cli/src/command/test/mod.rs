//! `weir test`

mod expected;
mod mock;
mod names;
mod report;
mod stand_in;
mod suite;

use std::path::PathBuf;

use weir_config::{TestFile, parse_test_file};
use weir_diag::{Diagnostic, Diagnostics, Sources};

use self::report::{Report, Status};
use self::suite::Suite;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stack::VariableFlags;

/// Run the tests of a module: files that end in .tftest.hcl
///
/// Each run applies (or plans) the module and checks what it asserts. The states are kept in memory; at the end everything that was made is destroyed again.
#[derive(Debug, clap::Args)]
#[group(id = "test")]
pub(crate) struct Arguments {
    #[command(flatten)]
    variables: VariableFlags,
    /// Only this file of tests; may be given more than once
    #[arg(long, value_name = "FILE")]
    filter: Vec<PathBuf>,
    /// Folder with files of tests, besides the present one
    #[arg(long, value_name = "DIR", default_value = "tests")]
    test_directory: PathBuf,
    /// Show the plan or the state of each run
    #[arg(long)]
    verbose: bool,
    /// As JSON, one event a line
    #[arg(long)]
    json: bool,
    /// Operations that may be under way at once
    #[arg(long, value_name = "N", default_value_t = 10)]
    parallelism: usize,
}

/// A file of tests that was read.
struct Loaded {
    path: String,
    file: TestFile,
    sources: Sources,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let files = self.files()?;
        let mut report = Report::new(context, self.json, self.verbose);
        report.begin(files.iter().map(|loaded| (&*loaded.path, loaded.file.runs.iter().map(|run| &*run.name).collect())));
        for loaded in files {
            let Loaded { path, file, sources } = loaded;
            let mut suite = Suite::new(context, &path, &file, sources, &self.variables, &self.test_directory, self.parallelism.max(1));
            context.block_on(suite.run(&mut report))?;
        }
        Ok(match report.end() {
            Status::Pass | Status::Skip => Exit::DONE,
            Status::Fail | Status::Error => Exit::ERROR,
        })
    }

    /// The files in order. What is wrong in one of them is told before anything is run.
    fn files(&self) -> Result<Vec<Loaded>, Failure> {
        let mut paths = tests_in(&PathBuf::new())?;
        if self.test_directory.is_dir() {
            let dir: PathBuf = self.test_directory.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect();
            if !dir.as_os_str().is_empty() {
                paths.extend(tests_in(&dir)?);
            }
        }
        paths.sort();
        let mut unknown = Diagnostics::new();
        for wanted in self.filter.iter().filter(|wanted| !paths.contains(&plain(wanted))) {
            let detail = format!("The filter {} matches no file of tests in this folder or in {}.", wanted.display(), self.test_directory.display());
            unknown.push(Diagnostic::error("Unknown test file", detail));
        }
        if !unknown.is_empty() {
            return Err(unknown.into());
        }
        if !self.filter.is_empty() {
            paths.retain(|path| self.filter.iter().any(|wanted| plain(wanted) == *path));
        }
        let (mut loaded, mut diags, mut all) = (Vec::new(), Diagnostics::new(), Sources::new());
        for path in paths {
            let shown = path.display().to_string();
            let text = std::fs::read_to_string(&path).map_err(|error| Failure::error("Failed to read file", format!("{shown} cannot be read: {error}.")))?;
            let id = all.add(shown.clone(), text);
            let (mut file, found) = parse_test_file(&all, id);
            diags.extend(found);
            stand_in::read_mock_files(&mut file, &mut all, &mut diags);
            loaded.push((shown, file));
        }
        if diags.has_errors() {
            return Err(Failure::new(diags, &all));
        }
        Ok(loaded.into_iter().map(|(path, file)| Loaded { path, file, sources: all.clone() }).collect())
    }
}

/// `./a` is `a`.
fn plain(path: &std::path::Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
}

fn tests_in(dir: &std::path::Path) -> Result<Vec<PathBuf>, Failure> {
    let place = if dir.as_os_str().is_empty() { std::path::Path::new(".") } else { dir };
    let entries = std::fs::read_dir(place).map_err(|error| Failure::error("Cannot read the folder", format!("{}: {error}.", place.display())))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter(|name| name.ends_with(".tftest.hcl") || name.ends_with(".tftest.json")).map(|name| dir.join(name)).collect())
}
