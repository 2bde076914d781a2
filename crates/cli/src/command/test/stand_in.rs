//! Puts what a test mocks and overrides in the place of real providers, objects and modules.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use weir_addr::{Mode, ModulePath, ResourceAddr, Target};
use weir_config::syntax::{Body, Expr, ExprKind};
use weir_config::{Config, FileSystem, MockProvider, Module, Output, Override, OverrideKind, ProviderBlock, ProviderRef, TestFile, TestRun, parse_mock_file};
use weir_diag::{Diagnostic, Diagnostics, Sources, Span};
use weir_eval::Evaluator;
use weir_plan::{Catalog, DiskHost};
use weir_value::Value;

use super::expected::shown;
use super::mock::{Mock, Mocked};
use crate::stack::Disk;

/// Adds what lies in the folders of mocks that a file names.
pub(super) fn read_mock_files(file: &mut TestFile, sources: &mut Sources, diags: &mut Diagnostics) {
    for mock in &mut file.mocks {
        let Some(mock) = Arc::get_mut(mock) else { continue };
        let Some((folder, place)) = mock.source.clone() else { continue };
        let folder = Path::new(&*folder);
        let mut names = match Disk.list(folder) {
            Ok(names) => names,
            Err(error) => {
                diags.error(place, "Unreadable folder of mocks", format!("{} cannot be read: {error}.", folder.display()));
                continue;
            }
        };
        names.retain(|name| name.ends_with(".tfmock.hcl") || name.ends_with(".tfmock.json"));
        names.sort();
        for name in names {
            let path = folder.join(name);
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    let id = sources.add(path.display().to_string(), text);
                    let (types, overrides, found) = parse_mock_file(sources, id);
                    diags.extend(found);
                    mock.types.extend(types);
                    mock.overrides.extend(overrides);
                }
                Err(error) => diags.error(place, "Failed to read file", format!("{} cannot be read: {error}.", path.display())),
            }
        }
    }
}

/// What a run mocks: the module's provider configurations, with the mocks of the file that stand in for them.
pub(super) type Mocks = BTreeMap<ProviderRef, Arc<MockProvider>>;

/// Puts the file's provider configurations in, under the names that the run gives them.
pub(super) fn replace_providers(root: &mut Module, file: &TestFile, run: &TestRun, diags: &mut Diagnostics) -> Mocks {
    let mut mocks = Mocks::new();
    let put = |root: &mut Module, ours: &ProviderRef, body: &Body, span: Span| {
        if uses(root, ours) {
            root.providers.insert(ours.clone(), Arc::new(ProviderBlock { of: ours.clone(), body: body.clone(), span }));
        }
    };
    let Some(chosen) = &run.providers else {
        for block in &file.providers {
            put(root, &block.of, &block.body, block.span);
        }
        for mock in &file.mocks {
            put(root, &mock.of, &Body::default(), mock.span);
            mocks.insert(mock.of.clone(), mock.clone());
        }
        return mocks;
    };
    for (ours, theirs) in chosen {
        if let Some(block) = file.providers.iter().find(|block| block.of == *theirs) {
            put(root, ours, &block.body, block.span);
        } else if let Some(mock) = file.mocks.iter().find(|mock| mock.of == *theirs) {
            put(root, ours, &Body::default(), mock.span);
            mocks.insert(ours.clone(), mock.clone());
        } else if let Some(own) = root.providers.get(theirs).cloned() {
            // What the module itself configures under that name serves too.
            put(root, ours, &own.body, own.span);
        } else {
            let name = theirs.alias.as_ref().map_or_else(|| theirs.name.to_string(), |alias| format!("{}.{alias}", theirs.name));
            let detail = format!("Neither this file nor the module has a provider configuration {name}.");
            diags.error(run.span, format!("Missing provider definition for {name}"), detail);
        }
    }
    mocks
}

/// True when something in a module or below it can have a use for a provider configuration.
fn uses(root: &Module, of: &ProviderRef) -> bool {
    let direct = |module: &Module| {
        module.resources.values().any(|resource| resource.provider.name == of.name) || module.calls.values().any(|call| call.providers.values().any(|given| given == of))
    };
    let mut found = direct(root) || root.providers.contains_key(of);
    for child in root.children.values() {
        child.walk(&mut |module| found |= direct(module));
    }
    found
}

