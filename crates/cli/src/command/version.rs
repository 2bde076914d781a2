//! `weir version`

use serde::Serialize;

use crate::context::Context;
use crate::exit::{Exit, Outcome};

/// Show the version of Weir
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct VersionJson {
    weir_version: &'static str,
    platform: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        // Architectures as Go's world names them, as the incumbents' users compare them.
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
        let version = VersionJson { weir_version: env!("CARGO_PKG_VERSION"), platform: format!("{os}_{arch}") };
        if self.json {
            context.out.line(serde_json::to_string_pretty(&version).unwrap_or_default());
        } else {
            context.out.line(format!("Weir v{}\non {}", version.weir_version, version.platform));
        }
        Ok(Exit::DONE)
    }
}
