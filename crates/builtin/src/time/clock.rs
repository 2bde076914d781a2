//! Reading and writing times and spans.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use weir_provider::Fault;

/// Now, in RFC 3339 with whole seconds.
pub(super) fn now() -> String {
    crate::x509::certificate::rfc3339(crate::x509::certificate::now())
}

/// A time in RFC 3339.
pub(super) fn parse(text: &str) -> Result<OffsetDateTime, Fault> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| Fault::error("Invalid time", format!("\"{text}\" is no time in RFC 3339: {error}.")))
}

/// A span: `1h30m`, `45s`, `1.5s`, `250ms`.
pub(super) fn span(text: &str) -> Result<Duration, Fault> {
    let wrong = || Fault::error("Invalid duration", format!("\"{text}\" is no duration, as \"30s\", \"5m\" and \"1h30m\" are."));
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return Err(wrong()),
            };
        rest = &rest[unit..];
    }
    if text.is_empty() { Err(wrong()) } else { Duration::try_from_secs_f64(seconds).map_err(|_| wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!(span("1h30m").unwrap(), Duration::from_secs(5400));
        assert_eq!(span("1.5s").unwrap(), Duration::from_millis(1500));
        assert_eq!(span("250ms").unwrap(), Duration::from_millis(250));
        assert!(["", "5", "x", "5d", "s"].iter().all(|text| span(text).is_err()));
    }
}
