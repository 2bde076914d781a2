//! Files of tests (`.tftest.hcl`, `.tftest.json`): runs of a module, and what must hold after each.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_diag::{Diagnostics, SourceId, Sources, Span};
use weir_value::Value;

use crate::block::{provider, providers};
use crate::json;
use crate::mock::{self, MockProvider, Override};
use crate::module::{CheckRule, ProviderBlock, ProviderRef};
use crate::reader::{Reader, labels};
use crate::syntax::{self, Block, Expr, ExprKind, Traversal};
use crate::tfvars::Assignment;

/// One file of tests.
#[derive(Debug, Default)]
pub struct TestFile {
    /// Values of variables in every run.
    pub variables: Vec<Assignment>,
    /// Provider configurations that stand in for those of the tested module.
    pub providers: Vec<Arc<ProviderBlock>>,
    /// What stands in for whole providers.
    pub mocks: Vec<Arc<MockProvider>>,
    /// Values of single objects and modules in every run.
    pub overrides: Vec<Override>,
    /// The runs, in order.
    pub runs: Vec<TestRun>,
}

/// A `run` block.
#[derive(Debug)]
pub struct TestRun {
    /// Its name.
    pub name: Arc<str>,
    /// Only planned: `command = plan`.
    pub plan_only: bool,
    /// Values of variables in this run.
    pub variables: Vec<Assignment>,
    /// What must hold afterwards.
    pub rules: Vec<CheckRule>,
    /// The objects whose own conditions must fail.
    pub expect_failures: Vec<Traversal>,
    /// The folder of another module to run instead, and where it is named.
    pub module: Option<(Arc<str>, Span)>,
    /// Runs with the same key share a state.
    pub state_key: Option<Arc<str>>,
    /// Which provider configurations of the file the module gets; all when `None`.
    pub providers: Option<BTreeMap<ProviderRef, ProviderRef>>,
    /// Values of single objects and modules.
    pub overrides: Vec<Override>,
    /// How it is planned.
    pub options: TestOptions,
    /// The block's header.
    pub span: Span,
}

/// `plan_options`
#[derive(Debug, Default)]
pub struct TestOptions {
    /// `mode = refresh-only`
    pub refresh_only: bool,
    /// `refresh = false`
    pub no_refresh: bool,
    /// Objects that are replaced in any case.
    pub replace: Vec<Traversal>,
    /// Only these and what they need.
    pub target: Vec<Traversal>,
}

/// Reads a file of tests.
pub fn parse_test_file(sources: &Sources, id: SourceId) -> (TestFile, Diagnostics) {
    let is_json = sources.get(id).is_some_and(|file| file.name.ends_with(".json"));
    let (body, mut diags) = if is_json { json::parse(sources, id) } else { syntax::parse(sources, id) };
    let mut file = TestFile::default();
    let mut places: BTreeMap<Arc<str>, Span> = BTreeMap::new();
    let mut reader = Reader::new(&body, &mut diags);
    // They are read from the body below, when the reader has let go of the diagnostics.
    let _ = reader.block("variables");
    drop((reader.blocks("run"), reader.blocks("provider"), reader.blocks("mock_provider")));
    for kind in ["override_resource", "override_data", "override_module"] {
        drop(reader.blocks(kind));
    }
    let _ = reader.block("test");
    reader.finish();
    if let Some(block) = body.blocks_of("variables").next() {
        file.variables = assignments(block, &mut diags);
    }
    for block in body.blocks_of("provider") {
        file.providers.extend(provider::read(block, &mut diags).map(Arc::new));
    }
    for block in body.blocks_of("mock_provider") {
        let Some(found) = mock::provider(block, &mut diags) else { continue };
        let double = file.mocks.iter().find(|other| other.of == found.of).map(|other| other.span);
        if let Some(first) = double.or_else(|| file.providers.iter().find(|other| other.of == found.of).map(|other| other.span)) {
            let detail = format!("There is already a configuration of the provider \"{}\" in this file: give one of the two an alias, or another one.", found.of.name);
            diags.push(weir_diag::Diagnostic::error("Duplicate provider block", detail).at(found.span).label(first, "configured here first"));
            continue;
        }
        file.mocks.push(Arc::new(found));
    }
    file.overrides = mock::take_overrides(&body, &mut diags);
    for block in body.blocks_of("run") {
        let Some(run) = run(block, &mut diags) else { continue };
        if let Some(first) = places.get(&run.name) {
            let detail = format!("There is already a run \"{}\" in this file: give one of the two another name.", run.name);
            diags.push(weir_diag::Diagnostic::error("Duplicate \"run\" block names", detail).at(run.span).label(*first, "declared here first"));
            continue;
        }
        places.insert(run.name.clone(), run.span);
        file.runs.push(run);
    }
    (file, diags)
}

