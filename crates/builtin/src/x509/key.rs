//! Private keys: made, read, written, used to sign.

use ed25519_dalek::{Signer, SigningKey as Ed25519};
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::pkcs8::{DecodePrivateKey, PrivateKeyInfo};
use rsa::rand_core::{OsRng, RngCore};
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};

use super::{X509Error, der, openssh, pem};

const RSA_ENCRYPTION: &[u64] = &[1, 2, 840, 113549, 1, 1, 1];
const EC_PUBLIC_KEY: &[u64] = &[1, 2, 840, 10045, 2, 1];
const ED25519: &[u64] = &[1, 3, 101, 112];

/// A private key.
pub(crate) enum PrivateKey {
    /// RSA
    Rsa(Box<RsaPrivateKey>),
    /// ECDSA
    Ec(Curve, EcKey),
    /// Ed25519
    Ed25519(Box<Ed25519>),
}

/// The numbers of an ECDSA key.
pub(crate) struct EcKey {
    scalar: Vec<u8>,
    /// The public point, uncompressed (SEC 1).
    point: Vec<u8>,
}

/// A curve of NIST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    /// secp224r1
    P224,
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
}

/// Does the same with the curve's own crate, and where it signs with the hash that goes with it.
macro_rules! by_curve {
    ($on:expr, |$curve:ident| $body:expr) => {
        match $on {
            Curve::P224 => {
                use p224 as $curve;
                $body
            }
            Curve::P256 => {
                use p256 as $curve;
                $body
            }
            Curve::P384 => {
                use p384 as $curve;
                $body
            }
            Curve::P521 => {
                use p521 as $curve;
                $body
            }
        }
    };
    ($on:expr, |$curve:ident, $hash:ident| $body:expr) => {
        match $on {
            Curve::P224 => {
                use {Sha256 as $hash, p224 as $curve};
                $body
            }
            Curve::P256 => {
                use {Sha256 as $hash, p256 as $curve};
                $body
            }
            Curve::P384 => {
                use {Sha384 as $hash, p384 as $curve};
                $body
            }
            Curve::P521 => {
                use {Sha512 as $hash, p521 as $curve};
                $body
            }
        }
    };
}

impl Curve {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::P224, Self::P256, Self::P384, Self::P521];

    /// The curve of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// `P256`
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P224 => "P224",
            Self::P256 => "P256",
            Self::P384 => "P384",
            Self::P521 => "P521",
        }
    }

    fn oid(self) -> Vec<u8> {
        match self {
            Self::P224 => der::oid(&[1, 3, 132, 0, 33]),
            Self::P256 => der::oid(&[1, 2, 840, 10045, 3, 1, 7]),
            Self::P384 => der::oid(&[1, 3, 132, 0, 34]),
            Self::P521 => der::oid(&[1, 3, 132, 0, 35]),
        }
    }

    /// The name that SSH has for it.
    fn ssh(self) -> Option<&'static str> {
        match self {
            Self::P224 => None,
            Self::P256 => Some("nistp256"),
            Self::P384 => Some("nistp384"),
            Self::P521 => Some("nistp521"),
        }
    }

    /// ecdsa-with-SHA256, -SHA384, -SHA512
    fn signature_algorithm(self) -> Vec<u8> {
        let last = match self {
            Self::P224 | Self::P256 => 2,
            Self::P384 => 3,
            Self::P521 => 4,
        };
        der::sequence(&[der::oid(&[1, 2, 840, 10045, 4, 3, last])])
    }

    fn key_of_scalar(self, scalar: &[u8]) -> Result<EcKey, X509Error> {
        by_curve!(self, |curve| {
            let secret = curve::SecretKey::from_slice(scalar).map_err(|_| X509Error::new("the private key does not fit its curve"))?;
            let point = curve::elliptic_curve::sec1::ToEncodedPoint::to_encoded_point(&secret.public_key(), false);
            Ok(EcKey { scalar: secret.to_bytes().to_vec(), point: point.as_bytes().to_vec() })
        })
    }

    /// Checks an ECDSA signature (DER) of this curve's usual hash.
    pub(crate) fn verify(self, point: &[u8], message: &[u8], signature: &[u8]) -> bool {
        by_curve!(self, |curve, Hash| {
            let (Ok(key), Ok(signature)) = (curve::ecdsa::VerifyingKey::from_sec1_bytes(point), curve::ecdsa::Signature::from_der(signature)) else {
                return false;
            };
            key.verify_prehash(&Hash::digest(message), &signature).is_ok()
        })
    }
}

impl PrivateKey {
    /// A new RSA key.
    pub(crate) fn rsa(bits: usize) -> Result<Self, X509Error> {
        let key = RsaPrivateKey::new(&mut OsRng, bits).map_err(|error| X509Error::new(format!("cannot make an RSA key of {bits} bits: {error}")))?;
        Ok(Self::Rsa(Box::new(key)))
    }

