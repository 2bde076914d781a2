//! From a folder to a configuration.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use weir_addr::{ModulePath, ModuleSource, ModuleStep, StepKind};
use weir_diag::{Diagnostic, Diagnostics, Sources, Span};

use crate::block;
use crate::json;
use crate::manifest::Manifest;
use crate::merge::{Found, merge};
use crate::module::{Call, CallKind, Config, Module};
use crate::syntax::{self, Block};

/// Where files come from: a disk, or the snapshot in a plan file.
pub trait FileSystem {
    /// The names of the files in a folder.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// The content of a file.
    fn read(&self, file: &Path) -> io::Result<Vec<u8>>;
    /// The folder for what is kept beside a stack, with the modules that were installed.
    fn data_dir(&self) -> PathBuf {
        PathBuf::from(".terraform")
    }
}

/// Modules that call each other deeper than this are taken for a circle.
const DEPTH: usize = 50;

/// Loads the module in `dir` and all that it calls.
pub fn load(files: &dyn FileSystem, dir: &Path) -> (Config, Diagnostics) {
    let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
    let manifest = Manifest::read(files, dir, &mut sources, &mut diags);
    let mut loader = Loader { files, manifest, sources, diags };
    let root = loader.tree(dir, ModulePath::root(), None, None);
    (Config { root, sources: loader.sources, given: BTreeMap::new() }, loader.diags)
}

/// Reads the module in `dir`, and none of those that it calls.
pub fn load_module(files: &dyn FileSystem, dir: &Path, path: ModulePath, sources: &mut Sources, diags: &mut Diagnostics) -> Module {
    let mut loader = Loader { files, manifest: Manifest::default(), sources: std::mem::take(sources), diags: std::mem::take(diags) };
    let module = loader.module(dir, path, None);
    *sources = loader.sources;
    *diags = loader.diags;
    module
}

struct Loader<'a> {
    files: &'a dyn FileSystem,
    manifest: Manifest,
    sources: Sources,
    diags: Diagnostics,
}

