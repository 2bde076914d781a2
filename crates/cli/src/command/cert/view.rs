//! `weir cert view`

use std::io::Write;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use serde::Serialize;
use weir_builtin::pki::{self, CertificateSummary};

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::file;

const PATIENCE: Duration = Duration::from_secs(10);

/// Show what certificates say: of a file, or of a TLS server
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// PEM file, or HOST:PORT
    #[arg(value_name = "FILE|HOST:PORT")]
    what: String,
    /// Name to ask the server for [default: HOST]
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct CertificateJson {
    #[serde(flatten)]
    summary: CertificateSummary,
    days_left: i64,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let path = Path::new(&self.what);
        let pem = match self.what.rsplit_once(':') {
            Some((host, port)) if !path.exists() && port.parse::<u16>().is_ok() => presented(&self.what, self.server_name.as_deref().unwrap_or(host))?,
            _ => file::read(path)?,
        };
        let wrong = |error| Failure::error("Cannot read the certificate", format!("{}: {error}.", self.what));
        let now = jiff::Timestamp::now();
        let summaries = pki::certificates(&pem).map_err(wrong)?;
        let all: Vec<CertificateJson> = summaries.into_iter().map(|summary| CertificateJson { days_left: days_left(&summary, now), summary }).collect();
        if self.json {
            context.out.line(serde_json::to_string_pretty(&all).unwrap_or_default());
            return Ok(Exit::DONE);
        }
        for (at, certificate) in all.iter().enumerate() {
            context.out.text(text(&self.what, at, certificate));
        }
        Ok(Exit::DONE)
    }
}

fn text(from: &str, at: usize, certificate: &CertificateJson) -> String {
    let CertificateJson { summary, days_left } = certificate;
    let or_none = |list: &[String]| if list.is_empty() { "-".to_owned() } else { list.join(", ") };
    let ca = match (summary.is_ca, summary.path_length) {
        (false, _) => "no".to_owned(),
        (true, None) => "yes".to_owned(),
        (true, Some(length)) => format!("yes, {length} below it"),
    };
    let left = if *days_left < 0 { format!("EXPIRED {} days ago", -days_left) } else { format!("{days_left} days left") };
    let lines = [
        ("Source", format!("{from}#{at}")),
        ("Serial", summary.serial_number.clone()),
        ("Subject", summary.subject.clone()),
        ("Issuer", summary.issuer.clone()),
        ("Valid from", summary.not_before.clone()),
        ("Valid until", format!("{} ({left})", summary.not_after)),
        ("CA", ca),
        ("DNS names", or_none(&summary.dns_names)),
        ("Key usage", or_none(&[summary.key_usage.as_slice(), &summary.ext_key_usage].concat())),
        ("SHA-256", summary.fingerprint_sha256.clone()),
    ];
    let blank = if at == 0 { "" } else { "\n" };
    lines.iter().fold(blank.to_owned(), |text, (name, value)| text + &format!("{name:<12}{value}\n"))
}

/// Whole days until the end of validity; below zero after it.
fn days_left(summary: &CertificateSummary, now: jiff::Timestamp) -> i64 {
    let end = summary.not_after.parse::<jiff::Timestamp>().unwrap_or(now);
    (end.as_second() - now.as_second()).div_euclid(86_400)
}

/// What a server presents, as PEM. It is looked at, not trusted: nothing is sent over the connection, so an expired or foreign certificate can be seen too.
fn presented(address: &str, server_name: &str) -> Result<String, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::error("Cannot get the server's certificate", format!("{address}: {error}."));
    let name = ServerName::try_from(server_name.trim_matches(['[', ']']).to_owned()).map_err(|error| wrong(&error))?;
    let config = ClientConfig::builder().dangerous().with_custom_certificate_verifier(Arc::new(Onlooker)).with_no_client_auth();
    let mut client = ClientConnection::new(Arc::new(config), name).map_err(|error| wrong(&error))?;
    let found = address.to_socket_addrs().map_err(|error| wrong(&error))?.next().ok_or_else(|| wrong(&"no address"))?;
    let mut stream = TcpStream::connect_timeout(&found, PATIENCE).map_err(|error| wrong(&error))?;
    stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE))).map_err(|error| wrong(&error))?;
    while client.is_handshaking() && client.peer_certificates().is_none() {
        client.complete_io(&mut stream).map_err(|error| wrong(&error))?;
    }
    let chain = client.peer_certificates().unwrap_or_default();
    let pem = chain.iter().map(|certificate| {
        let text = STANDARD.encode(certificate);
        let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..(at + 64).min(text.len())]).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    });
    let pem = pem.collect();
    let _ = stream.flush();
    Ok(pem)
}

/// Accepts every certificate, for a connection on which nothing is said.
#[derive(Debug)]
struct Onlooker;

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        CryptoProvider::get_default().map(|provider| provider.signature_verification_algorithms.supported_schemes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_may_be_over() {
        let (_, certificate) = pki::make_root(&pki::Subject::new("Root", None), 1, Some(2)).unwrap();
        let summary = pki::certificates(&certificate).unwrap().remove(0);
        let end: jiff::Timestamp = summary.not_after.parse().unwrap();
        let at = |seconds: i64| days_left(&summary, end - jiff::SignedDuration::from_secs(seconds));
        assert_eq!((at(86_400 * 2 + 5), at(5), at(-5)), (2, 0, -1));
        let shown = text("a.pem", 0, &CertificateJson { days_left: -3, summary });
        assert!(shown.contains("Subject     CN=Root\n") && shown.contains("(EXPIRED 3 days ago)") && shown.contains("CA          yes, 2 below it\n"), "{shown}");
    }
}
