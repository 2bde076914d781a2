//! Arithmetic.

use weir_value::{Number, Value};

use super::args::Args;
use super::error::{fail, refuse};
use super::{Answer, Function, FunctionError, Parameter, unknown_number};

const NUM: Parameter = Parameter::number("num");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("abs", &[NUM], unknown_number, |args| Ok(args.number(0)?.abs().into())),
    Function::new("ceil", &[NUM], unknown_number, |args| Ok(args.number(0)?.ceil().into())),
    Function::new("floor", &[NUM], unknown_number, |args| Ok(args.number(0)?.floor().into())),
    Function::new("log", &[NUM, Parameter::number("base")], unknown_number, |args| from_float(args.number(0)?.to_f64().ln() / args.number(1)?.to_f64().ln())),
    Function::new("max", &[], unknown_number, |args| extreme(args, |a, b| a > b)).variadic(Parameter::number("numbers")),
    Function::new("min", &[], unknown_number, |args| extreme(args, |a, b| a < b)).variadic(Parameter::number("numbers")),
    Function::new("parseint", &[Parameter::any("number"), Parameter::number("base")], unknown_number, parse_int),
    Function::new("pow", &[NUM, Parameter::number("power")], unknown_number, |args| from_float(args.number(0)?.to_f64().powf(args.number(1)?.to_f64()))),
    Function::new("signum", &[NUM], unknown_number, |args| Ok(args.whole(0)?.signum().into())),
];

/// The incumbents calculate these in 64 bits and print the shortest text that reads back as the same 64 bits.
fn from_float(float: f64) -> Answer {
    let number = if float.fract() == 0.0 { Number::from_f64(float) } else { Number::parse(&float.to_string()) };
    number.map_or_else(|| fail("the result is not a finite number"), |number| Ok(number.into()))
}

fn extreme(args: &Args<'_>, better: fn(&Number, &Number) -> bool) -> Answer {
    let mut best: Option<&Number> = None;
    for at in 0..args.values.len() {
        let number = args.number(at)?;
        if best.is_none_or(|best| better(number, best)) {
            best = Some(number);
        }
    }
    best.map_or_else(|| fail("must pass at least one number"), |best| Ok(best.clone().into()))
}

fn parse_int(args: &Args<'_>) -> Answer {
    let value = args.value(0)?;
    let Some(text) = value.as_str() else {
        return refuse(0, format!("first argument must be a string, not {}", value.ty().friendly_name()));
    };
    let base = args.whole(1).map_err(|error| error.of_argument(1))?;
    if !(2..=62).contains(&base) {
        return refuse(1, "base must be a whole number between 2 and 62 inclusive");
    }
    let wrong = || FunctionError::argument(0, format!("cannot parse {text:?} as a base {base} integer"));
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() {
        return Err(wrong());
    }
    // Up to base 36 the case of letters does not matter; beyond it, small letters come before capitals.
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'z' => Some(c - b'a' + 10),
        b'A'..=b'Z' if base <= 36 => Some(c - b'A' + 10),
        b'A'..=b'Z' => Some(c - b'A' + 36),
        _ => None,
    };
    let base_number = Number::from(base);
    let mut whole = Number::ZERO;
    for byte in digits.bytes() {
        let value = digit(byte).filter(|value| i64::from(*value) < base).ok_or_else(wrong)?;
        whole = whole.multiply(&base_number).add(&Number::from(i64::from(value)));
    }
    Ok(Value::Number(if negative && whole != Number::ZERO { whole.negate() } else { whole }))
}

#[cfg(test)]
mod tests {
    use crate::function::testing::check;

    #[test]
    fn rounding() {
        check("abs", "[-1.5]", "1.5");
        check("ceil", "[-1.2]", "-1");
        check("floor", "[\"-1.2\"]", "-2");
        check("signum", "[-3]", "-1");
        check("signum", "[1.5]", "! value must be a whole number, between -9223372036854775808 and 9223372036854775807");
        check("abs", "[null]", "!0 argument must not be null");
        check("abs", "[\"x\"]", "!0 a number is required");
    }

    #[test]
    fn floats() {
        check("log", "[50, 10]", "1.6989700043360185");
        check("log", "[100, 10]", "2");
        check("log", "[8, 2]", "3");
        check("log", "[0, 10]", "! the result is not a finite number");
        check("pow", "[2, 0.5]", "1.4142135623730951");
        check("pow", "[2, 64]", "18446744073709551616");
        check("pow", "[-1, 0.5]", "! the result is not a finite number");
    }

    #[test]
    fn extremes() {
        check("max", "[1, \"5\", 3]", "5");
        check("min", "[1, -2]", "-2");
        check("max", "[]", "! must pass at least one number");
    }

    #[test]
    fn parseint() {
        check("parseint", "[\"-FF\", 16]", "-255");
        check("parseint", "[\"+5\", 10]", "5");
        check("parseint", "[\"zz\", 62]", "2205");
        check("parseint", "[\"Zz\", 62]", "3817");
        check("parseint", "[\"123456789012345678901234567890123\", 10]", "123456789012345678901234567890123");
        check("parseint", "[\"9\", 8]", "!0 cannot parse \"9\" as a base 8 integer");
        check("parseint", "[\"\", 10]", "!0 cannot parse \"\" as a base 10 integer");
        check("parseint", "[[], 10]", "!0 first argument must be a string, not tuple");
        check("parseint", "[\"1\", 63]", "!1 base must be a whole number between 2 and 62 inclusive");
    }
}
