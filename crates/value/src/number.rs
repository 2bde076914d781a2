//! Numbers, exact to 512 bits.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use dashu_base::{Abs, BitTest, Sign, Signed};
use dashu_float::{Context, FBig, round::mode::HalfEven};
use dashu_int::{IBig, UBig};

/// Bits of mantissa that every number has, as in the reference implementation of the language.
const PRECISION: usize = 512;

type Float = FBig<HalfEven, 2>;

/// A number: a whole number in the fast form wherever it fits, else a binary float of 512 bits.
#[derive(Clone)]
pub struct Number(Form);

#[derive(Clone)]
enum Form {
    Whole(i64),
    /// `-0`: equal to zero, and printed with its sign.
    MinusZero,
    /// Never a value that fits `Whole`, so that equal numbers have equal forms; may be infinite after a division by zero is refused elsewhere.
    Float(Arc<Float>),
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Form::Whole(0));

    const MINUS_ZERO: Self = Self(Form::MinusZero);

    /// Reads a decimal number as the language writes it: digits, optional fraction and exponent, optional leading minus.
    pub fn parse(text: &str) -> Option<Self> {
        let number = Self::parse_value(text)?;
        Some(if text.starts_with('-') && number == Self::ZERO { Self::MINUS_ZERO } else { number })
    }

    fn parse_value(text: &str) -> Option<Self> {
        if let Ok(whole) = i64::from_str(text)
            && !text.starts_with('+')
        {
            return Some(Self(Form::Whole(whole)));
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, i64::from_str(exponent).ok()?),
            None => (text, 0),
        };
        let (negative, digits) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        // A larger exponent would take gigabytes; no real configuration comes near.
        if exponent.unsigned_abs() > 100_000 {
            return None;
        }
        let all = UBig::from_str_radix(&format!("0{whole}{fraction}"), 10).ok()?;
        let signed = IBig::from_parts(if negative { Sign::Negative } else { Sign::Positive }, all);
        Some(Self::from_decimal(&signed, exponent))
    }

    /// `digits × 10^exponent`, rounded once.
    fn from_decimal(digits: &IBig, exponent: i64) -> Self {
        let power = UBig::from(10u8).pow(exponent.unsigned_abs() as usize);
        if exponent >= 0 {
            return Self::from_big(digits * IBig::from(power));
        }
        Self::from_ratio(digits, &power.into(), 0)
    }

    /// `top / bottom × 2^exponent`, correctly rounded: the library's division can be off by one in the last place.
    fn from_ratio(top: &IBig, bottom: &IBig, exponent: isize) -> Self {
        if *top == IBig::ZERO {
            return Self::ZERO;
        }
        let scale = |shift: isize| {
            let by = shift.unsigned_abs();
            if shift >= 0 { (top << by, bottom.clone()) } else { (top.clone(), bottom << by) }
        };
        let bits = |number: &IBig| number.clone().abs().bit_len() as isize;
        let mut shift = PRECISION as isize - (bits(top) - bits(bottom));
        let (scaled, divisor) = scale(shift);
        if bits(&(scaled / divisor)) > PRECISION as isize {
            shift -= 1;
        }
        let (scaled, divisor) = scale(shift);
        Self::from_float(Float::from_parts(round_half_even(&scaled, &divisor), exponent - shift))
    }

    fn from_big(whole: IBig) -> Self {
        i64::try_from(&whole).map_or_else(
            |_| {
                let exact = Float::from_parts(whole, 0);
                Self(Form::Float(Arc::new(exact.with_precision(PRECISION).value())))
            },
            |small| Self(Form::Whole(small)),
        )
    }

    fn from_float(float: Float) -> Self {
        let repr = float.repr();
        if repr.is_infinite() {
            return Self(Form::Float(Arc::new(float)));
        }
        let (significand, exponent) = (repr.significand(), repr.exponent());
        if significand == &IBig::ZERO {
            return Self::ZERO;
        }
        if (0..64).contains(&exponent)
            && let Ok(small) = i64::try_from(significand << exponent as usize)
        {
            return Self(Form::Whole(small));
        }
        Self(Form::Float(Arc::new(float.with_precision(PRECISION).value())))
    }

    fn float(&self) -> Float {
        match &self.0 {
            Form::Whole(whole) => Float::from_parts(IBig::from(*whole), 0).with_precision(PRECISION).value(),
            Form::MinusZero => Float::ZERO,
            Form::Float(float) => (**float).clone(),
        }
    }

    /// The nearest float of 64 bits.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Form::Whole(whole) => *whole as f64,
            Form::MinusZero => -0.0,
            Form::Float(float) => float.to_f64().value(),
        }
    }

    /// The number of that float; `None` for infinities and NaN.
    pub fn from_f64(float: f64) -> Option<Self> {
        if float == 0.0 && float.is_sign_negative() {
            return Some(Self::MINUS_ZERO);
        }
        Float::try_from(float).ok().filter(|float| !float.repr().is_infinite()).map(Self::from_float)
    }

    /// The whole number, if it is one and fits.
    pub fn to_i64(&self) -> Option<i64> {
        match self.0 {
            Form::Whole(whole) => Some(whole),
            Form::MinusZero => Some(0),
            Form::Float(_) => None,
        }
    }

    /// True when it has no fraction.
    pub fn is_whole(&self) -> bool {
        match &self.0 {
            Form::Whole(_) | Form::MinusZero => true,
            Form::Float(float) => float.repr().exponent() >= 0,
        }
    }

    /// True below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Whole(whole) => *whole < 0,
            Form::MinusZero => false,
            Form::Float(float) => float.is_negative(),
        }
    }

    /// True below zero, and for `-0`.
    pub fn has_minus(&self) -> bool {
        self.is_negative() || matches!(self.0, Form::MinusZero)
    }

    /// A zero with the sign that a product or quotient of the two has.
    fn signed_zero(&self, other: &Self) -> Self {
        if self.has_minus() == other.has_minus() { Self::ZERO } else { Self::MINUS_ZERO }
    }

    /// `self + other`
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        if let (Form::MinusZero, Form::MinusZero) = (&self.0, &other.0) {
            return Self::MINUS_ZERO;
        }
        self.by(other, i64::checked_add, |context, a, b| context.add(a.repr(), b.repr()).value())
    }
    /// `self - other`
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        if let (Form::MinusZero, Form::Whole(0)) = (&self.0, &other.0) {
            return Self::MINUS_ZERO;
        }
        self.by(other, i64::checked_sub, |context, a, b| context.sub(a.repr(), b.repr()).value())
    }
    /// `self × other`
    #[must_use]
    pub fn multiply(&self, other: &Self) -> Self {
        if *self == Self::ZERO || *other == Self::ZERO {
            return self.signed_zero(other);
        }
        self.by(other, i64::checked_mul, |context, a, b| context.mul(a.repr(), b.repr()).value())
    }
    /// `self ÷ other`; `None` when dividing by zero.
    pub fn divide(&self, other: &Self) -> Option<Self> {
        if *other == Self::ZERO {
            return None;
        }
        if *self == Self::ZERO {
            return Some(self.signed_zero(other));
        }
        let exact = |a: i64, b: i64| if a.checked_rem(b)? == 0 { a.checked_div(b) } else { None };
        if let (Form::Whole(a), Form::Whole(b)) = (&self.0, &other.0)
            && let Some(result) = exact(*a, *b)
        {
            return Some(Self(Form::Whole(result)));
        }
        let (a, b) = (self.float(), other.float());
        let (a, b) = (a.repr(), b.repr());
        let negative = b.significand().is_negative();
        let top = if negative { -a.significand() } else { a.significand().clone() };
        Some(Self::from_ratio(&top, &b.significand().clone().abs(), a.exponent() - b.exponent()))
    }
    /// The remainder of the truncated division, with the sign of `self`; `None` when dividing by zero.
    pub fn remainder(&self, other: &Self) -> Option<Self> {
        if *other == Self::ZERO {
            return None;
        }
        if let Form::MinusZero = self.0 {
            return Some(Self::MINUS_ZERO);
        }
        if let (Form::Whole(a), Form::Whole(b)) = (&self.0, &other.0) {
            return Some(Self(Form::Whole(a.checked_rem(*b).unwrap_or(0))));
        }
        let quotient = self.divide(other)?.truncate();
        Some(self.subtract(&quotient.multiply(other)))
    }

    fn by(&self, other: &Self, fast: impl Fn(i64, i64) -> Option<i64>, slow: impl Fn(Context<HalfEven>, Float, Float) -> Float) -> Self {
        if let (Form::Whole(a), Form::Whole(b)) = (&self.0, &other.0)
            && let Some(result) = fast(*a, *b)
        {
            return Self(Form::Whole(result));
        }
        Self::from_float(slow(Context::new(PRECISION), self.float(), other.float()))
    }

    /// `-self`
    #[must_use]
    pub fn negate(&self) -> Self {
        match self.0 {
            Form::Whole(0) => Self::MINUS_ZERO,
            _ => Self::ZERO.subtract(self),
        }
    }
    /// The distance from zero.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.has_minus() { self.negate() } else { self.clone() }
    }
    /// The greatest whole number that is not above it.
    #[must_use]
    pub fn floor(&self) -> Self {
        self.whole(Float::floor)
    }
    /// The least whole number that is not below it.
    #[must_use]
    pub fn ceil(&self) -> Self {
        self.whole(Float::ceil)
    }
    /// Without the fraction.
    #[must_use]
    pub fn truncate(&self) -> Self {
        self.whole(Float::trunc)
    }

    fn whole(&self, round: impl Fn(&Float) -> Float) -> Self {
        match &self.0 {
            Form::Whole(_) => self.clone(),
            Form::MinusZero => Self::ZERO,
            Form::Float(float) => Self::from_float(round(float)),
        }
    }

    /// The digits of a whole number in a base from 2 to 36, in small letters; `None` when it has a fraction.
    pub fn to_radix(&self, base: u32) -> Option<String> {
        self.to_big().map(|whole| whole.in_radix(base).to_string())
    }
    /// Reads digits in a base from 2 to 36.
    pub fn from_radix(digits: &str, base: u32) -> Option<Self> {
        IBig::from_str_radix(digits, base).ok().map(Self::from_big)
    }

    fn to_big(&self) -> Option<IBig> {
        match &self.0 {
            Form::Whole(whole) => Some(IBig::from(*whole)),
            Form::MinusZero => Some(IBig::ZERO),
            Form::Float(float) => {
                let repr = float.repr();
                usize::try_from(repr.exponent()).ok().map(|shift| repr.significand() << shift)
            }
        }
    }

    /// The shortest decimal digits that read back as the same number, and the power of ten of the last one.
    fn shortest(&self) -> (IBig, i64) {
        let float = self.float();
        let (significand, exponent) = (float.repr().significand().clone(), float.repr().exponent());
        // exponent < 0 here. value = significand / 2^-exponent. Decimal places are tried from few to many; 512 bits need at most
        // 155 significant digits, and leading zeros come on top for small numbers.
        let denominator = UBig::ONE << exponent.unsigned_abs();
        let denominator = IBig::from(denominator);
        let zeros = {
            let bits = significand.clone().abs().bit_len() as i64 + exponent as i64;
            if bits < 0 { (-bits) * 30103 / 100_000 } else { 0 }
        };
        let mut places = zeros;
        loop {
            let scaled: IBig = &significand * IBig::from(UBig::from(10u8).pow(places as usize));
            let digits = round_half_even(&scaled, &denominator);
            if digits != IBig::ZERO && Self::from_decimal(&digits, -places) == *self {
                return (digits, -places);
            }
            places += 1;
        }
    }
}