/// The arguments of a `variables` block.
fn assignments(block: &Block, diags: &mut Diagnostics) -> Vec<Assignment> {
    labels(block, 0, diags);
    for nested in &block.body.blocks {
        diags.error(nested.span, "Unexpected block", "Blocks are not allowed in variables: give the value with \"=\".");
    }
    let assignment = |attribute: &syntax::Attribute| Assignment { name: attribute.name.name.clone(), expr: attribute.expr.clone(), span: attribute.name.span };
    block.body.attributes.iter().map(assignment).collect()
}

fn run(block: &Block, diags: &mut Diagnostics) -> Option<TestRun> {
    let [label] = labels(block, 1, diags)? else { return None };
    let mut reader = Reader::new(&block.body, diags);
    let plan_only = word(&mut reader, "command", &["apply", "plan"]).is_some_and(|word| &*word == "plan");
    let variables = reader.block("variables").map(|block| assignments(block, reader.diags)).unwrap_or_default();
    let rules = reader.rules("assert");
    let expect_failures = reader.references("expect_failures");
    let module = reader.block("module").and_then(|block| source(block, reader.diags));
    let state_key = reader.string("state_key");
    // Runs of one file follow each other here, whether or not they would have to.
    let _ = reader.bool("parallel");
    let providers = reader.attribute("providers").map(|attribute| providers(&attribute.expr, reader.diags));
    let options = reader.block("plan_options").map(|block| options(block, reader.diags)).unwrap_or_default();
    let overrides = mock::overrides(&mut reader);
    reader.finish();
    if plan_only && options.refresh_only && !options.replace.is_empty() {
        diags.error(block.span, "Incompatible plan options", "With mode = refresh-only nothing is replaced: remove \"replace\" or \"mode\".");
    }
    Some(TestRun { name: label.name.clone(), plan_only, variables, rules, expect_failures, module, state_key, providers, overrides, options, span: block.span })
}

/// The `module` block of a run.
fn source(block: &Block, diags: &mut Diagnostics) -> Option<(Arc<str>, Span)> {
    labels(block, 0, diags);
    let mut reader = Reader::new(&block.body, diags);
    let place = reader.attribute("source").map(|attribute| attribute.expr.span);
    let source = reader.string("source");
    let _ = reader.string("version");
    reader.finish();
    let Some(place) = place else {
        diags.error(block.span, "Missing required argument", "The argument \"source\" is required, but no definition was found.");
        return None;
    };
    let source = source?;
    if !(source.starts_with("./") || source.starts_with("../")) {
        diags.error(
            place,
            "Unsupported module source",
            format!("\"{source}\" is no local folder. A run uses modules by their path, beginning with ./ or ../ and from the root module."),
        );
        return None;
    }
    Some((source, place))
}

fn options(block: &Block, diags: &mut Diagnostics) -> TestOptions {
    labels(block, 0, diags);
    let mut reader = Reader::new(&block.body, diags);
    let mode = word(&mut reader, "mode", &["normal", "refresh-only"]);
    let no_refresh = reader.bool("refresh") == Some(false);
    let (replace, target) = (reader.references("replace"), reader.references("target"));
    reader.finish();
    TestOptions { refresh_only: mode.is_some_and(|mode| &*mode == "refresh-only"), no_refresh, replace, target }
}

