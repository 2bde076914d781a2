//! Character encodings by their IANA names.

use encoding_rs::Encoding;

/// How text becomes bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Charset {
    Ascii,
    Latin1,
    Utf16 { big: bool, mark: bool },
    Other(&'static Encoding),
}

/// The encoding, and its name in messages.
pub(super) fn find(name: &str) -> Option<(Charset, &'static str)> {
    let name = name.to_ascii_lowercase();
    Some(match name.as_str() {
        "utf-16" | "csutf16" => (Charset::Utf16 { big: true, mark: true }, "UTF-16"),
        "utf-16be" | "csutf16be" => (Charset::Utf16 { big: true, mark: false }, "UTF-16BE"),
        "utf-16le" | "csutf16le" => (Charset::Utf16 { big: false, mark: false }, "UTF-16LE"),
        "us-ascii" | "iso-ir-6" | "ansi_x3.4-1968" | "ansi_x3.4-1986" | "iso_646.irv:1991" | "iso646-us" | "us" | "ibm367" | "cp367" | "csascii" => {
            (Charset::Ascii, "US-ASCII")
        }
        "iso-8859-1" | "iso_8859-1:1987" | "iso_8859-1" | "iso-ir-100" | "latin1" | "l1" | "ibm819" | "cp819" | "csisolatin1" => (Charset::Latin1, "ISO_8859-1:1987"),
        // Labels that browsers take but IANA has not.
        "utf8" | "unicode-1-1-utf-8" | "ascii" | "gb2312" | "cp1250" | "cp1251" | "cp1252" | "cp1253" | "cp1254" | "cp1255" | "cp1256" | "cp1257" | "cp1258" => {
            return None;
        }
        "csutf8" => (Charset::Other(encoding_rs::UTF_8), "UTF-8"),
        label => {
            let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
            (Charset::Other(encoding), encoding.name())
        }
    })
}

impl Charset {
    /// The bytes; `None` when a character has none.
    pub(super) fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
            Self::Latin1 => text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
            Self::Utf16 { big, mark } => {
                let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
                Some(units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect())
            }
            Self::Other(encoding) => {
                let (bytes, _, lossy) = encoding.encode(text);
                (!lossy).then(|| bytes.into_owned())
            }
        }
    }

    /// The text; `None` when bytes mean nothing.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Ascii => bytes.is_ascii().then(|| String::from_utf8_lossy(bytes).into_owned()),
            Self::Latin1 => Some(bytes.iter().copied().map(char::from).collect()),
            Self::Utf16 { big, mark } => {
                let (big, bytes) = match bytes {
                    [0xfe, 0xff, rest @ ..] if mark => (true, rest),
                    [0xff, 0xfe, rest @ ..] if mark => (false, rest),
                    bytes => (big, bytes),
                };
                let pairs = bytes.chunks_exact(2);
                if !pairs.remainder().is_empty() {
                    return None;
                }
                let units = pairs.map(|pair| if big { u16::from_be_bytes([pair[0], pair[1]]) } else { u16::from_le_bytes([pair[0], pair[1]]) });
                char::decode_utf16(units).collect::<Result<_, _>>().ok()
            }
            Self::Other(encoding) => encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned),
        }
    }
}
