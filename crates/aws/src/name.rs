//! Names that nobody chose, what names may look like, and numbers made of names.

use weir_provider::Fault;
use weir_value::{Path, Value};

/// Letters that [`unique`] adds to a prefix.
const ADDED: usize = 26;

/// A name that begins with `prefix` and goes on with 26 hexadecimal digits of the operation's token: the same again when the operation is taken up after a crash.
pub(crate) fn unique(prefix: &str, token: &str) -> String {
    let digits: String = token.chars().filter(char::is_ascii_hexdigit).take(26).collect();
    format!("{prefix}{digits:0<26}")
}

/// The prefix of a name that [`unique`] or the incumbent made; empty when it does not look so.
pub(crate) fn prefix(name: &str) -> &str {
    match name.len().checked_sub(26).and_then(|at| name.split_at_checked(at)) {
        Some((prefix, digits)) if digits.chars().all(|digit| digit.is_ascii_hexdigit()) => prefix,
        _ => "",
    }
}

/// CRC-32 (IEEE 802.3) of a text, which some ids end in.
pub(crate) fn checksum(text: &str) -> u32 {
    checksum_of(text.as_bytes())
}

/// CRC-32 (IEEE 802.3) of bytes.
pub(crate) fn checksum_of(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())))
}

/// The name that the user wrote, or a unique one with that prefix.
pub(crate) fn choose(name: Option<&String>, prefix: Option<&String>, token: &str) -> String {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => name.clone(),
        None => unique(prefix.filter(|prefix| !prefix.is_empty()).map_or("terraform-", String::as_str), token),
    }
}

/// Checks `name` and `name_prefix` of a configuration: not both, at most `longest` letters, letters and digits and what `others` allows.
pub(crate) fn check(config: &Value, longest: usize, others: &str) -> Vec<Fault> {
    let text = |name: &str| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
    let mut faults = Vec::new();
    if text("name").is_some() && text("name_prefix").is_some() {
        faults.push(Fault::attribute(Path::attr("name_prefix"), "Conflicting arguments", "Set either `name` or `name_prefix`, not both."));
    }
    for (attribute, longest) in [("name", longest), ("name_prefix", longest.saturating_sub(ADDED))] {
        let Some(name) = text(attribute) else { continue };
        if name.chars().count() > longest {
            faults.push(Fault::attribute(Path::attr(attribute), "Name too long", format!("\"{name}\" has {} characters; {longest} are allowed.", name.chars().count())));
        }
        if let Some(bad) = name.chars().find(|letter| !letter.is_ascii_alphanumeric() && !others.contains(*letter)) {
            faults.push(Fault::attribute(
                Path::attr(attribute),
                "Invalid name",
                format!(
                    "\"{name}\" holds {bad:?}; letters, digits and {} are allowed.",
                    others.chars().map(|letter| format!("'{letter}'")).collect::<Vec<_>>().join(" ")
                ),
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(checksum("123456789"), 0xCBF4_3926);
        let name = unique("web-", "0f0e0d0c-0b0a-4908-8706-050403020100");
        assert_eq!(name, "web-0f0e0d0c0b0a49088706050403");
        assert_eq!(prefix(&name), "web-");
        assert_eq!(prefix("web-server"), "");
    }

    #[test]
    fn chosen() {
        let token = "0f0e0d0c-0b0a-4908-8706-050403020100";
        assert_eq!(choose(Some(&"web".to_owned()), None, token), "web");
        assert_eq!(choose(None, Some(&"web-".to_owned()), token), unique("web-", token));
    }

    #[test]
    fn bad_names() {
        let config = Value::object([("name", Value::from("a b")), ("name_prefix", Value::from("x".repeat(40).as_str()))]);
        let summaries: Vec<String> = check(&config, 64, "-_").into_iter().map(|fault| fault.summary).collect();
        assert_eq!(summaries, ["Conflicting arguments", "Invalid name", "Name too long"]);
    }
}
