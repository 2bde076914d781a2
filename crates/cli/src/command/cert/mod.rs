//! `weir cert`

mod verify;
mod view;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::context::Context;
use crate::exit::{Failure, Outcome};

/// Look at certificates, and try them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    View(view::Arguments),
    Verify(verify::Arguments),
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        // Another crate of the process may have chosen already; any provider will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        match self.command {
            Command::View(arguments) => arguments.run(context),
            Command::Verify(arguments) => arguments.run(context),
        }
    }
}

/// The certificates in a text.
fn certificates(pem: &str, file: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let found = found.map_err(|error| Failure::error("Cannot read a certificate", format!("{}: {error}.", file.display())))?;
    if found.is_empty() {
        return Err(Failure::error("No certificate", format!("{} holds no certificate in PEM.", file.display())));
    }
    Ok(found)
}