/// An override whose values are known.
pub(super) struct Said {
    target: Target,
    kind: OverrideKind,
    mocked: Mocked,
    place: Span,
}

/// The values of overrides, the farthest first: of the mocks, of the file, of the run.
pub(super) fn said(file: &TestFile, run: &TestRun, mocks: &Mocks, host: &DiskHost, sources: &Sources, diags: &mut Diagnostics) -> Vec<Said> {
    let of_mocks = mocks.values().flat_map(|mock| mock.overrides.iter().rev().map(|over| (over, mock.during_plan)));
    let others = file.overrides.iter().chain(&run.overrides).map(|over| (over, false));
    of_mocks.chain(others).filter_map(|(over, during_plan)| one(over, during_plan, host, sources, diags)).collect()
}

fn one(over: &Override, during_plan: bool, host: &DiskHost, sources: &Sources, diags: &mut Diagnostics) -> Option<Said> {
    let (kind, argument) = match over.kind {
        OverrideKind::Module => ("override_module", "outputs"),
        OverrideKind::Resource => ("override_resource", "values"),
        OverrideKind::Data => ("override_data", "values"),
    };
    let values = object(over.values.as_deref(), kind, argument, host, diags)?;
    let text = shown(&over.target);
    let target = match text.parse::<Target>() {
        Ok(target) => target,
        Err(error) => {
            diags.error(over.target.span, "Invalid override target", format!("{text} is no address: {error}."));
            return None;
        }
    };
    let mode = match &target {
        Target::Resource(resource) => Some(resource.mode),
        Target::Instance(instance) => Some(instance.resource.mode),
        Target::Module(_) | Target::Stage(_) => None,
    };
    let fits = matches!((over.kind, mode), (OverrideKind::Module, None) | (OverrideKind::Resource, Some(Mode::Managed)) | (OverrideKind::Data, Some(Mode::Data)));
    if !fits {
        let wanted = match over.kind {
            OverrideKind::Module => "a module, such as module.network",
            OverrideKind::Resource => "a resource, such as aws_vpc.main",
            OverrideKind::Data => "a data source, such as data.aws_ami.base",
        };
        diags.error(over.target.span, "Invalid override target", format!("The target of {kind} must be {wanted}; {text} is something else."));
        return None;
    }
    let place = over.values.as_ref().map_or(over.span, |values| values.span);
    let mocked = Mocked { values, during_plan: over.during_plan.unwrap_or(during_plan), place: sources.place(place) };
    Some(Said { target, kind: over.kind, mocked, place: over.target.span })
}

/// The object that an argument is; an empty one when it is not there.
fn object(expr: Option<&Expr>, kind: &str, argument: &str, host: &DiskHost, diags: &mut Diagnostics) -> Option<Value> {
    let Some(expr) = expr else { return Some(Value::object::<&str>([])) };
    let mut evaluator = Evaluator::new(&(), host);
    let value = evaluator.eval(expr).unmark_deep().0;
    let failed = evaluator.diags.has_errors();
    diags.extend(evaluator.diags);
    match value {
        _ if failed => None,
        Value::Object(_) | Value::Map(..) => Some(value),
        _ => {
            diags.error(expr.span, format!("Invalid {argument} attribute"), format!("{kind} blocks must specify an {argument} attribute that is an object."));
            None
        }
    }
}

/// Gives overridden modules the outputs that the test says, and nothing else.
pub(super) fn replace_modules(root: &mut Module, said: &[Said], diags: &mut Diagnostics) {
    for said in said.iter().filter(|said| said.kind == OverrideKind::Module) {
        let path = match &said.target {
            Target::Module(path) => path.clone(),
            Target::Stage(name) => ModulePath::stage(name.name().clone(), None),
            Target::Resource(_) | Target::Instance(_) => continue,
        };
        if path.steps().iter().any(|step| step.key.is_some()) {
            diags.error(said.place, "Invalid override target", "All instances of a module are overridden together: leave the key out.");
            continue;
        }
        let mut here = Some(&mut *root);
        for step in path.steps() {
            here = here.and_then(|module| module.children.get_mut(&step.name)).and_then(Arc::get_mut);
        }
        match here {
            Some(module) => empty(module, &said.mocked.values),
            None => missing(&said.target, said.place, diags),
        }
    }
}

