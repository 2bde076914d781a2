//! The line by which a plugin says where and how it can be reached.

use std::net::SocketAddr;
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;

use crate::tls::read_certificate;

/// What the plugin must find in its environment to know that it was started as one.
pub(crate) const COOKIE: (&str, &str) = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// The version of the handshake itself.
const CORE: &str = "1";

/// Where a plugin listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// `1|5|unix|/tmp/plugin123|grpc|CERTIFICATE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    /// 5 or 6.
    pub(crate) version: u8,
    pub(crate) address: Address,
    /// None when the plugin speaks without TLS.
    pub(crate) certificate: Option<CertificateDer<'static>>,
}

/// Reads the line; the error says what is wrong with it.
pub(crate) fn read_handshake(line: &str) -> Result<Handshake, String> {
    let parts: Vec<&str> = line.trim_end().split('|').collect();
    let [core, version, network, address, rest @ ..] = parts.as_slice() else {
        return Err(format!(
            "it printed \"{}\" where a provider names its protocol and address, so it is not a provider plugin, or not one for this machine",
            shortened(line)
        ));
    };
    if *core != CORE {
        return Err(format!("it speaks version {} of the plugin handshake, and only {CORE} is known", shortened(core)));
    }
    let version = match *version {
        "5" => 5,
        "6" => 6,
        other => return Err(format!("it speaks version {} of the provider protocol; Weir speaks 5 and 6", shortened(other))),
    };
    match rest.first() {
        Some(&"grpc") => {}
        other => return Err(format!("it speaks \"{}\" and not gRPC", shortened(other.unwrap_or(&"netrpc")))),
    }
    let address = match *network {
        "unix" => Address::Unix(PathBuf::from(address)),
        "tcp" => Address::Tcp(address.parse().map_err(|_| format!("its address \"{}\" is none", shortened(address)))?),
        other => return Err(format!("it listens on \"{}\", and unix and tcp are known", shortened(other))),
    };
    let certificate = match rest.get(1) {
        None | Some(&"") => None,
        Some(text) => Some(read_certificate(text).ok_or("its certificate cannot be read")?),
    };
    Ok(Handshake { version, address, certificate })
}

/// At most so much of a text as fits a message.
fn shortened(text: &str) -> String {
    let clean: String = text.trim_end().chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.trim_end().chars().count() > 80 { clean + "…" } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, wanted: Result<(u8, Address, bool), &str>) {
        match (read_handshake(line), wanted) {
            (Ok(found), Ok((version, address, tls))) => assert_eq!((found.version, found.address, found.certificate.is_some()), (version, address, tls)),
            (Err(error), Err(wanted)) => assert!(error.contains(wanted), "{error}"),
            (found, wanted) => panic!("{found:?}, not {wanted:?}"),
        }
    }

    #[test]
    fn lines_are_read() {
        check("1|5|unix|/tmp/plugin1|grpc|MIIB\n", Ok((5, Address::Unix("/tmp/plugin1".into()), true)));
        check("1|6|tcp|127.0.0.1:1234|grpc|", Ok((6, Address::Tcp("127.0.0.1:1234".parse().unwrap()), false)));
        check("1|6|unix|/s|grpc", Ok((6, Address::Unix("/s".into()), false)));
        check("1|4|unix|/s|netrpc", Err("version 4 of the provider protocol"));
        check("1|5|unix|/s|netrpc", Err("\"netrpc\" and not gRPC"));
        check("1|5|unix|/s", Err("not gRPC"));
        check("2|5|unix|/s|grpc", Err("version 2 of the plugin handshake"));
        check("1|5|tcp|here|grpc", Err("address"));
        check("1|5|unix|/s|grpc|***", Err("certificate"));
        check("Hello\u{1b}[2J!", Err("Hello\u{fffd}[2J!"));
        check("", Err("not a provider plugin"));
    }
}
