//! `weir providers lock`

use std::path::PathBuf;

use weir_addr::ProviderAddr;

use crate::context::Context;
use crate::exit::{Exit, Outcome};
use crate::plugins::{self, Source};
use crate::stack::{Disk, Stack};

/// Write down hashes of providers for other platforms
///
/// Packages are taken from the registries of the providers, whatever the CLI configuration says, so that their signatures can be checked.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Platform whose package shall be accepted, such as linux_amd64; may be given more than once [default: this one]
    #[arg(long, value_name = "OS_ARCH", value_parser = plugins::platform_name)]
    platform: Vec<String>,
    /// Take packages from a filesystem mirror, which signs nothing
    #[arg(long, value_name = "DIR")]
    fs_mirror: Option<PathBuf>,
    /// Take packages from a network mirror, which signs nothing
    #[arg(long, value_name = "URL", conflicts_with = "fs_mirror")]
    net_mirror: Option<String>,
    /// Only these providers, even if they are part of Weir [default: all that are not]
    #[arg(value_name = "PROVIDER")]
    providers: Vec<ProviderAddr>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let source = match (self.fs_mirror, self.net_mirror) {
            (Some(folder), _) => Source::Folder(folder),
            (None, Some(url)) => Source::Mirror(url),
            (None, None) => Source::Registry,
        };
        Stack::without_plugins(&Disk, |nodes, catalog, sources| plugins::lock(context, nodes, catalog, sources, &source, &self.platform, &self.providers))?;
        Ok(Exit::DONE)
    }
}
