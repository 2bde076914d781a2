//! Durations as the `timeouts` block and the provider block write them.

use std::time::Duration;

use weir_provider::Fault;

/// Parses `1h30m`, `45s`, `1.5h`, `200ms`: numbers with a unit (h, m, s, ms, us, µs, ns), added up.
pub(crate) fn parse(text: &str) -> Result<Duration, Fault> {
    let invalid = || Fault::error("Invalid duration", format!("\"{text}\" is not a duration. Write numbers with units, such as \"30m\" or \"1h30m\"."));
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').ok_or_else(invalid)?;
        let number: f64 = rest[..digits].parse().map_err(|_| invalid())?;
        rest = &rest[digits..];
        let letters = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        total += number
            * match &rest[..letters] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return Err(invalid()),
            };
        rest = &rest[letters..];
    }
    Duration::try_from_secs_f64(total).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse("1h30m").ok(), Some(Duration::from_secs(5400)));
        assert_eq!(parse("1.5s").ok(), Some(Duration::from_millis(1500)));
        assert_eq!(parse("0").ok(), Some(Duration::ZERO));
        for bad in ["", "5", "h", "1x", "-1s", "1h30"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
