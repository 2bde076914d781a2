//! Encodings of values and text.

use std::io::{Read, Write};
use std::sync::Arc;

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::GzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use weir_value::{Refinement, Type, Unknown, Value, decode_json_untyped, encode_json};

use super::args::Args;
use super::error::{fail, refuse};
use super::{Answer, Function, FunctionError, Parameter, charset, csv, unknown_any, unknown_text, yaml_decode, yaml_encode};

const STR: Parameter = Parameter::text("str");
const ENCODING: Parameter = Parameter::text("encoding");

/// RFC 4648 with padding; bits that no byte needs may be anything.
pub(super) const BASE64: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical).with_decode_allow_trailing_bits(true));

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("base64decode", &[STR], unknown_text, |args| match String::from_utf8(from_base64(args.text(0)?)?) {
        Ok(text) => Ok(text.into()),
        Err(_) => fail("the result of decoding the provided string is not valid UTF-8"),
    }),
    Function::new("base64encode", &[STR], unknown_text, |args| Ok(BASE64.encode(args.text(0)?).into())),
    Function::new("base64gunzip", &[STR], unknown_text, gunzip),
    Function::new("base64gzip", &[STR], unknown_text, |args| Ok(BASE64.encode(gzip(args.text(0)?.as_bytes())?).into())),
    Function::new("csvdecode", &[STR], unknown_any, |args| csv::decode(args.text(0)?)),
    Function::new("jsondecode", &[STR], unknown_any, |args| decode_json_untyped(args.text(0)?).or_else(|error| fail(error.to_string()))),
    Function::new("jsonencode", &[Parameter::any("val").nullable()], unknown_json, |args| {
        encode_json(args.value(0)?).map_or_else(|error| fail(error.to_string()), |json| Ok(json.into()))
    }),
    Function::new("textdecodebase64", &[Parameter::text("source"), ENCODING], unknown_text, text_decode),
    Function::new("textencodebase64", &[Parameter::text("string"), ENCODING], unknown_text, text_encode),
    Function::new("urldecode", &[STR], unknown_text, url_decode),
    Function::new("urlencode", &[STR], unknown_text, |args| Ok(url_encode(args.text(0)?).into())),
    Function::new("yamldecode", &[Parameter::text("src")], unknown_any, |args| yaml_decode::decode(args.text(0)?)),
    Function::new("yamlencode", &[Parameter::any("value").nullable()], unknown_text, |args| Ok(yaml_encode::encode(args.value(0)?).into())),
];

/// The first character tells the type, which is known before the content.
fn unknown_json(args: &[Value]) -> Answer {
    let Some(value) = args.first() else { return unknown_text(args) };
    let not_null = match value {
        Value::Unknown(unknown) => unknown.refinement.not_null,
        _ => true,
    };
    let prefix = match value.ty() {
        _ if !not_null => "",
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => "[",
        Type::Map(_) | Type::Object(_) => "{",
        Type::String => "\"",
        _ => "",
    };
    let refinement = Refinement { not_null: true, prefix: prefix.into(), ..Refinement::default() };
    Ok(Value::Unknown(Arc::new(Unknown { ty: Type::String, refinement, cause: None })))
}

/// Line ends are skipped.
fn base64_bytes(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    if text.contains(['\r', '\n']) { BASE64.decode(text.replace(['\r', '\n'], "")) } else { BASE64.decode(text) }
}

fn from_base64(text: &str) -> Result<Vec<u8>, FunctionError> {
    base64_bytes(text).or_else(|_| fail(format!("failed to decode base64 data {text:?}")))
}

