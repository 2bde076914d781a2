//! `weir pki root`

use std::path::PathBuf;

use weir_builtin::pki::{self, Protection, Subject};

use super::{RootFolder, failed, print};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::file::{self, PUBLIC, SECRET};
use crate::prompt::Passphrase;

/// Make a root CA: a key (ECDSA P-384), encrypted with a passphrase, and its certificate
///
/// Do this on a machine without a network. Keep the folder and the passphrase apart; only root-ca.pem is public.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder for the key and the certificate
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Common name of the subject
    #[arg(long, value_name = "NAME")]
    common_name: String,
    /// Organization of the subject
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// Country of the subject, two letters
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// Years of validity
    #[arg(long, default_value_t = 10, value_name = "N")]
    years: u16,
    /// How many CAs may stand below it in a chain
    #[arg(long, default_value_t = 2, value_name = "N")]
    path_length: u32,
    /// File whose first line is the passphrase [default: asks for it]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let folder = RootFolder(self.out);
        if let Some(there) = [folder.key(), folder.certificate()].into_iter().find(|file| file.exists()) {
            let detail = format!("{} is a CA's already. A root CA is made once and never overwritten; name another folder with -out.", there.display());
            return Err(Failure::error("There is a root CA already", detail));
        }
        let passphrase = Passphrase { what: "the root key", file: self.passphrase_file.as_deref(), new: true }.get(context)?;
        let subject = Subject { country: self.country, ..Subject::new(self.common_name, self.organization) };
        let wrong = "Cannot make the root CA";
        let (key, certificate) = pki::make_root(&subject, self.years, Some(self.path_length)).map_err(failed(wrong))?;
        let key = pki::encrypt_key(&key, &Protection::Passphrase(passphrase)).map_err(failed(wrong))?;
        let summary = pki::certificates(&certificate).map_err(failed(wrong))?;
        file::make_private_folder(&folder.0)?;
        file::write_new(&folder.key(), key, SECRET)?;
        file::write_new(&folder.certificate(), certificate, PUBLIC)?;
        for certificate in &summary {
            print(context, certificate, &folder.certificate());
        }
        context.out.line(format!("\nThe private key is in {}, encrypted with the passphrase. It must not leave this machine.", folder.key().display()));
        Ok(Exit::DONE)
    }
}
