//! From a folder to a configuration.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use weir_addr::{ModulePath, ModuleStep, StepKind};
use weir_diag::{Diagnostic, Diagnostics, Sources, Span};

use crate::block;
use crate::module::{Call, CallKind, Config, Module};
use crate::syntax;

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
    let mut loader = Loader { files, sources: Sources::new(), diags: Diagnostics::new() };
    let root = loader.module(dir, ModulePath::root(), None);
    (Config { root, sources: loader.sources }, loader.diags)
}

struct Loader<'a> {
    files: &'a dyn FileSystem,
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
        // A .tofu file stands in for the .tf file of the same name.
        let replaced: Vec<String> = names.iter().filter_map(|name| name.strip_suffix(".tofu")).map(|stem| format!("{stem}.tf")).collect();
        names.retain(|name| !replaced.contains(name));
        let json = names.iter().find(|name| name.ends_with(".tf.json") || name.ends_with(".tofu.json")).cloned();
        if let Some(name) = json {
            self.diags
                .push(Diagnostic::error("JSON syntax is not supported yet", format!("{} cannot be read: write it in the native syntax.", dir.join(name).display())));
        }
        let stage_file = |name: &String| name.ends_with(".stack.hcl");
        names.retain(|name| name.ends_with(".tf") || name.ends_with(".tofu") || (module.path.is_root() && stage_file(name)));
        if let Some(called) = called
            && names.is_empty()
        {
            self.diags.error(called, "Empty module", format!("The folder {} holds no .tf file.", dir.display()));
        }
        let overrides = |name: &String| {
            let stem = name.trim_end_matches(".tofu").trim_end_matches(".tf");
            stem == "override" || stem.ends_with("_override")
        };
        for name in names {
            if overrides(&name) {
                self.diags
                    .push(Diagnostic::error("Override files are not supported yet", format!("Merge {} into the file that it overrides.", dir.join(&name).display())));
                continue;
            }
            self.file(&mut module, &dir.join(&name), stage_file(&name));
        }
        self.children(&mut module);
        Arc::new(module)
    }

    fn file(&mut self, module: &mut Module, file: &Path, stages: bool) {
        let shown = display(file);
        let text = match self.files.read(file).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                self.diags.push(Diagnostic::error("Invalid file encoding", format!("{shown} is not UTF-8 text: save it as UTF-8.")));
                return;
            }
            Err(error) => {
                self.diags.push(Diagnostic::error("Failed to read file", format!("{shown} cannot be read: {error}.")));
                return;
            }
        };
        let id = self.sources.add(shown, text);
        let (body, diags) = syntax::parse(&self.sources, id);
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
        for found in &body.blocks {
            block::add(module, found, stages, &mut self.diags);
        }
    }

    fn children(&mut self, module: &mut Module) {
        let calls: Vec<Arc<Call>> = module.calls.values().cloned().collect();
        for call in calls {
            if !(call.source.starts_with("./") || call.source.starts_with("../") || call.source.starts_with('/')) {
                self.diags.error(
                    call.span,
                    "Unsupported module source",
                    format!(
                        "\"{}\" is not a local folder. Sources other than ./… and ../… are not supported yet: copy the module into the repository and name its folder.",
                        call.source
                    ),
                );
                continue;
            }
            if module.path.steps().len() >= DEPTH {
                self.diags.error(call.span, "Module calls nested too deeply", format!("Modules call each other {DEPTH} levels deep; most likely one calls itself."));
                continue;
            }
            let dir = clean(&module.dir.join(&*call.source));
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
