//! Installs the modules that a configuration calls, and records them in `modules.json` as the incumbents do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_addr::{ModulePath, ModuleSource, ModuleStep, StepKind};
use weir_config::{Call, CallKind, FileSystem, clean, load_module};
use weir_diag::{Diagnostic, Diagnostics, Sources};
use weir_plugin::modules::{Fetcher, subdir};
use weir_provider::Fault;

use crate::context::Context;
use crate::exit::Failure;
use crate::stack::Disk;
use crate::{file, plugins};

/// Modules that call each other deeper than this are taken for a circle; the loader says so.
const DEPTH: usize = 50;

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    modules: Vec<Entry>,
}

/// One installed module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key: String,
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    dir: String,
}

/// Installs what is missing or has changed; with `upgrade` everything anew. Says what it does.
pub(crate) fn install(context: &Context, upgrade: bool) -> Result<(), Failure> {
    let folder = context.data_dir().join("modules");
    let before = read(&folder);
    let mut installer = Installer {
        context,
        fetcher: Fetcher { tokens: plugins::credentials(context) },
        before: before.iter().map(|entry| (entry.key.clone(), entry.clone())).collect(),
        folder,
        upgrade,
        now: vec![Entry { key: String::new(), source: String::new(), version: None, dir: ".".to_owned() }],
        packages: BTreeMap::new(),
        sources: Sources::new(),
        unread: Diagnostics::new(),
        diags: Diagnostics::new(),
    };
    installer.module(Path::new("."), &ModulePath::root(), None)?;
    let Installer { folder, now, sources, mut unread, diags, .. } = installer;
    if now.len() > 1 || !before.is_empty() {
        // As it is by now: what was exchanged has left it.
        write(&folder, now, &read(&folder))?;
    }
    if diags.has_errors() {
        // What is wrong in the files themselves is said by whoever loads them, if it comes to that.
        unread.extend(diags);
        return Err(Failure::new(unread, &sources));
    }
    Ok(())
}

/// Whether the configuration in this folder calls any module.
pub(crate) fn are_called() -> bool {
    !load_module(&Disk, Path::new("."), ModulePath::root(), &mut Sources::new(), &mut Diagnostics::new()).calls.is_empty()
}

fn read(folder: &Path) -> Vec<Entry> {
    // One that cannot be read is written anew.
    let bytes = std::fs::read(folder.join("modules.json")).ok();
    bytes.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok()).unwrap_or_default().modules
}

fn write(folder: &Path, mut modules: Vec<Entry>, before: &[Entry]) -> Result<(), Failure> {
    modules.sort_by(|one, other| one.key.cmp(&other.key));
    if modules == before {
        return Ok(());
    }
    let text = serde_json::to_string(&Record { modules }).map_err(|error| Failure::error("Modules cannot be recorded", format!("{error}.")))?;
    // As the incumbents write JSON.
    let text = text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    file::replace(&folder.join("modules.json"), text).map_err(Failure::from)
}

struct Installer<'a> {
    context: &'a Context,
    fetcher: Fetcher,
    /// Where packages are kept.
    folder: PathBuf,
    upgrade: bool,
    before: BTreeMap<String, Entry>,
    now: Vec<Entry>,
    /// Packages that this run has downloaded, and the folder that their source means.
    packages: BTreeMap<String, (PathBuf, Option<String>)>,
    sources: Sources,
    unread: Diagnostics,
    diags: Diagnostics,
}

