//! `weir providers schema`

use std::collections::BTreeMap;

use serde::Serialize;
use weir_plugin::Description;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::plugins;
use crate::stack::{Disk, Stack};
use crate::stored::StateFlags;

/// Print what the providers of this configuration offer
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// As JSON; there is no other form
    #[arg(long, required = true)]
    json: bool,
    #[command(flatten)]
    state: StateFlags,
}

#[derive(Serialize)]
struct Schemas {
    format_version: &'static str,
    provider_schemas: BTreeMap<String, Description>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let state = self.state.read(context)?.unwrap_or_default();
        let stored = state.resources.values().map(|resource| resource.provider.provider.clone()).collect();
        let provider_schemas = Stack::without_plugins(&Disk, |nodes, catalog, sources| plugins::describe(context, nodes, catalog, sources, stored))?;
        let text = serde_json::to_string(&Schemas { format_version: "1.0", provider_schemas });
        context.out.line(text.map_err(|error| Failure::error("The schemas cannot be printed", format!("{error}.")))?);
        Ok(Exit::DONE)
    }
}