fn round_half_even(top: &IBig, bottom: &IBig) -> IBig {
    let quotient = top / bottom;
    let rest = (top - &quotient * bottom).abs() * IBig::from(2);
    let up = match rest.cmp(bottom) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => &quotient % IBig::from(2) != IBig::ZERO,
    };
    match (up, top.is_negative()) {
        (false, _) => quotient,
        (true, false) => quotient + IBig::ONE,
        (true, true) => quotient - IBig::ONE,
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Whole(a), Form::Whole(b)) => a == b,
            (Form::Float(a), Form::Float(b)) => a == b,
            (Form::MinusZero, Form::MinusZero | Form::Whole(0)) | (Form::Whole(0), Form::MinusZero) => true,
            _ => false,
        }
    }
}
impl Eq for Number {}
impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Form::Whole(whole) => whole.hash(state),
            Form::MinusZero => 0_i64.hash(state),
            Form::Float(float) => (float.repr().significand().to_string(), float.repr().exponent()).hash(state),
        }
    }
}
impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Form::Whole(a), Form::Whole(b)) => a.cmp(b),
            _ => self.float().cmp(&other.float()),
        }
    }
}
impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self(Form::Whole(whole))
    }
}
impl From<u64> for Number {
    fn from(whole: u64) -> Self {
        i64::try_from(whole).map_or_else(|_| Self::from_big(IBig::from(whole)), |whole| Self(Form::Whole(whole)))
    }
}

