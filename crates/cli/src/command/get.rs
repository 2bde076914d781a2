//! `weir get`

use std::path::Path;

use weir_config::load;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::modules;
use crate::stack::Disk;

/// Install the modules that are called
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Download also what is there already
    #[arg(long)]
    update: bool,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        modules::install(context, self.update)?;
        let (config, diags) = load(&Disk, Path::new("."));
        if diags.has_errors() {
            return Err(Failure::new(diags, &config.sources));
        }
        context.report(&diags, &config.sources);
        Ok(Exit::DONE)
    }
}
