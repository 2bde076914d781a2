//! Digests, passwords, decryption and identifiers.

use base64::Engine;
use md5::Md5;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use uuid::Uuid;
use weir_value::{Type, Value};

use super::args::Args;
use super::encoding::BASE64;
use super::error::{fail, refuse};
use super::host::FileError;
use super::{Answer, Function, FunctionError, Parameter, unknown_text};

const STR: Parameter = Parameter::text("str");
const PATH: Parameter = Parameter::text("path");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("base64sha256", &[STR], unknown_text, |args| Ok(BASE64.encode(Sha256::digest(args.text(0)?)).into())),
    Function::new("base64sha512", &[STR], unknown_text, |args| Ok(BASE64.encode(Sha512::digest(args.text(0)?)).into())),
    Function::new("bcrypt", &[STR], unknown_text, password).variadic(Parameter::number("cost")),
    Function::new("filebase64sha256", &[PATH], unknown_text, |args| Ok(BASE64.encode(Sha256::digest(content(args)?)).into())),
    Function::new("filebase64sha512", &[PATH], unknown_text, |args| Ok(BASE64.encode(Sha512::digest(content(args)?)).into())),
    Function::new("filemd5", &[PATH], unknown_text, |args| Ok(hex::encode(Md5::digest(content(args)?)).into())),
    Function::new("filesha1", &[PATH], unknown_text, |args| Ok(hex::encode(Sha1::digest(content(args)?)).into())),
    Function::new("filesha256", &[PATH], unknown_text, |args| Ok(hex::encode(Sha256::digest(content(args)?)).into())),
    Function::new("filesha512", &[PATH], unknown_text, |args| Ok(hex::encode(Sha512::digest(content(args)?)).into())),
    Function::new("md5", &[STR], unknown_text, |args| Ok(hex::encode(Md5::digest(args.text(0)?)).into())),
    Function::new("rsadecrypt", &[Parameter::text("ciphertext"), Parameter::text("privatekey")], unknown_text, decrypt),
    Function::new("sha1", &[STR], unknown_text, |args| Ok(hex::encode(Sha1::digest(args.text(0)?)).into())),
    Function::new("sha256", &[STR], unknown_text, |args| Ok(hex::encode(Sha256::digest(args.text(0)?)).into())),
    Function::new("sha512", &[STR], unknown_text, |args| Ok(hex::encode(Sha512::digest(args.text(0)?)).into())),
    Function::new("uuid", &[], unknown_text, |args| {
        Ok(match args.host.random() {
            Some(bytes) => uuid::Builder::from_random_bytes(bytes).into_uuid().to_string().into(),
            None => Value::unknown_not_null(Type::String),
        })
    }),
    Function::new("uuidv5", &[Parameter::text("namespace"), Parameter::text("name")], unknown_text, named_uuid),
];

fn content(args: &Args<'_>) -> Result<Vec<u8>, FunctionError> {
    let path = args.text(0)?;
    args.host.read_file(path).or_else(|error| match error {
        FileError::NotFound => fail(format!("open {path}: no such file or directory")),
        FileError::IsDirectory => fail(format!("read {path}: is a directory")),
        FileError::Other(error) => fail(format!("read {path}: {error}")),
    })
}

fn password(args: &Args<'_>) -> Answer {
    const LONGEST: usize = 72;
    let text = args.text(0)?;
    let cost = match args.values.len() {
        1 => 10,
        2 => args.whole(1)?,
        _ => return fail("bcrypt() takes no more than two arguments"),
    };
    // What is too cheap becomes the default, as in the incumbents.
    let cost = if cost < 4 { 10 } else { cost };
    if text.len() > LONGEST {
        return fail(format!("error occurred generating password: password length exceeds {LONGEST} bytes"));
    }
    let Some(rounds) = u32::try_from(cost).ok().filter(|cost| *cost <= 31) else {
        return fail(format!("error occurred generating password: cost {cost} is outside allowed range (4,31)"));
    };
    let Some(salt) = args.host.random() else { return Ok(Value::unknown_not_null(Type::String)) };
    match bcrypt::hash_with_salt(text, rounds, salt) {
        Ok(parts) => Ok(parts.format_for_version(bcrypt::Version::TwoA).into()),
        Err(error) => fail(format!("error occurred generating password: {error}")),
    }
}

