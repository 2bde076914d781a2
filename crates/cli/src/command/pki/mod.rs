//! `weir pki`

mod intermediate;
mod root;

use std::path::{Path, PathBuf};

use weir_builtin::pki::{CertificateSummary, X509Error};

use crate::context::Context;
use crate::exit::{Failure, Outcome};

/// Make an offline root CA, and sign with it
///
/// Needs no network and calls nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Root(root::Arguments),
    Intermediate(intermediate::Arguments),
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self.command {
            Command::Root(arguments) => arguments.run(context),
            Command::Intermediate(arguments) => arguments.run(context),
        }
    }
}

/// The files of a root CA.
struct RootFolder(PathBuf);

impl RootFolder {
    /// Its certificate: public.
    fn certificate(&self) -> PathBuf {
        self.0.join("root-ca.pem")
    }

    /// Its private key, an age file for a passphrase. The key is nowhere else.
    fn key(&self) -> PathBuf {
        self.0.join("root-ca.key.age")
    }
}

fn failed(what: &str) -> impl FnOnce(X509Error) -> Failure {
    let what = what.to_owned();
    move |error| Failure::error(what, format!("{error}."))
}

fn print(context: &Context, certificate: &CertificateSummary, file: &Path) {
    let below = certificate.path_length.map_or_else(|| "any number of".to_owned(), |length| length.to_string());
    context.out.line(format!("{}\n  subject      {}\n  issuer       {}", file.display(), certificate.subject, certificate.issuer));
    context.out.line(format!("  valid until  {}\n  CAs below    {below}\n  SHA-256      {}", certificate.not_after, certificate.fingerprint_sha256));
}
