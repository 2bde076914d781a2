//! `weir providers mirror`

use std::path::PathBuf;

use crate::context::Context;
use crate::exit::{Exit, Outcome};
use crate::plugins;
use crate::stack::{Disk, Stack};

/// Copy the providers of this configuration into a folder from which other machines can install them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Platform whose packages are copied, such as linux_amd64; may be given more than once [default: this one]
    #[arg(long, value_name = "OS_ARCH", value_parser = plugins::platform_name)]
    platform: Vec<String>,
    /// Whether to take the versions of the lock file; else the newest that the configuration allows
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    lock_file: bool,
    /// The folder; made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        Stack::without_plugins(&Disk, |nodes, catalog, sources| plugins::mirror(context, nodes, catalog, sources, &self.folder, &self.platform, self.lock_file))?;
        Ok(Exit::DONE)
    }
}
