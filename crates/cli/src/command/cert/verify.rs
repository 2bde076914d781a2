//! `weir cert verify`

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use weir_builtin::pki;

use super::certificates;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::file;

/// Try a certificate and its key in a TLS handshake with a client that trusts only the given root
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Certificate of the root CA, PEM
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// Certificate of the server, then those of the intermediate CAs, PEM
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// Private key of the server, PEM
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Name that the client asks for
    #[arg(long, value_name = "NAME")]
    server_name: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let (root, chain) = (file::read(&self.ca)?, file::read(&self.cert)?);
        let wrong = |error: &dyn std::fmt::Display| Failure::error("The certificate does not verify", format!("{}: {error}.", self.cert.display()));
        // Our own path validation says more precisely what is wrong, and gives the path.
        let path = pki::verify(&chain, &root).map_err(|error| wrong(&error))?;
        let key = PrivateKeyDer::from_pem_slice(file::read(&self.key)?.as_bytes())
            .map_err(|error| Failure::error("Cannot read the private key", format!("{}: {error}.", self.key.display())))?;
        let protocol = shake(certificates(&root, &self.ca)?, certificates(&chain, &self.cert)?, key, &self.server_name).map_err(|error| wrong(&error))?;
        context.out.line(format!("{} is verified in a handshake ({protocol}):", self.server_name));
        let all = pki::certificates(&format!("{chain}\n{root}")).map_err(|error| wrong(&error))?;
        for (depth, subject) in path.iter().enumerate() {
            let until = all.iter().find(|summary| summary.subject == *subject).map_or("", |summary| &summary.not_after);
            context.out.line(format!("  {depth}  {subject}  (until {until})"));
        }
        Ok(Exit::DONE)
    }
}

/// A handshake in memory; gives the protocol that was agreed on.
fn shake(roots: Vec<CertificateDer<'static>>, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>, name: &str) -> Result<String, rustls::Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root)?;
    }
    let name = ServerName::try_from(name.to_owned()).map_err(|_| rustls::Error::General(format!("\"{name}\" is no name of a server")))?;
    let client = ClientConfig::builder().with_root_certificates(store).with_no_client_auth();
    let server = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    let mut client = ClientConnection::new(Arc::new(client), name)?;
    let mut server = ServerConnection::new(Arc::new(server))?;
    let io = |error: std::io::Error| rustls::Error::General(error.to_string());
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).map_err(io)?;
        let sent = wire.len();
        let mut rest = wire.as_slice();
        while !rest.is_empty() && server.read_tls(&mut rest).map_err(io)? > 0 {
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        server.write_tls(&mut wire).map_err(io)?;
        let mut rest = wire.as_slice();
        while !rest.is_empty() && client.read_tls(&mut rest).map_err(io)? > 0 {
            client.process_new_packets()?;
        }
        if sent == 0 && wire.is_empty() && (client.is_handshaking() || server.is_handshaking()) {
            return Err(rustls::Error::General("the handshake does not go on".to_owned()));
        }
    }
    Ok(client.protocol_version().map_or_else(String::new, |version| version.as_str().unwrap_or("TLS").replace("TLSv1_", "TLS 1.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_builtin::pki::{AltNames, IntermediateProfile, ServerProfile, Subject};

    struct Files {
        root: String,
        chain: String,
        key: String,
    }

    fn files() -> Files {
        let (root_key, root) = pki::make_root(&Subject::new("Root", None), 1, Some(1)).unwrap();
        let request = |name: &str, ca: bool| {
            let key = pki::make_private_key().unwrap();
            let names = AltNames { dns_names: vec![name.to_owned()], ..AltNames::default() };
            (pki::make_certificate_request(&key, &Subject::new(name, None), &names, ca).unwrap(), key)
        };
        let ((ca_request, ca_key), (leaf_request, key)) = (request("ca", true), request("a.example.com", false));
        let ca = pki::make_intermediate(&ca_request, &root, &root_key, IntermediateProfile { years: 1, path_length: Some(0) }).unwrap();
        let leaf = pki::sign_server(&leaf_request, &ca, &ca_key, &ServerProfile { hours: 1, client: false }).unwrap();
        Files { root, chain: leaf + &ca, key }
    }

    fn check(files: &Files, name: &str) -> Result<String, String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let der = |pem: &str| certificates(pem, std::path::Path::new("x")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(files.key.as_bytes()).unwrap();
        shake(der(&files.root), der(&files.chain), key, name).map_err(|error| error.to_string())
    }

    #[test]
    fn a_good_chain_and_bad_ones() {
        let good = files();
        assert_eq!(check(&good, "a.example.com"), Ok("TLS 1.3".to_owned()));
        assert!(check(&good, "b.example.com").unwrap_err().contains("not valid for name"));
        let other_root = Files { root: files().root, ..files() };
        assert!(check(&other_root, "a.example.com").unwrap_err().contains("invalid peer certificate"));
        let other_key = Files { key: files().key, ..files() };
        assert!(check(&other_key, "a.example.com").is_err());
    }
}
