//! `provider`

use weir_diag::Diagnostics;

use crate::module::{ProviderBlock, ProviderRef};
use crate::reader::{Reader, labels};
use crate::syntax::Block;

pub(crate) fn read(block: &Block, diags: &mut Diagnostics) -> Option<ProviderBlock> {
    let [label] = labels(block, 1, diags)? else { return None };
    let mut reader = Reader::new(&block.body, diags);
    let alias = reader.string("alias");
    if let Some(version) = reader.attribute("version") {
        reader.diags.warning(version.span, "Version constraints inside provider configuration blocks are deprecated", "Move the constraint to required_providers.");
    }
    if let Some(for_each) = reader.attribute("for_each") {
        reader.diags.error(for_each.span, "Unsupported argument", "for_each of a provider configuration is not supported yet: write one block per alias.");
    }
    Some(ProviderBlock { of: ProviderRef { name: label.name.clone(), alias }, body: reader.rest(), span: block.span })
}