/// All digits without an exponent, as the language prints a number: the shortest text that reads back as the same number.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Form::Whole(whole) => return write!(f, "{whole}"),
            Form::MinusZero => return f.write_str("-0"),
            Form::Float(_) => {}
        }
        if let Some(whole) = self.to_big() {
            return write!(f, "{whole}");
        }
        let (digits, exponent) = self.shortest();
        let text = digits.clone().abs().to_string();
        let places = exponent.unsigned_abs() as usize;
        let text = format!("{text:0>width$}", width = places + 1);
        let (whole, fraction) = text.split_at(text.len() - places);
        let sign = if digits.is_negative() { "-" } else { "" };
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn reads_and_prints() {
        for text in ["0", "-1", "9223372036854775807", "9223372036854775808", "0.1", "-0.5", "123456789012345678901234567890.25", "0.00001"] {
            assert_eq!(n(text).to_string(), text);
        }
        assert_eq!(n("1e3").to_string(), "1000");
        assert_eq!(n("1.50").to_string(), "1.5");
        assert_eq!(n("1e-2").to_string(), "0.01");
        assert_eq!(n("1.0"), n("1"));
        assert!(Number::parse("").is_none() && Number::parse("1.x").is_none() && Number::parse(".").is_none());
    }

    #[test]
    fn zero_has_a_sign() {
        assert_eq!(n("0").negate().to_string(), "-0");
        assert_eq!(n("-0.0").to_string(), "-0");
        assert!(n("-0") == n("0") && n("-0") >= n("0") && !n("-0").is_negative());
        let text = |number: Option<Number>| number.unwrap().to_string();
        assert_eq!([n("-0").negate(), n("-0").abs(), n("0").subtract(&n("0")), n("-1").add(&n("1"))].map(|number| number.to_string()), ["0", "0", "0", "0"]);
        assert_eq!([n("0").multiply(&n("-1")), n("-0").multiply(&n("5"))].map(|number| number.to_string()), ["-0", "-0"]);
        assert_eq!([text(n("0").divide(&n("-1"))), text(n("-0").remainder(&n("5"))), text(n("-5").remainder(&n("5")))], ["-0", "-0", "0"]);
        assert_eq!(n("-0").to_radix(10).unwrap(), "0");
    }

    #[test]
    fn arithmetic() {
        assert_eq!(n("0.1").add(&n("0.2")).to_string(), "0.3");
        assert_eq!(n("9223372036854775807").add(&n("1")).to_string(), "9223372036854775808");
        assert_eq!(n("1").divide(&n("4")).unwrap().to_string(), "0.25");
        assert!(n("1").divide(&n("0")).is_none());
        assert_eq!(n("-7").remainder(&n("3")).unwrap().to_string(), "-1");
        assert_eq!(n("7.5").remainder(&n("2")).unwrap().to_string(), "1.5");
        assert_eq!(n("-1.5").floor().to_string(), "-2");
        assert_eq!(n("-1.5").ceil().to_string(), "-1");
        assert!(n("1.5") < n("2") && n("-3") < n("0.5"));
        let third = n("1").divide(&n("3")).unwrap().to_string();
        assert!(third.len() > 150 && third.starts_with("0.333333"));
        assert_eq!(n(&third), n("1").divide(&n("3")).unwrap());
        assert_eq!(n("255").to_radix(16).unwrap(), "ff");
        assert_eq!(Number::from_f64(0.5).unwrap().to_string(), "0.5");
    }
}