impl Installer<'_> {
    fn module(&mut self, dir: &Path, path: &ModulePath, package: Option<&Path>) -> Result<(), Failure> {
        let module = load_module(&Disk, dir, path.clone(), &mut self.sources, &mut self.unread);
        if path.steps().len() >= DEPTH {
            return Ok(());
        }
        for call in module.calls.values() {
            let Some(address) = &call.address else { continue };
            let key: Vec<&str> = path.steps().iter().map(|step| &*step.name).chain([&*call.name]).collect();
            let key = key.join(".");
            let found = match address {
                ModuleSource::Local(local) => {
                    let dir = clean(&dir.join(&**local));
                    let package = package.filter(|_| !local.starts_with('/'));
                    // What leaves its package, or is not there, is told by the loader.
                    if package.is_some_and(|package| !dir.starts_with(package)) || !dir.is_dir() {
                        continue;
                    }
                    self.note(Entry { key, source: local.to_string(), version: None, dir: dir.display().to_string() });
                    Some((dir, package.map(Path::to_owned)))
                }
                ModuleSource::Registry { .. } | ModuleSource::Remote { .. } => {
                    let kept = self.kept(&key, call, address);
                    match kept {
                        Some(entry) => Some(self.keep(entry)),
                        None => match self.download(&key, call, address)? {
                            Ok(found) => Some(found),
                            Err(fault) => {
                                self.diags.push(
                                    Diagnostic::error(fault.summary, format!("The module \"{key}\" cannot be had from \"{}\". {}", call.source, fault.detail))
                                        .at(call.source_span),
                                );
                                None
                            }
                        },
                    }
                }
            };
            if let Some((dir, package)) = found {
                let kind = if call.kind == CallKind::Stage { StepKind::Stage } else { StepKind::Module };
                let steps = path.steps().iter().cloned().chain([ModuleStep { name: call.name.clone(), key: None, kind }]).collect();
                self.module(&dir, &ModulePath::new(steps), package.as_deref())?;
            }
        }
        Ok(())
    }

    /// What is there from before, if it will do.
    fn kept(&self, key: &str, call: &Call, address: &ModuleSource) -> Option<Entry> {
        let entry = self.before.get(key).filter(|_| !self.upgrade)?;
        let same = entry.source.parse::<ModuleSource>().is_ok_and(|recorded| recorded == *address);
        let fits = call.version.as_ref().is_none_or(|wanted| entry.version.as_deref().is_some_and(|version| wanted.allows_text(version)));
        (same && fits && Path::new(&entry.dir).is_dir()).then(|| entry.clone())
    }

    fn keep(&mut self, entry: Entry) -> (PathBuf, Option<PathBuf>) {
        let (dir, package) = (PathBuf::from(&entry.dir), self.folder.join(&entry.key));
        self.now.push(entry);
        (dir, Some(package))
    }

    /// Records a module, and tells it if it is new.
    fn note(&mut self, entry: Entry) {
        if self.upgrade || self.before.get(&entry.key) != Some(&entry) {
            self.context.out.line(format!("- {} in {}", entry.key, entry.dir));
        }
        self.now.push(entry);
    }

    #[expect(clippy::type_complexity, reason = "a failure of ours, or the module's")]
    fn download(&mut self, key: &str, call: &Call, address: &ModuleSource) -> Result<Result<(PathBuf, Option<PathBuf>), Fault>, Failure> {
        let (fetcher, context) = (self.fetcher.clone(), self.context);
        let (package, inner, version) = match address {
            ModuleSource::Local(_) => return Ok(Err(Fault::error("Failed to download module", "It is a folder of this machine."))),
            ModuleSource::Remote { package, .. } => {
                context.out.line(format!("Downloading {package} for {key}..."));
                (package.to_string(), None, None)
            }
            ModuleSource::Registry { module, .. } => {
                let located = match context.block_on(fetcher.locate(module, call.version.as_ref()))? {
                    Ok(located) => located,
                    Err(fault) => return Ok(Err(fault)),
                };
                context.out.line(format!("Downloading {module} {} for {key}...", located.version));
                match located.source.parse() {
                    Ok(ModuleSource::Remote { package, subdir }) => (package.to_string(), subdir, Some(located.version.to_string())),
                    _ => return Ok(Err(Fault::error("Failed to download module", format!("The registry names \"{}\".", located.source)))),
                }
            }
        };
        let into = self.folder.join(key);
        let meant = match self.packed(&package, &into, key)? {
            Ok(meant) => meant,
            Err(fault) => return Ok(Err(fault)),
        };
        let parts: Vec<&str> = [meant.as_deref(), inner.as_deref(), address.subdir()].into_iter().flatten().collect();
        let within = match subdir(&into, &parts.join("/")) {
            Ok(within) => within,
            Err(fault) => return Ok(Err(fault)),
        };
        if !parts.is_empty() {
            // As with the incumbents: what is only a part of a repository does not stand for it.
            let _ = std::fs::remove_dir_all(into.join(".git"));
        }
        let dir = if within.is_empty() { into.clone() } else { into.join(within) };
        let entry = Entry { key: key.to_owned(), source: address.to_string(), version, dir: dir.display().to_string() };
        context.out.line(format!("- {key} in {}", entry.dir));
        self.now.push(entry);
        Ok(Ok((dir, Some(into))))
    }

    /// Puts a package into its folder: downloaded beside it, checked, and then moved there, so that a folder that is there is whole.
    fn packed(&mut self, package: &str, into: &Path, key: &str) -> Result<Result<Option<String>, Fault>, Failure> {
        let local = |error: std::io::Error| Failure::error("Module cannot be installed", format!("{}: {error}.", into.display()));
        std::fs::create_dir_all(&self.folder).map_err(local)?;
        let made = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(&self.folder).map_err(local)?;
        let whole = made.path().join("package");
        let meant = match self.packages.get(package) {
            Some((from, meant)) => {
                copy(from, &whole).map_err(local)?;
                meant.clone()
            }
            None => match self.context.block_on(self.fetcher.fetch(package, &whole))? {
                Ok(meant) => {
                    // Before anything is taken away from it.
                    self.packages.insert(package.to_owned(), (into.to_owned(), meant.clone()));
                    meant
                }
                Err(fault) => return Ok(Err(fault)),
            },
        };
        // Were we stopped between the two steps, the record would speak of what was there before.
        if self.before.remove(key).is_some() {
            let left: Vec<Entry> = self.before.values().cloned().collect();
            write(&self.folder, left, &[])?;
        }
        if into.exists() || into.is_symlink() {
            let gone = if into.is_symlink() { std::fs::remove_file(into) } else { std::fs::remove_dir_all(into) };
            gone.map_err(local)?;
        }
        std::fs::rename(&whole, into).map_err(local)?;
        Ok(Ok(meant))
    }
}

