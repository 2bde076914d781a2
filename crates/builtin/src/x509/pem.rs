//! PEM (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::X509Error;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// `CERTIFICATE`
    pub(crate) label: String,
    /// The content.
    pub(crate) der: Vec<u8>,
}

/// The text of a block, lines of 64 characters, with an end of line.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// All blocks of a text, in order; what stands between them is left out.
pub(crate) fn decode(text: &str) -> Result<Vec<Block>, X509Error> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        rest = &rest[start + 11..];
        let cut = || X509Error::new("a PEM block is cut off");
        let (label, body) = rest.split_once("-----").ok_or_else(cut)?;
        let (content, after) = body.split_once(&format!("-----END {label}-----")).ok_or_else(cut)?;
        // Header lines (`Proc-Type: …`) end at an empty line.
        let content = if content.contains(':') { content.split_once("\n\n").map_or("", |(_, content)| content) } else { content };
        let base64: String = content.chars().filter(|letter| !letter.is_whitespace()).collect();
        let der = STANDARD.decode(base64).map_err(|error| X509Error::new(format!("the PEM block \"{label}\" is not Base64: {error}")))?;
        blocks.push(Block { label: label.to_owned(), der });
        rest = after;
    }
    Ok(blocks)
}

/// The first block with that label.
pub(crate) fn first(text: &str, labels: &[&str]) -> Result<Block, X509Error> {
    let found = decode(text)?.into_iter().find(|block| labels.contains(&block.label.as_str()));
    found.ok_or_else(|| X509Error::new(format!("there is no PEM block \"{}\"", labels.join("\" or \""))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let text = format!("noise\n{}{}", encode("A", &[1; 60]), encode("B C", &[2]));
        let blocks = decode(&text).unwrap();
        assert_eq!((blocks.len(), &*blocks[1].label, &blocks[0].der), (2, "B C", &vec![1; 60]));
        assert_eq!(decode("-----BEGIN A-----\nAA").unwrap_err().to_string(), "a PEM block is cut off");
        assert_eq!(first("x", &["A"]).unwrap_err().to_string(), "there is no PEM block \"A\"");
        assert!(decode("-----BEGIN A-----\n!\n-----END A-----").is_err());
    }
}