fn decrypt(args: &Args<'_>) -> Answer {
    let Ok(bytes) = BASE64.decode(args.text(0)?) else {
        return refuse(0, format!("failed to decode input {:?}: cipher text must be base64-encoded", args.text(0)?));
    };
    let pem = args.text(1)?;
    let key = RsaPrivateKey::from_pkcs1_pem(pem).or_else(|first| RsaPrivateKey::from_pkcs8_pem(pem).map_err(|_| first));
    // The errors of the library say nothing of the key but its form; still, none of them is shown with a part of it.
    let Ok(key) = key else { return refuse(1, "invalid private key: an RSA key in PEM form (PKCS #1 or PKCS #8) is needed") };
    let Ok(text) = key.decrypt(Pkcs1v15Encrypt, &bytes) else {
        return fail("failed to decrypt: invalid cipher text or key");
    };
    String::from_utf8(text).map_or_else(|_| fail("failed to decrypt: the result is not valid UTF-8"), |text| Ok(text.into()))
}

fn named_uuid(args: &Args<'_>) -> Answer {
    let space = args.text(0)?;
    let namespace = match space {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => match Uuid::try_parse(other) {
            Ok(uuid) => uuid,
            Err(error) => return fail(format!("uuidv5() doesn't support namespace {space} ({error})")),
        },
    };
    Ok(Uuid::new_v5(&namespace, args.text(1)?.as_bytes()).to_string().into())
}

#[cfg(test)]
mod tests {
    use crate::function::testing::{Files, check, check_in};

    #[test]
    fn digests() {
        check("md5", r#"["a"]"#, r#""0cc175b9c0f1b6a831c399e269772661""#);
        check("sha1", r#"["a"]"#, r#""86f7e437faa5a7fce15d1ddcb9eaeaea377667b8""#);
        check("sha256", r#"["a"]"#, r#""ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb""#);
        check("base64sha256", r#"["a"]"#, r#""ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=""#);
        let files = Files([("a.txt", b"hello".to_vec())].into());
        check_in(&files, "filemd5", r#"["a.txt"]"#, r#""5d41402abc4b2a76b9719d911017c592""#);
        check_in(&files, "filebase64sha256", r#"["a.txt"]"#, r#""LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=""#);
        check_in(&files, "filemd5", r#"["nope"]"#, "! open nope: no such file or directory");
    }

    #[test]
    fn identifiers() {
        check("uuidv5", r#"["dns", "www.terraform.io"]"#, r#""a5008fae-b28c-5ba5-96cd-82b4c53552d6""#);
        check("uuidv5", r#"["x500", "CN=John Doe"]"#, r#""92ba6da8-4ce1-50c0-a6f7-22211cfc7f4d""#);
        check("uuidv5", r#"["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "a"]"#, r#""4f3f2898-69e3-5a0d-820a-c4e87987dbce""#);
        check("uuid", "[]", "unknown:string");
        check_in(&Files::default(), "uuid", "[]", r#""07070707-0707-4707-8707-070707070707""#);
    }

    #[test]
    fn passwords() {
        check("bcrypt", r#"["a", 4]"#, "unknown:string");
        check_in(&Files::default(), "bcrypt", r#"["a", 4]"#, r#""$2a$04$/uaF/uaF/uaF/uaF/uaF/ugojBkJvLTTZPRzvDSCI3PIUPaJ5ojDa""#);
        check("bcrypt", r#"["a", 40]"#, "! error occurred generating password: cost 40 is outside allowed range (4,31)");
        check("bcrypt", r#"["a", 4, 5]"#, "! bcrypt() takes no more than two arguments");
    }

    #[test]
    fn decryption_refuses_what_it_cannot_read() {
        check("rsadecrypt", r#"["x", "y"]"#, "!0 failed to decode input \"x\": cipher text must be base64-encoded");
        check("rsadecrypt", r#"["aGVsbG8=", "y"]"#, "!1 invalid private key: an RSA key in PEM form (PKCS #1 or PKCS #8) is needed");
    }
}