/// One of a few bare words.
pub(crate) fn word(reader: &mut Reader<'_>, name: &'static str, words: &[&str]) -> Option<Arc<str>> {
    let expr: &Expr = &reader.attribute(name)?.expr;
    let found = match &expr.kind {
        ExprKind::Variable(ident) => Some(ident.name.clone()),
        // JSON has no bare words.
        ExprKind::Literal(Value::String(text)) => Some(text.clone()),
        ExprKind::Invalid => return None,
        _ => None,
    };
    let found = found.filter(|found| words.contains(&&**found));
    if found.is_none() {
        reader.diags.error(expr.span, format!("Invalid \"{name}\" argument"), format!("\"{name}\" is one of the words {}, without quotes.", words.join(" and ")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (TestFile, Vec<String>) {
        let mut sources = Sources::new();
        let id = sources.add("a.tftest.hcl", text);
        let (file, diags) = parse_test_file(&sources, id);
        let told = diags.iter().map(|diag| format!("{}: {}", diag.span.map(|span| sources.place(span)).unwrap_or_default(), diag.summary)).collect();
        (file, told)
    }

    #[test]
    fn runs_with_everything() {
        let (file, told) = parse(
            "variables { a = 1 }\nprovider \"aws\" {\n  alias = \"x\"\n}\nrun \"r\" {\n  command = plan\n  module { source = \"./m\" }\n  variables { b = 2 }\n  state_key = \"k\"\n  \
             providers = { aws = aws.x }\n  expect_failures = [var.b, check.c]\n  plan_options {\n    mode = refresh-only\n    refresh = false\n    target = [a.b]\n  }\n  \
             assert {\n    condition = true\n    error_message = \"m\"\n  }\n}\nrun \"s\" {}\n",
        );
        // `refresh-only` is a name, for dashes are letters of names.
        assert_eq!(told, Vec::<String>::new());
        let run = &file.runs[0];
        assert_eq!((file.variables.len(), file.providers.len(), file.runs.len(), run.rules.len(), run.expect_failures.len()), (1, 1, 2, 1, 2));
        assert!(run.plan_only && run.options.refresh_only && run.options.no_refresh && run.options.target.len() == 1);
        assert_eq!((run.module.as_ref().map(|(source, _)| &**source), run.state_key.as_deref()), (Some("./m"), Some("k")));
        assert_eq!(run.providers.as_ref().map(BTreeMap::len), Some(1));
        assert!(!file.runs[1].plan_only);
    }

    #[test]
    fn mocks_and_overrides() {
        let (file, told) = parse(
            "mock_provider \"aws\" {\n  alias = \"x\"\n  override_during = plan\n  mock_resource \"aws_vpc\" {\n    defaults = { id = 1 }\n  }\n  mock_data \"aws_ami\" {}\n  override_data {\n    target = data.a.b\n  }\n}\n\
             override_module {\n  target = module.m\n  outputs = {}\n}\nrun \"r\" {\n  override_resource {\n    target = a.b[0]\n    values = {}\n  }\n}\n",
        );
        assert_eq!(told, Vec::<String>::new());
        let mock = &file.mocks[0];
        assert_eq!((mock.of.alias.as_deref(), mock.during_plan, mock.types.len(), mock.overrides.len()), (Some("x"), true, 2, 1));
        assert_eq!((file.overrides[0].kind, file.runs[0].overrides[0].kind), (mock::OverrideKind::Module, mock::OverrideKind::Resource));
    }

    #[test]
    fn mistakes_have_places() {
        let (file, told) = parse(
            "run \"a\" {\n  comand = plan\n}\nrun \"a\" {}\nrun \"b\" {\n  command = destroy\n  module { source = \"git::x\" }\n}\nmock_provider \"aws\" {}\nmock_provider \"aws\" {}\n",
        );
        assert_eq!(file.runs.len(), 2);
        let lines: Vec<_> = told.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(lines.iter().any(|place| place.contains(":2")) && lines.iter().any(|place| place.contains(":10")), "{told:?}");
    }
}
