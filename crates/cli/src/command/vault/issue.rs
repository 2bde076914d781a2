//! `weir vault issue`

use std::path::PathBuf;

use weir_builtin::pki;
use weir_vault::operator::{IssueRequest, Issued};

use super::{Server, Token, refused};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::file::{self, PUBLIC, SECRET};

/// Have a certificate and its key issued by a role of a PKI mount
///
/// Writes cert.pem (the certificate, then the CAs above it without the root) and key.pem.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    token: Token,
    /// Path of the PKI mount
    #[arg(long, value_name = "PATH")]
    mount: String,
    /// Role of the mount
    #[arg(long, value_name = "NAME")]
    role: String,
    /// Common name
    #[arg(long, value_name = "NAME")]
    common_name: String,
    /// Further DNS name; may be repeated
    #[arg(long, value_name = "NAME")]
    alt_name: Vec<String>,
    /// How long it is valid (such as 24h) [default: the role's]
    #[arg(long, value_name = "DURATION")]
    ttl: Option<String>,
    /// Folder for the files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Arguments {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (cert, key) = (self.out.join("cert.pem"), self.out.join("key.pem"));
        if let Some(there) = [&cert, &key].into_iter().find(|file| file.exists()) {
            return Err(Failure::error("The file exists already", format!("{} is not overwritten. Name another folder, or move it away.", there.display())));
        }
        let (operator, _) = self.server.operator()?;
        let operator = self.token.give(operator).await?;
        let request = IssueRequest { common_name: self.common_name.clone(), alt_names: self.alt_name.join(","), ttl: self.ttl.clone(), ..IssueRequest::default() };
        let issued = operator.issue(&self.mount, &self.role, &request).await.map_err(refused)?;
        let chain = chain(&issued)?;
        file::make_private_folder(&self.out)?;
        file::write_new(&key, format!("{}\n", issued.private_key.expose().trim_end()), SECRET)?;
        file::write_new(&cert, &chain, PUBLIC)?;
        let summary = pki::certificates(&chain).map_err(|error| Failure::error("Cannot read the certificate", format!("{error}.")))?;
        for certificate in &summary {
            context.out.line(format!("{}  (until {})", certificate.subject, certificate.not_after));
        }
        context.out.line(format!("Written to {} and {}.", cert.display(), key.display()));
        Ok(Exit::DONE)
    }
}

/// The certificate and the CAs above it; the root is left out, as a client that does not have it must not take it from here.
fn chain(issued: &Issued) -> Result<String, Failure> {
    let wrong = |error| Failure::error("Cannot read the certificate", format!("The server's answer: {error}."));
    let above = if issued.ca_chain.is_empty() { std::slice::from_ref(&issued.issuing_ca) } else { &issued.ca_chain };
    let mut chain = format!("{}\n", issued.certificate.trim());
    for pem in above {
        if !pki::certificates(pem).map_err(wrong)?.iter().any(|certificate| certificate.self_signed) {
            chain += &format!("{}\n", pem.trim());
        }
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_vault::Secret;

    #[test]
    fn the_root_is_left_out() {
        let (_, root) = pki::make_root(&pki::Subject::new("Root", None), 1, None).unwrap();
        let issued = Issued {
            certificate: "LEAF\n".into(),
            issuing_ca: root.clone(),
            ca_chain: vec![root],
            private_key: Secret::new("k"),
            private_key_type: String::new(),
            serial_number: String::new(),
            expiration: 0,
        };
        assert_eq!(chain(&issued).unwrap(), "LEAF\n");
    }
}