/// As the incumbents write it: a flushed block, then an empty last one, and a header that says nothing of time or system.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>, FunctionError> {
    let mut deflate = Compress::new(Compression::default(), false);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    out.reserve(bytes.len() + 64);
    if bytes.is_empty() {
        // There is nothing to flush, and the library would write nothing.
        out.extend([0, 0, 0, 0xff, 0xff]);
    }
    while !bytes.is_empty() {
        let done = usize::try_from(deflate.total_in()).unwrap_or(usize::MAX).min(bytes.len());
        out.reserve(1024);
        let status = deflate.compress_vec(&bytes[done..], &mut out, FlushCompress::Sync);
        match status {
            Ok(Status::Ok | Status::BufError) if out.len() < out.capacity() => break,
            Ok(Status::Ok | Status::BufError) => {}
            Ok(Status::StreamEnd) => break,
            Err(error) => return fail(error.to_string()),
        }
    }
    out.extend([1, 0, 0, 0xff, 0xff]);
    let mut crc = Crc::new();
    crc.update(bytes);
    out.extend(crc.sum().to_le_bytes());
    out.extend(crc.amount().to_le_bytes());
    Ok(out)
}

fn gunzip(args: &Args<'_>) -> Answer {
    /// What a small input may unfold to.
    const LARGEST: u64 = 256 << 20;
    let bytes = from_base64(args.text(0)?)?;
    let mut text = Vec::new();
    match GzDecoder::new(bytes.as_slice()).take(LARGEST + 1).read_to_end(&mut text) {
        Ok(length) if length as u64 <= LARGEST => {}
        Ok(_) => return fail("the uncompressed data is too large"),
        Err(error) => return fail(format!("failed to gunzip data: {error}")),
    }
    String::from_utf8(text).map_or_else(|_| fail("the result of decompression is not valid UTF-8"), |text| Ok(text.into()))
}

fn find_charset(name: &str) -> Result<(charset::Charset, &'static str), FunctionError> {
    charset::find(name).map_or_else(|| refuse(1, format!("{name:?} is not a supported IANA encoding name or alias")), Ok)
}

fn text_encode(args: &Args<'_>) -> Answer {
    let (charset, name) = find_charset(args.text(1)?)?;
    match charset.encode(args.text(0)?) {
        Some(bytes) => Ok(BASE64.encode(bytes).into()),
        None => refuse(0, format!("the given string contains characters that cannot be represented in {name}")),
    }
}

fn text_decode(args: &Args<'_>) -> Answer {
    let (charset, name) = find_charset(args.text(1)?)?;
    let bytes = base64_bytes(args.text(0)?).or_else(|error| refuse(0, format!("the given value is not valid base64: {error}")))?;
    match charset.decode(&bytes) {
        Some(text) => Ok(text.into()),
        None => refuse(0, format!("the given string contains symbols that are not defined for {name}")),
    }
}

fn url_encode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => {
                // Writing into a vector cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn url_decode(args: &Args<'_>) -> Answer {
    let text = args.text(0)?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let mut code = [0_u8];
                match after.get(..2).map(|digits| hex::decode_to_slice(digits, &mut code)) {
                    Some(Ok(())) => out.push(code[0]),
                    _ => {
                        let end = after.len().min(2);
                        return fail(format!("failed to decode URL: invalid escape \"%{}\"", String::from_utf8_lossy(&after[..end])));
                    }
                }
                rest = &after[2..];
            }
            byte => out.push(*byte),
        }
    }
    String::from_utf8(out).map_or_else(|_| fail("the result of decoding the provided string is not valid UTF-8"), |text| Ok(Value::from(text)))
}

#[cfg(test)]
mod tests {
    use crate::function::testing::check;