fn missing(target: &Target, place: Span, diags: &mut Diagnostics) {
    let detail = format!(
        "The override target {target} does not exist within the configuration under test. This could indicate a typo in the target address or an unnecessary override."
    );
    diags.warning(place, "Invalid override target", detail);
}

fn empty(module: &mut Module, outputs: &Value) {
    module.resources.clear();
    module.locals.clear();
    module.calls.clear();
    module.children.clear();
    module.checks.clear();
    module.providers.clear();
    module.moved.clear();
    module.removed.clear();
    for output in module.outputs.values_mut() {
        let value = outputs.get(&output.name).unwrap_or_else(Value::null);
        let expr = Arc::new(Expr { kind: ExprKind::Literal(value), span: output.expr.span });
        let Output { name, description, sensitive, ephemeral, depends_on: _, preconditions: _, expr: _, span } = &**output;
        *output = Arc::new(Output {
            name: name.clone(),
            expr,
            description: description.clone(),
            sensitive: *sensitive,
            ephemeral: *ephemeral,
            depends_on: Vec::new(),
            preconditions: Vec::new(),
            span: *span,
        });
    }
}

/// Adds mocks and overridden objects to the catalog.
pub(super) fn add(catalog: &mut Catalog, config: &Config, mocks: &Mocks, said: Vec<Said>, host: &DiskHost, diags: &mut Diagnostics) {
    for (ours, mock) in mocks {
        let addr = catalog.config_addr(&config.root, ours);
        // One that this module does not use.
        let Some(schema) = catalog.schema(&addr.provider) else { continue };
        let mut types = BTreeMap::new();
        for type_ in &mock.types {
            let kind = if type_.mode == Mode::Data { "mock_data" } else { "mock_resource" };
            let Some(values) = object(type_.defaults.as_deref(), kind, "defaults", host, diags) else { continue };
            let place = config.sources.place(type_.defaults.as_ref().map_or(type_.span, |values| values.span));
            let mocked = Mocked { values, during_plan: type_.during_plan.unwrap_or(mock.during_plan), place };
            types.entry((type_.mode, type_.type_.clone())).or_insert(mocked);
        }
        catalog.stand_in(addr, Arc::new(Mock::new(schema, types, Mocked::any(mock.during_plan))));
    }
    // What lies in a module that this run overrides is not there, and need not be.
    let emptied: Vec<String> = said.iter().filter(|said| said.kind == OverrideKind::Module).map(|said| format!("{}.", said.target)).collect();
    for Said { target, kind, mocked, place } in said {
        let mode = match kind {
            OverrideKind::Resource => Mode::Managed,
            OverrideKind::Data => Mode::Data,
            OverrideKind::Module => continue,
        };
        let mut provider = None;
        config.root.walk(&mut |module| {
            for resource in module.resources.values() {
                let addr = ResourceAddr { module: module.path.clone(), mode: resource.mode, type_: resource.type_.clone(), name: resource.name.clone() };
                if target.matches_config(&addr) {
                    provider = Some(catalog.resolve(module, &resource.provider.name));
                }
            }
        });
        let Some(provider) = provider else {
            if !emptied.iter().any(|module| target.to_string().starts_with(module)) {
                missing(&target, place, diags);
            }
            continue;
        };
        if let Some(schema) = catalog.schema(&provider) {
            catalog.stand_in_for(target, mode, Arc::new(Mock::new(schema, BTreeMap::new(), mocked)));
        }
    }
}

/// What to tell of a variable that has no value.
pub(super) fn no_value(name: &str, run: &TestRun, declared: Span) -> Diagnostic {
    let detail = format!("The module needs a value for the variable \"{name}\": set it in a variables block of the run or of the file, or with -var.");
    Diagnostic::error("No value for required variable", detail).at(run.span).label(declared, "declared here without a default")
}