impl Loader<'_> {
    /// A module and all that it calls. `package` is the folder of the downloaded package that it lies in.
    fn tree(&mut self, dir: &Path, path: ModulePath, called: Option<Span>, package: Option<&Path>) -> Arc<Module> {
        let mut module = self.module(dir, path, called);
        self.children(&mut module, package);
        Arc::new(module)
    }

    fn module(&mut self, dir: &Path, path: ModulePath, called: Option<Span>) -> Module {
        let mut module = Module { path, dir: dir.to_owned(), ..Module::default() };
        let mut names = match self.files.list(dir) {
            Ok(names) => names,
            Err(error) => {
                let fault = Diagnostic::error("Unreadable module directory", format!("The folder {} cannot be read: {error}.", dir.display()));
                self.diags.push(called.into_iter().fold(fault, Diagnostic::at));
                return module;
            }
        };
        names.sort();
        names.retain(|name| !name.starts_with('.') && !name.starts_with('#') && !name.ends_with('~'));
        // A .tofu file stands in for the .tf file of the same name, a .tofu.json file for the .tf.json file.
        let replaced: Vec<String> = names.iter().filter_map(|name| replaced_by(name)).collect();
        let is_stage_file = |name: &str| name.ends_with(".stack.hcl");
        names.retain(|name| !replaced.contains(name) && (stem(name).is_some() || (module.path.is_root() && is_stage_file(name))));
        if let Some(called) = called
            && names.is_empty()
        {
            self.diags.error(called, "Empty module", format!("The folder {} holds no .tf file.", dir.display()));
        }
        let (overrides, others): (Vec<String>, Vec<String>) =
            names.into_iter().partition(|name| stem(name).is_some_and(|stem| stem == "override" || stem.ends_with("_override")));
        let mut blocks = Vec::new();
        for name in others {
            let stages = is_stage_file(&name);
            blocks.extend(self.file(&dir.join(&name)).into_iter().map(|block| Found { block, stages }));
        }
        for name in overrides {
            let over = self.file(&dir.join(&name));
            merge(&mut blocks, over, &mut self.diags);
        }
        for Found { block, stages } in &blocks {
            block::add(&mut module, block, *stages, &mut self.diags);
        }
        module
    }

    /// The blocks of a file.
    fn file(&mut self, file: &Path) -> Vec<Block> {
        let shown = display(file);
        let text = match self.files.read(file).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                self.diags.push(Diagnostic::error("Invalid file encoding", format!("{shown} is not UTF-8 text: save it as UTF-8.")));
                return Vec::new();
            }
            Err(error) => {
                self.diags.push(Diagnostic::error("Failed to read file", format!("{shown} cannot be read: {error}.")));
                return Vec::new();
            }
        };
        let is_json = shown.ends_with(".json");
        let id = self.sources.add(shown, text);
        let (body, diags) = if is_json { json::parse(&self.sources, id) } else { syntax::parse(&self.sources, id) };
        self.diags.extend(diags);
        for attribute in &body.attributes {
            self.diags.error(
                attribute.name.span,
                "Unsupported argument",
                format!(
                    "An argument named \"{}\" is not expected here. At the top level of a file stand blocks; values of your own belong into locals {{ … }}.",
                    attribute.name.name
                ),
            );
        }
        body.blocks
    }

    fn children(&mut self, module: &mut Module, package: Option<&Path>) {
        let calls: Vec<Arc<Call>> = module.calls.values().cloned().collect();
        for call in calls {
            if module.path.steps().len() >= DEPTH {
                self.diags.error(call.span, "Module calls nested too deeply", format!("Modules call each other {DEPTH} levels deep; most likely one calls itself."));
                continue;
            }
            let Some(address) = &call.address else { continue };
            let (dir, package) = if let ModuleSource::Local(path) = address {
                let dir = clean(&module.dir.join(&**path));
                // What lies outside is not part of what was downloaded.
                if let Some(package) = package.filter(|package| !path.starts_with('/') && !dir.starts_with(package)) {
                    self.diags.error(
                        call.source_span,
                        "Local module path escapes module package",
                        format!("\"{path}\" leads out of the package that was installed to {}. A path that starts with \"../\" has to stay within the package that the module came in: give the other module's own source.", package.display()),
                    );
                    continue;
                }
                let package = package.filter(|_| !path.starts_with('/')).map(Path::to_owned);
                (dir, package)
            } else {
                let key: Vec<&str> = module.path.steps().iter().map(|step| &*step.name).chain([&*call.name]).collect();
                match self.manifest.installed(&key.join("."), &call, address) {
                    Ok((dir, package)) => (dir, Some(package)),
                    Err(fault) => {
                        self.diags.push(fault);
                        continue;
                    }
                }
            };
            let kind = if call.kind == CallKind::Stage { StepKind::Stage } else { StepKind::Module };
            let mut steps = module.path.steps().to_vec();
            steps.push(ModuleStep { name: call.name.clone(), key: None, kind });
            let child = self.tree(&dir, ModulePath::new(steps), Some(call.span), package.as_deref());
            for (name, (_, span)) in &call.args {
                if !child.variables.contains_key(name) {
                    let hint = weir_diag::did_you_mean(name, child.variables.keys().map(|name| &**name));
                    self.diags.error(
                        *span,
                        "Unsupported argument",
                        format!("An argument named \"{name}\" is not expected here: {} has no such variable.{hint}", dir.display()),
                    );
                }
            }
            for (name, variable) in &child.variables {
                if variable.default.is_none() && !call.args.contains_key(name) {
                    self.diags.push(
                        Diagnostic::error("Missing required argument", format!("The argument \"{name}\" is required, but no definition was found."))
                            .at(call.span)
                            .label(variable.span, "declared here without a default"),
                    );
                }
            }
            module.children.insert(call.name.clone(), child);
        }
    }
}

/// The name of a configuration file without its ending.
fn stem(name: &str) -> Option<&str> {
    [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().find_map(|ending| name.strip_suffix(ending))
}

/// The file that is not read because of this one.
fn replaced_by(name: &str) -> Option<String> {
    let json = name.strip_suffix(".tofu.json").map(|stem| format!("{stem}.tf.json"));
    json.or_else(|| name.strip_suffix(".tofu").map(|stem| format!("{stem}.tf")))
}

/// A path without `.` and `..` where they say nothing: `a/./b/../c` is `a/c`.
pub fn clean(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(parts.last(), Some(Component::Normal(_))) => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let path: PathBuf = parts.iter().collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

fn display(path: &Path) -> String {
    clean(path).display().to_string()
}
