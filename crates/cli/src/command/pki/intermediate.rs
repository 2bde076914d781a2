//! `weir pki intermediate`

use std::path::PathBuf;

use weir_builtin::pki::{self, IntermediateProfile, Protection};

use super::{RootFolder, failed, print};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::file::{self, PUBLIC};
use crate::prompt::Passphrase;

/// Sign the request of an intermediate CA with the root CA
///
/// Writes a chain: the intermediate's certificate, then the root's.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder that `weir pki root` made
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Certificate request of the intermediate CA, PEM
    #[arg(long, value_name = "FILE")]
    csr: PathBuf,
    /// File for the chain
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Years of validity; no longer than the root's
    #[arg(long, default_value_t = 5, value_name = "N")]
    years: u16,
    /// How many CAs may stand below it in a chain
    #[arg(long, default_value_t = 1, value_name = "N")]
    path_length: u32,
    /// File whose first line is the passphrase of the root key [default: asks for it]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let root = RootFolder(self.root);
        if self.out.exists() {
            return Err(Failure::error("The file exists already", format!("{} is not overwritten. Name another place, or move it away.", self.out.display())));
        }
        let request = file::read(&self.csr)?;
        let (certificate, encrypted) = (file::read(&root.certificate())?, file::read(&root.key())?);
        let passphrase = Passphrase { what: "the root key", file: self.passphrase_file.as_deref(), new: false }.get(context)?;
        let key = pki::decrypt_key(&encrypted, &Protection::Passphrase(passphrase)).map_err(failed("Cannot open the root key"))?;
        let profile = IntermediateProfile { years: self.years, path_length: Some(self.path_length) };
        let wrong = "Cannot sign the intermediate CA";
        let intermediate = pki::make_intermediate(&request, &certificate, &key, profile).map_err(failed(wrong))?;
        let chain = format!("{}\n{}\n", intermediate.trim_end(), certificate.trim_end());
        // What is handed out has to be right: a gate will check the same.
        pki::verify(&chain, &chain).map_err(failed("The signed chain does not verify"))?;
        let summary = pki::certificates(&chain).map_err(failed(wrong))?;
        file::write_new(&self.out, &chain, PUBLIC)?;
        for certificate in &summary {
            print(context, certificate, &self.out);
        }
        Ok(Exit::DONE)
    }
}