    /// A new ECDSA key.
    pub(crate) fn ec(curve: Curve) -> Result<Self, X509Error> {
        let scalar = by_curve!(curve, |of| of::SecretKey::random(&mut OsRng).to_bytes().to_vec());
        Ok(Self::Ec(curve, curve.key_of_scalar(&scalar)?))
    }

    /// A new Ed25519 key.
    pub(crate) fn ed25519() -> Self {
        let mut seed = [0; 32];
        OsRng.fill_bytes(&mut seed);
        Self::Ed25519(Box::new(Ed25519::from_bytes(&seed)))
    }

    /// The first private key in a text.
    pub(crate) fn from_pem(text: &str) -> Result<Self, X509Error> {
        let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"];
        if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(X509Error::new("the private key is encrypted: decrypt it first"));
        }
        Self::from_block(&pem::first(text, &labels)?)
    }

    /// The private key in a PEM block.
    pub(crate) fn from_block(block: &pem::Block) -> Result<Self, X509Error> {
        let rsa = |error: rsa::pkcs1::Error| X509Error::new(format!("not an RSA private key: {error}"));
        match block.label.as_str() {
            "RSA PRIVATE KEY" => Ok(Self::Rsa(Box::new(RsaPrivateKey::from_pkcs1_der(&block.der).map_err(rsa)?))),
            "EC PRIVATE KEY" => Self::from_sec1(&block.der, None),
            "PRIVATE KEY" => Self::from_pkcs8(&block.der),
            "OPENSSH PRIVATE KEY" => Self::from_openssh(&block.der),
            label => Err(X509Error::new(format!("a PEM block \"{label}\" is no private key that can be read"))),
        }
    }

    fn from_sec1(bytes: &[u8], named: Option<Curve>) -> Result<Self, X509Error> {
        let wrong = || X509Error::new("not an EC private key of a curve P-224, P-256, P-384 or P-521");
        let candidates: Vec<Curve> = named.map_or_else(|| Curve::ALL.to_vec(), |curve| vec![curve]);
        for curve in candidates {
            // A key that says its curve is of no other; the curves differ in the length of the number anyway.
            let scalar = by_curve!(curve, |of| of::SecretKey::from_sec1_der(bytes).map(|secret| secret.to_bytes().to_vec()).ok());
            if let Some(scalar) = scalar {
                return Ok(Self::Ec(curve, curve.key_of_scalar(&scalar)?));
            }
        }
        Err(wrong())
    }

    fn from_pkcs8(bytes: &[u8]) -> Result<Self, X509Error> {
        let wrong = |error: rsa::pkcs8::Error| X509Error::new(format!("not a private key in PKCS #8: {error}"));
        let info = PrivateKeyInfo::try_from(bytes).map_err(wrong)?;
        match info.algorithm.oid.to_string().as_str() {
            "1.2.840.113549.1.1.1" => Ok(Self::Rsa(Box::new(RsaPrivateKey::from_pkcs8_der(bytes).map_err(wrong)?))),
            "1.2.840.10045.2.1" => {
                let oid = info.algorithm.parameters_oid().map(|oid| oid.as_bytes().to_vec()).unwrap_or_default();
                let curve = Curve::ALL.into_iter().find(|curve| curve.oid()[2..] == oid);
                let curve = curve.ok_or_else(|| X509Error::new("an EC private key of an unknown curve"))?;
                Self::from_sec1(info.private_key, Some(curve))
            }
            "1.3.101.112" => {
                let seed = info.private_key.strip_prefix(&[4, 32]).and_then(|seed| <[u8; 32]>::try_from(seed).ok());
                let seed = seed.ok_or_else(|| X509Error::new("not an Ed25519 private key"))?;
                Ok(Self::Ed25519(Box::new(Ed25519::from_bytes(&seed))))
            }
            other => Err(X509Error::new(format!("a private key of an unknown algorithm ({other})"))),
        }
    }

    fn from_openssh(file: &[u8]) -> Result<Self, X509Error> {
        let part = openssh::private_part(file)?;
        let mut reader = openssh::Reader(&part);
        let algorithm = reader.string()?;
        match algorithm {
            b"ssh-ed25519" => {
                reader.string()?;
                let seed = reader.string()?.first_chunk::<32>().ok_or_else(|| X509Error::new("not an Ed25519 private key"))?;
                Ok(Self::Ed25519(Box::new(Ed25519::from_bytes(seed))))
            }
            b"ssh-rsa" => {
                let number = |bytes: &[u8]| rsa::BigUint::from_bytes_be(bytes);
                let (n, e, d) = (number(reader.string()?), number(reader.string()?), number(reader.string()?));
                reader.string()?;
                let primes = vec![number(reader.string()?), number(reader.string()?)];
                let key = RsaPrivateKey::from_components(n, e, d, primes);
                Ok(Self::Rsa(Box::new(key.map_err(|error| X509Error::new(format!("not an RSA private key: {error}")))?)))
            }
            _ => {
                let name = String::from_utf8_lossy(reader.string()?).into_owned();
                let curve = Curve::ALL.into_iter().find(|curve| curve.ssh() == Some(&name));
                let curve = curve.ok_or_else(|| X509Error::new("an OpenSSH key of an unknown algorithm"))?;
                reader.string()?;
                let number = reader.string()?;
                let size = by_curve!(curve, |of| of::FieldBytes::default().len());
                let number = &number[number.iter().take_while(|byte| **byte == 0).count()..];
                let scalar = [vec![0; size.saturating_sub(number.len())], number.to_vec()].concat();
                Ok(Self::Ec(curve, curve.key_of_scalar(&scalar)?))
            }
        }
    }

    /// `RSA`, `ECDSA`, `ED25519`
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RSA",
            Self::Ec(..) => "ECDSA",
            Self::Ed25519(_) => "ED25519",
        }
    }

    fn algorithm_identifier(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => der::sequence(&[der::oid(RSA_ENCRYPTION), der::null()]),
            Self::Ec(curve, _) => der::sequence(&[der::oid(EC_PUBLIC_KEY), curve.oid()]),
            Self::Ed25519(_) => der::sequence(&[der::oid(ED25519)]),
        }
    }

    /// The SubjectPublicKeyInfo.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        let bits = match self {
            Self::Rsa(key) => {
                let public = key.to_public_key();
                der::sequence(&[der::integer(&public.n().to_bytes_be()), der::integer(&public.e().to_bytes_be())])
            }
            Self::Ec(_, key) => key.point.clone(),
            Self::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
        };
        der::sequence(&[self.algorithm_identifier(), der::bits(&bits)])
    }

    /// The public key in PEM.
    pub(crate) fn public_key_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.public_key())
    }

    fn sec1(&self, with_curve: bool) -> Vec<u8> {
        let Self::Ec(curve, key) = self else { return Vec::new() };
        let mut parts = vec![der::integer(&[1]), der::octets(&key.scalar)];
        if with_curve {
            parts.push(der::tagged(0, &curve.oid()));
        }
        parts.push(der::tagged(1, &der::bits(&key.point)));
        der::sequence(&parts)
    }

    fn pkcs1(key: &RsaPrivateKey) -> Result<Vec<u8>, X509Error> {
        let document = key.to_pkcs1_der().map_err(|error| X509Error::new(format!("cannot write the RSA key: {error}")))?;
        Ok(document.as_bytes().to_vec())
    }

    /// The key in PEM, in its traditional form: PKCS #1 for RSA, SEC 1 for ECDSA, PKCS #8 for Ed25519.
    pub(crate) fn to_pem(&self) -> Result<String, X509Error> {
        match self {
            Self::Rsa(key) => Ok(pem::encode("RSA PRIVATE KEY", &Self::pkcs1(key)?)),
            Self::Ec(..) => Ok(pem::encode("EC PRIVATE KEY", &self.sec1(true))),
            Self::Ed25519(_) => self.to_pkcs8_pem(),
        }
    }

    /// The key in PEM, in PKCS #8.
    pub(crate) fn to_pkcs8_pem(&self) -> Result<String, X509Error> {
        let inner = match self {
            Self::Rsa(key) => Self::pkcs1(key)?,
            Self::Ec(..) => self.sec1(false),
            Self::Ed25519(key) => der::octets(&key.to_bytes()),
        };
        let info = der::sequence(&[der::integer(&[0]), self.algorithm_identifier(), der::octets(&inner)]);
        Ok(pem::encode("PRIVATE KEY", &info))
    }

    /// SSH's name for the algorithm and the public key as it goes over the wire; none for P-224.
    pub(crate) fn ssh_public(&self) -> Option<(String, Vec<u8>)> {
        let (name, rest) = match self {
            Self::Rsa(key) => ("ssh-rsa".to_owned(), [openssh::mpint(&key.e().to_bytes_be()), openssh::mpint(&key.n().to_bytes_be())].concat()),
            Self::Ec(curve, key) => {
                let curve = curve.ssh()?;
                (format!("ecdsa-sha2-{curve}"), [openssh::string(curve.as_bytes()), openssh::string(&key.point)].concat())
            }
            Self::Ed25519(key) => ("ssh-ed25519".to_owned(), openssh::string(key.verifying_key().as_bytes())),
        };
        let wire = [openssh::string(name.as_bytes()), rest].concat();
        Some((name, wire))
    }

    /// The private key file of OpenSSH; none for P-224.
    pub(crate) fn to_openssh(&self, check: [u8; 4]) -> Result<Option<String>, X509Error> {
        let Some((name, wire)) = self.ssh_public() else { return Ok(None) };
        let name = openssh::string(name.as_bytes());
        let rest = match self {
            Self::Rsa(key) => {
                let [p, q, ..] = key.primes() else { return Err(X509Error::new("an RSA key without its primes")) };
                let coefficient = key.crt_coefficient().ok_or_else(|| X509Error::new("the primes of the RSA key are not prime to each other"))?;
                [key.n(), key.e(), key.d(), &coefficient, p, q].map(|number| openssh::mpint(&number.to_bytes_be())).concat()
            }
            Self::Ec(curve, key) => {
                let curve = curve.ssh().unwrap_or_default();
                [openssh::string(curve.as_bytes()), openssh::string(&key.point), openssh::mpint(&key.scalar)].concat()
            }
            Self::Ed25519(key) => {
                let public = key.verifying_key().to_bytes();
                [openssh::string(&public), openssh::string(&[key.to_bytes(), public].concat())].concat()
            }
        };
        Ok(Some(openssh::private_file(&wire, &[name, rest].concat(), check)))
    }

    /// The AlgorithmIdentifier of this key's signatures.
    pub(crate) fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => der::sequence(&[der::oid(&[1, 2, 840, 113549, 1, 1, 11]), der::null()]),
            Self::Ec(curve, _) => curve.signature_algorithm(),
            Self::Ed25519(_) => der::sequence(&[der::oid(ED25519)]),
        }
    }

    /// Signs.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, X509Error> {
        let failed = |error: &dyn std::fmt::Display| X509Error::new(format!("cannot sign: {error}"));
        match self {
            Self::Rsa(key) => {
                let scheme = Pkcs1v15Sign::new::<Sha256>();
                key.sign_with_rng(&mut OsRng, scheme, &Sha256::digest(message)).map_err(|error| failed(&error))
            }
            Self::Ec(curve, key) => by_curve!(*curve, |of, Hash| {
                let signer = of::ecdsa::SigningKey::from_slice(&key.scalar).map_err(|error| failed(&error))?;
                let signature: of::ecdsa::Signature = signer.sign_prehash(&Hash::digest(message)).map_err(|error| failed(&error))?;
                Ok(signature.to_der().as_bytes().to_vec())
            }),
            Self::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<PrivateKey> {
        let mut keys: Vec<PrivateKey> = Curve::ALL.iter().map(|curve| PrivateKey::ec(*curve).unwrap()).collect();
        keys.push(PrivateKey::rsa(1024).unwrap());
        keys.push(PrivateKey::ed25519());
        keys
    }

    #[test]
    fn every_form_reads_back() {
        for key in keys() {
            let public = key.public_key();
            let mut forms = vec![key.to_pem().unwrap(), key.to_pkcs8_pem().unwrap()];
            forms.extend(key.to_openssh([1, 2, 3, 4]).unwrap());
            for form in &forms {
                assert!(PrivateKey::from_pem(form).unwrap().public_key() == public, "{form}");
            }
            assert_eq!(forms.len() == 2, matches!(key, PrivateKey::Ec(Curve::P224, _)));
            x509_parser::parse_x509_certificate(&public).unwrap_err();
            assert_eq!(super::super::public::of_pem(&key.public_key_pem()).unwrap(), public);
        }
    }

    #[test]
    fn signatures_verify() {
        for curve in Curve::ALL {
            let key = PrivateKey::ec(curve).unwrap();
            let signature = key.sign(b"text").unwrap();
            let PrivateKey::Ec(_, numbers) = &key else { panic!() };
            assert!(curve.verify(&numbers.point, b"text", &signature) && !curve.verify(&numbers.point, b"texu", &signature));
        }
    }

    #[test]
    fn a_known_ed25519_key() {
        // RFC 8410, section 10.3 and 10.1.
        let text = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let key = PrivateKey::from_pem(text).unwrap();
        assert_eq!(key.to_pem().unwrap(), text);
        assert!(key.public_key_pem().contains("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="));
    }

    #[test]
    fn refusals() {
        let check = |text: &str, expected: &str| match PrivateKey::from_pem(text) {
            Ok(_) => panic!("read"),
            Err(error) => assert_eq!(error.to_string(), expected),
        };
        check("-----BEGIN ENCRYPTED PRIVATE KEY-----", "the private key is encrypted: decrypt it first");
        check("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "not an EC private key of a curve P-224, P-256, P-384 or P-521");
        check("", "there is no PEM block \"PRIVATE KEY\" or \"RSA PRIVATE KEY\" or \"EC PRIVATE KEY\" or \"OPENSSH PRIVATE KEY\"");
    }
}
