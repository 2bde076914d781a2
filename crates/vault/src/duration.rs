//! Durations as Vault writes them: seconds, or Go's text with days besides.

/// Milliseconds of `90`, `90s`, `1h30m`, `1.5h`, `30d`; `None` when it is no duration.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if let Ok(seconds) = text.parse::<u64>() {
        return seconds.checked_mul(1000);
    }
    let (mut rest, mut total) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        total += amount
            * match &rest[..unit] {
                "ms" => 1.0,
                "s" => 1000.0,
                "m" => 60_000.0,
                "h" => 3_600_000.0,
                "d" => 86_400_000.0,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    Some(total.round() as u64)
}

/// True when both are the same time.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a == b || matches!((milliseconds(a), milliseconds(b)), (Some(a), Some(b)) if a == b)
}

/// Go's text of so many seconds: `72h0m0s`, `30s`.
pub(crate) fn text(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        for (written, wanted) in [
            ("90", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("10m0s", Some(600_000)),
            ("1.5h", Some(5_400_000)),
            ("30d", Some(2_592_000_000)),
            ("250ms", Some(250)),
            ("", None),
            ("h", None),
            ("1x", None),
            ("5m3", None),
        ] {
            assert_eq!(milliseconds(written), wanted, "{written}");
        }
        assert!(same("2160h", "7776000") && same("10m", "10m0s") && !same("1m", "1h") && same("x", "x"));
        assert_eq!([text(30), text(600), text(259_200)], ["30s", "10m0s", "72h0m0s"]);
    }
}
