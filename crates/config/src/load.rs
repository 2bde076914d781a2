//! From a folder to a configuration.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use weir_addr::{ModulePath, ModuleStep, StepKind};
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
}

/// Modules that call each other deeper than this are taken for a circle.
const DEPTH: usize = 50;

/// Loads the module in `dir` and all that it calls.
pub fn load(files: &dyn FileSystem, dir: &Path) -> (Config, Diagnostics) {
    load_after(files, dir, Path::new(".terraform"), Sources::new())
}

/// Loads it beside files that were read before, so that places in both can be told. What was installed for it is recorded in the folder `data`.
pub fn load_after(files: &dyn FileSystem, dir: &Path, data: &Path, mut sources: Sources) -> (Config, Diagnostics) {
    let mut diags = Diagnostics::new();
    let manifest = Manifest::read(files, dir, data, &mut sources, &mut diags);
    let mut loader = Loader { files, manifest, sources, diags };
    let root = loader.module(dir, ModulePath::root(), None);
    (Config { root, sources: loader.sources, assigned: BTreeMap::new() }, loader.diags)
}

struct Loader<'a> {
    files: &'a dyn FileSystem,
    manifest: Manifest,
    sources: Sources,
    diags: Diagnostics,
}

impl Loader<'_> {
    fn module(&mut self, dir: &Path, path: ModulePath, called: Option<Span>) -> Arc<Module> {
        let mut module = Module { path, dir: dir.to_owned(), ..Module::default() };
        let mut names = match self.files.list(dir) {
            Ok(names) => names,
            Err(error) => {
                let fault = Diagnostic::error("Unreadable module directory", format!("The folder {} cannot be read: {error}.", dir.display()));
                self.diags.push(called.into_iter().fold(fault, Diagnostic::at));
                return Arc::new(module);
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
        self.children(&mut module);
        Arc::new(module)
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

    fn children(&mut self, module: &mut Module) {
        let calls: Vec<Arc<Call>> = module.calls.values().cloned().collect();
        for call in calls {
            if module.path.steps().len() >= DEPTH {
                self.diags.error(call.span, "Module calls nested too deeply", format!("Modules call each other {DEPTH} levels deep; most likely one calls itself."));
                continue;
            }
            let is_local = call.source.starts_with("./") || call.source.starts_with("../") || call.source.starts_with('/');
            let dir = if is_local {
                clean(&module.dir.join(&*call.source))
            } else {
                let key: Vec<&str> = module.path.steps().iter().map(|step| &*step.name).chain([&*call.name]).collect();
                match self.manifest.dir(&key.join("."), &call.source) {
                    Ok(dir) => clean(dir),
                    Err(detail) => {
                        self.diags.error(call.span, "Module not installed", detail);
                        continue;
                    }
                }
            };
            let kind = if call.kind == CallKind::Stage { StepKind::Stage } else { StepKind::Module };
            let mut steps = module.path.steps().to_vec();
            steps.push(ModuleStep { name: call.name.clone(), key: None, kind });
            let child = self.module(&dir, ModulePath::new(steps), Some(call.span));
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

/// `a/./b/../c` is `a/c`.
fn clean(path: &Path) -> PathBuf {
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
