//! What stands in for real objects in a test: `mock_provider` and the `override_` blocks.

use std::sync::Arc;

use weir_addr::Mode;
use weir_diag::{Diagnostics, SourceId, Sources, Span};

use crate::json;
use crate::module::ProviderRef;
use crate::reader::{Reader, labels};
use crate::syntax::{self, Block, Body, Expr, Traversal};
use crate::test_file::word;

/// A `mock_provider` block, or what a file of mocks (`.tfmock.hcl`) holds.
#[derive(Debug)]
pub struct MockProvider {
    /// The configuration that it stands in for.
    pub of: ProviderRef,
    /// Its values are known while planning: `override_during = plan`.
    pub during_plan: bool,
    /// Values of its types.
    pub types: Vec<MockType>,
    /// Values of single objects, as far as nothing nearer says them.
    pub overrides: Vec<Override>,
    /// A folder with files of mocks.
    pub source: Option<(Arc<str>, Span)>,
    /// The block's header.
    pub span: Span,
}

/// A `mock_resource` or `mock_data` block.
#[derive(Debug)]
pub struct MockType {
    /// Resource or data source.
    pub mode: Mode,
    /// The type.
    pub type_: Arc<str>,
    /// An object with values of computed attributes.
    pub defaults: Option<Arc<Expr>>,
    /// `override_during`, where it is said.
    pub during_plan: Option<bool>,
    /// The block's header.
    pub span: Span,
}

/// What an `override_` block is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideKind {
    /// `override_resource`
    Resource,
    /// `override_data`
    Data,
    /// `override_module`
    Module,
}

/// An `override_resource`, `override_data` or `override_module` block.
#[derive(Debug)]
pub struct Override {
    /// Which of the three.
    pub kind: OverrideKind,
    /// The object or module.
    pub target: Traversal,
    /// An object with values of computed attributes, or of outputs.
    pub values: Option<Arc<Expr>>,
    /// `override_during`, where it is said.
    pub during_plan: Option<bool>,
    /// The block's header.
    pub span: Span,
}

const OVERRIDES: [(&str, OverrideKind, &str); 3] =
    [("override_resource", OverrideKind::Resource, "values"), ("override_data", OverrideKind::Data, "values"), ("override_module", OverrideKind::Module, "outputs")];
const TYPES: [(&str, Mode); 2] = [("mock_resource", Mode::Managed), ("mock_data", Mode::Data)];

/// Reads a `mock_provider` block.
pub(crate) fn provider(block: &Block, diags: &mut Diagnostics) -> Option<MockProvider> {
    let [label] = labels(block, 1, diags)? else { return None };
    let mut reader = Reader::new(&block.body, diags);
    let alias = reader.string("alias");
    let place = reader.attribute("source").map(|attribute| attribute.expr.span);
    let source = reader.string("source").zip(place);
    let during_plan = during_plan(&mut reader).unwrap_or(false);
    let (types, overrides) = content(reader);
    Some(MockProvider { of: ProviderRef { name: label.name.clone(), alias }, during_plan, types, overrides, source, span: block.span })
}

/// Reads a file of mocks: types and overrides.
pub fn parse_mock_file(sources: &Sources, id: SourceId) -> (Vec<MockType>, Vec<Override>, Diagnostics) {
    let is_json = sources.get(id).is_some_and(|file| file.name.ends_with(".json"));
    let (body, mut diags) = if is_json { json::parse(sources, id) } else { syntax::parse(sources, id) };
    let (types, overrides) = content(Reader::new(&body, &mut diags));
    (types, overrides, diags)
}

fn content(mut reader: Reader<'_>) -> (Vec<MockType>, Vec<Override>) {
    let mut types = Vec::new();
    for (kind, mode) in TYPES {
        for block in reader.blocks(kind) {
            types.extend(mock_type(block, mode, reader.diags));
        }
    }
    let overrides = overrides(&mut reader);
    reader.finish();
    (types, overrides)
}

fn mock_type(block: &Block, mode: Mode, diags: &mut Diagnostics) -> Option<MockType> {
    let [label] = labels(block, 1, diags)? else { return None };
    let mut reader = Reader::new(&block.body, diags);
    let defaults = reader.expr("defaults");
    let during_plan = during_plan(&mut reader);
    reader.finish();
    Some(MockType { mode, type_: label.name.clone(), defaults, during_plan, span: block.span })
}

/// The names of the blocks that [`overrides`] takes.
pub(crate) fn take_overrides(body: &Body, diags: &mut Diagnostics) -> Vec<Override> {
    OVERRIDES
        .into_iter()
        .flat_map(|(name, kind, values)| body.blocks_of(name).map(move |block| (block, kind, values)))
        .filter_map(|(block, kind, values)| one(block, kind, values, diags))
        .collect()
}

/// Takes the `override_` blocks of a body.
pub(crate) fn overrides(reader: &mut Reader<'_>) -> Vec<Override> {
    let mut found = Vec::new();
    for (name, kind, values) in OVERRIDES {
        for block in reader.blocks(name) {
            found.extend(one(block, kind, values, reader.diags));
        }
    }
    found
}

fn one(block: &Block, kind: OverrideKind, values: &'static str, diags: &mut Diagnostics) -> Option<Override> {
    labels(block, 0, diags);
    let mut reader = Reader::new(&block.body, diags);
    let target = reader.attribute("target").map(|attribute| attribute.expr.clone());
    let values = reader.expr(values);
    let during_plan = during_plan(&mut reader);
    reader.finish();
    let Some(target) = target else {
        diags.error(block.span, "Missing required argument", "The argument \"target\" is required, but no definition was found.");
        return None;
    };
    let target = crate::reader::reference(&target, diags)?;
    Some(Override { kind, target, values, during_plan, span: block.span })
}

fn during_plan(reader: &mut Reader<'_>) -> Option<bool> {
    word(reader, "override_during", &["plan", "apply"]).map(|word| &*word == "plan")
}