/// Copies a folder with what is in it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_dir() {
            copy(&source, &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&source)?, &target)?;
        } else {
            std::fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

/// Copies a module into the present folder, which has to be empty.
pub(crate) fn copy_from(context: &Context, source: &str) -> Result<(), Failure> {
    let entries: Vec<String> = Disk.list(Path::new(".")).unwrap_or_default();
    if !entries.is_empty() {
        return Err(Failure::error(
            "The working directory already contains files",
            "-from-module copies a module into an empty folder. To install what the configuration here needs, leave the option out.",
        ));
    }
    let address: ModuleSource = source
        .parse()
        .map_err(|error: weir_addr::AddrError| Failure::error("Invalid module source address", format!("\"{source}\" is not a module source: {}.", error.message)))?;
    context.out.line(format!("Copying configuration from \"{source}\"..."));
    let failed = |fault: Fault| Failure::error(fault.summary, format!("\"{source}\": {}", fault.detail));
    let wrong = |error: std::io::Error| Failure::error("Module cannot be copied", format!("\"{source}\": {error}."));
    let made = tempfile::tempdir().map_err(wrong)?;
    let whole = made.path().join("package");
    let fetcher = Fetcher { tokens: plugins::credentials(context) };
    let fetch = |package: Arc<str>| context.block_on(fetcher.fetch(&package, &whole))?.map_err(failed);
    let from = match &address {
        ModuleSource::Local(path) => PathBuf::from(&**path),
        ModuleSource::Remote { package, subdir: within } => {
            let meant = fetch(package.clone())?;
            let parts: Vec<&str> = meant.as_deref().into_iter().chain(within.as_deref()).collect();
            whole.join(subdir(&whole, &parts.join("/")).map_err(failed)?)
        }
        ModuleSource::Registry { module, subdir: within } => {
            let located = context.block_on(fetcher.locate(module, None))?.map_err(failed)?;
            let Ok(ModuleSource::Remote { package, subdir: inner }) = located.source.parse() else {
                return Err(Failure::error("Failed to download module", format!("The registry names \"{}\".", located.source)));
            };
            let meant = fetch(package)?;
            let parts: Vec<&str> = meant.as_deref().into_iter().chain(inner.as_deref()).chain(within.as_deref()).collect();
            whole.join(subdir(&whole, &parts.join("/")).map_err(failed)?)
        }
    };
    if !from.is_dir() {
        return Err(Failure::error("Unreadable module directory", format!("There is no folder {}.", from.display())));
    }
    for entry in std::fs::read_dir(&from).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        // What begins with a dot is of the place that it lies in: .git, .terraform.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let target = Path::new(".").join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { std::fs::copy(entry.path(), &target).map(drop) }.map_err(wrong)?;
    }
    Ok(())
}
