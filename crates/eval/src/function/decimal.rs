//! Numbers in decimal notation, every digit right.

use dashu_int::UBig;
use weir_value::Number;

/// `0.d₁d₂d₃… × 10^point`; zero has no digits.
pub(super) struct Decimal {
    digits: String,
    point: i64,
}

impl Decimal {
    /// Every digit of the magnitude.
    pub(super) fn exact(number: &Number) -> Self {
        let mut scaled = number.abs();
        // Multiplying by a power of two loses nothing, and makes it whole in the end.
        let step = Number::from(1_i64 << 62);
        let mut halves = 0_usize;
        while !scaled.is_whole() {
            scaled = scaled.multiply(&step);
            halves += 62;
        }
        let whole = UBig::from_str_radix(&scaled.to_radix(10).unwrap_or_default(), 10).unwrap_or(UBig::ZERO);
        let digits = (whole * UBig::from(5_u8).pow(halves)).to_string();
        Self::new(&digits, digits.len() as i64 - halves as i64)
    }

    /// The fewest digits that read back as the same number.
    pub(super) fn shortest(number: &Number) -> Self {
        let text = number.abs().to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        Self::new(&format!("{whole}{fraction}"), whole.len() as i64)
    }

    fn new(digits: &str, point: i64) -> Self {
        let significant = digits.trim_start_matches('0');
        let point = point - (digits.len() - significant.len()) as i64;
        let significant = significant.trim_end_matches('0');
        Self { digits: significant.to_owned(), point: if significant.is_empty() { 0 } else { point } }
    }

    /// Rounded to so many digits (half to even); fewer than none leave zero.
    fn round(&mut self, keep: i64) {
        let Ok(keep) = usize::try_from(keep) else {
            *self = Self::new("", 0);
            return;
        };
        if keep >= self.digits.len() {
            return;
        }
        let (kept, rest) = self.digits.split_at(keep);
        let even = kept.bytes().last().is_none_or(|digit| (digit - b'0').is_multiple_of(2));
        let up = match rest.as_bytes() {
            [b'5'] => !even,
            [first, ..] => *first >= b'5',
            [] => false,
        };
        let mut kept = kept.to_owned();
        let mut point = self.point;
        if up {
            let nines = kept.len() - kept.trim_end_matches('9').len();
            kept.truncate(kept.len() - nines);
            match kept.pop() {
                Some(digit) => kept.push(char::from(digit as u8 + 1)),
                None => {
                    kept.push('1');
                    point += 1;
                }
            }
        }
        *self = Self::new(&kept, point);
    }

    fn digit(&self, at: i64) -> char {
        usize::try_from(at).ok().and_then(|at| self.digits.as_bytes().get(at)).map_or('0', |digit| char::from(*digit))
    }

    /// `123.45` with so many places.
    pub(super) fn fixed(mut self, places: usize) -> String {
        self.round(self.point + places as i64);
        let mut out: String = (0..self.point.max(0)).map(|at| self.digit(at)).collect();
        if out.is_empty() {
            out.push('0');
        }
        if places > 0 {
            out.push('.');
            out.extend((0..places as i64).map(|at| self.digit(self.point + at)));
        }
        out
    }

    /// `1.2345e+02` with so many places.
    pub(super) fn scientific(mut self, places: usize) -> String {
        self.round(places as i64 + 1);
        let mut out = String::from(self.digit(0));
        if places > 0 {
            out.push('.');
            out.extend((1..=places as i64).map(|at| self.digit(at)));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("e{sign}{:02}", exponent.unsigned_abs()));
        out
    }

    /// The shorter of both for its size: scientific below 0.0001 and from the precision (6, if there is none) on.
    pub(super) fn general(mut self, precision: Option<usize>) -> String {
        if let Some(precision) = precision {
            self.round(precision.max(1) as i64);
        }
        let count = self.digits.len() as i64;
        let limit = match precision {
            None => 6,
            Some(precision) if precision as i64 > count && count >= self.point => count,
            Some(precision) => precision.max(1) as i64,
        };
        let exponent = self.point - 1;
        if !self.digits.is_empty() && (exponent < -4 || exponent >= limit) {
            return self.scientific(usize::try_from(count - 1).unwrap_or(0));
        }
        let places = usize::try_from(count - self.point).unwrap_or(0);
        self.fixed(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations() {
        let n = |text: &str| Number::parse(text).unwrap();
        let exact = |text: &str| Decimal::exact(&n(text));
        assert_eq!(exact("2.345").fixed(2), "2.34");
        assert_eq!(exact("2.675").fixed(2), "2.67");
        assert_eq!(exact("0.25").fixed(1), "0.2");
        assert_eq!(exact("0.35").fixed(1), "0.3");
        assert_eq!(exact("0.5").fixed(0), "0");
        assert_eq!(exact("1.5").fixed(0), "2");
        assert_eq!(exact("999.96").fixed(1), "1000.0");
        assert_eq!(exact("0.004").fixed(1), "0.0");
        assert_eq!(exact("0.06").fixed(1), "0.1");
        assert_eq!(exact("0.1").fixed(20), "0.10000000000000000000");
        assert_eq!(exact("12345.678").scientific(6), "1.234568e+04");
        assert_eq!(exact("0").scientific(2), "0.00e+00");
        assert_eq!(Decimal::shortest(&n("123456789.125")).general(None), "1.23456789125e+08");
        assert_eq!(Decimal::shortest(&n("123456.7")).general(None), "123456.7");
        assert_eq!(Decimal::shortest(&n("0.00001")).general(None), "1e-05");
        assert_eq!(exact("1234567.5").general(Some(10)), "1234567.5");
        assert_eq!(exact("1000000").general(Some(3)), "1e+06");
        assert_eq!(exact("12").general(Some(0)), "1e+01");
        assert_eq!(exact("0").general(Some(2)), "0");
    }
}
