//! Names that nobody chose, and numbers made of names.

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
    !text.bytes().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())))
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
}