    #[test]
    fn base64() {
        check("base64encode", r#"["héllo"]"#, r#""aMOpbGxv""#);
        check("base64decode", r#"["aGk=\n"]"#, r#""hi""#);
        check("base64decode", r#"["aGl="]"#, r#""hi""#);
        check("base64decode", r#"["aGk"]"#, r#"! failed to decode base64 data "aGk""#);
        check("base64decode", r#"["/////w=="]"#, "! the result of decoding the provided string is not valid UTF-8");
    }

    #[test]
    fn gzip() {
        check("base64gzip", r#"["hello"]"#, r#""H4sIAAAAAAAA/8pIzcnJBwAAAP//AQAA//+GphA2BQAAAA==""#);
        check("base64gzip", r#"[""]"#, r#""H4sIAAAAAAAA/wAAAP//AQAA//8AAAAAAAAAAA==""#);
        let hello = "H4sIAAAAAAAA/8pIzcnJV0Amy/OLclIUSjJSFQpLM5OzFZKK8svzFNLyKxSySnMLihXyy1KLwNI5iVWVCin56cj6AAAAAP//AQAA//8cGzk2TwAAAA==";
        let text = "\"hello hello hello world the quick brown fox jumps over the lazy dog hello world\"";
        check("base64gunzip", &format!("[{hello:?}]"), text);
        let long = "ab".repeat(40_000) + &(0..9000).map(|n| n.to_string()).collect::<String>();
        let packed = crate::function::lookup("base64gzip").unwrap().call(&crate::function::testing::Nowhere, &[long.as_str().into()]).unwrap();
        let back = crate::function::lookup("base64gunzip").unwrap().call(&crate::function::testing::Nowhere, &[packed]).unwrap();
        assert!(back == long.into());
    }

    #[test]
    fn charsets() {
        for (text, name, expected) in [
            ("Hello", "UTF-16LE", "SABlAGwAbABvAA=="),
            ("Hello", "UTF-16", "/v8ASABlAGwAbABv"),
            ("Héllo", "ISO-8859-1", "SOlsbG8="),
            ("日本", "shift_jis", "k/qWew=="),
            ("日本", "EUC-JP", "xvzL3A=="),
            ("日本", "Big5", "pOmluw=="),
            ("日本", "GB18030", "yNWxvg=="),
            ("日", "ISO-2022-JP", "GyRCRnwbKEI="),
            ("é", "windows-1252", "6Q=="),
            ("я", "KOI8-R", "0Q=="),
        ] {
            check("textencodebase64", &format!("[{text:?}, {name:?}]"), &format!("{expected:?}"));
            check("textdecodebase64", &format!("[{expected:?}, {name:?}]"), &format!("{text:?}"));
        }
        check("textencodebase64", r#"["日", "ISO-8859-1"]"#, "!0 the given string contains characters that cannot be represented in ISO_8859-1:1987");
        check("textencodebase64", r#"["a", "nope"]"#, "!1 \"nope\" is not a supported IANA encoding name or alias");
        check("textdecodebase64", r#"["/w==", "UTF-8"]"#, "!0 the given string contains symbols that are not defined for UTF-8");
        check("textdecodebase64", r#"["//5IAGkA", "UTF-16"]"#, r#""Hi""#);
    }

    #[test]
    fn urls() {
        check("urlencode", r#"["a b&c=d/é~*-_.!'()"]"#, r#""a+b%26c%3Dd%2F%C3%A9~%2A-_.%21%27%28%29""#);
        check("urldecode", r#"["foo%3Abar%40localhost%3Ffoo%3Dbar%26bar%3Dbaz+%E2%98%83"]"#, r#""foo:bar@localhost?foo=bar&bar=baz ☃""#);
        check("urldecode", r#"["%zz"]"#, "! failed to decode URL: invalid escape \"%zz\"");
    }

    #[test]
    fn json() {
        use weir_value::{Type, Value};
        let call = |name: &str, args: &[Value]| crate::function::lookup(name).unwrap().call(&crate::function::testing::Nowhere, args).unwrap();
        let open = call("jsonencode", &[Value::tuple([Value::unknown(Type::Bool)])]);
        assert_eq!(call("startswith", &[open, "[".into()]), true.into());
        check("jsonencode", "[{\"a\": \"<é\\u2028>\", \"b\": [1, null], \"c\": 1.50}]", r#""{\"a\":\"\\u003cé\\u2028\\u003e\",\"b\":[1,null],\"c\":1.5}""#);
        check("jsondecode", r#"["{\"a\":[1,2.5,null,true]}"]"#, r#"{"a": [1, 2.5, null:any, true]}"#);
    }
}
