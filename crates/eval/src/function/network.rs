//! IP addresses and prefixes.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use weir_value::{Number, Value};

use super::args::Args;
use super::error::{fail, refuse};
use super::{Answer, Function, FunctionError, Parameter, unknown_bool, unknown_text, unknown_text_list};

const PREFIX: Parameter = Parameter::text("prefix");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("cidrcontains", &[Parameter::text("containing_prefix"), Parameter::text("contained_ip_or_prefix")], unknown_bool, contains),
    Function::new("cidrhost", &[PREFIX, Parameter::number("hostnum")], unknown_text, host),
    Function::new("cidrnetmask", &[PREFIX], unknown_text, |args| {
        let prefix = Prefix::parse(args.text(0)?)?;
        if prefix.family.bits == 128 {
            return fail(format!("IPv6 addresses cannot have a netmask: {}", args.text(0)?));
        }
        Ok(prefix.family.show(prefix.mask()).into())
    }),
    Function::new("cidrsubnet", &[PREFIX, Parameter::number("newbits"), Parameter::number("netnum")], unknown_text, subnet),
    Function::new("cidrsubnets", &[PREFIX], unknown_text_list, subnets).variadic(Parameter::number("newbits")),
];

#[derive(Clone, Copy, PartialEq, Eq)]
struct Family {
    bits: u32,
}

impl Family {
    fn show(self, address: u128) -> String {
        match u32::try_from(address) {
            Ok(address) if self.bits == 32 => Ipv4Addr::from(address).to_string(),
            _ => Ipv6Addr::from(address).to_string(),
        }
    }
    fn name(self) -> &'static str {
        if self.bits == 32 { "IPv4" } else { "IPv6" }
    }
    /// All addresses of that many bits.
    fn span(bits: u32) -> u128 {
        if bits == 0 { 0 } else { u128::MAX >> (128 - bits) }
    }
}

struct Prefix {
    family: Family,
    /// The first address.
    base: u128,
    length: u32,
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.family.show(self.base), self.length)
    }
}

/// Zeros in front of a number are no octal here, as in the incumbents.
fn parse_address(text: &str) -> Option<(Family, u128)> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(|address| (Family { bits: 128 }, u128::from(address)));
    }
    let mut address = 0;
    let mut parts = 0;
    for part in text.split('.') {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let byte = if digits { part.parse::<u128>().ok().filter(|byte| *byte < 256)? } else { return None };
        address = address << 8 | byte;
        parts += 1;
    }
    (parts == 4).then_some((Family { bits: 32 }, address))
}

impl Prefix {
    fn parse(text: &str) -> Result<Self, FunctionError> {
        let parsed = text.split_once('/').and_then(|(address, length)| {
            let (family, address) = parse_address(address)?;
            let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
            let length = if digits { length.parse::<u32>().ok().filter(|length| *length <= family.bits)? } else { return None };
            Some(Self { family, base: address & !Family::span(family.bits - length), length })
        });
        parsed.map_or_else(|| fail(format!("invalid CIDR expression: invalid CIDR address: {text}")), Ok)
    }

    fn mask(&self) -> u128 {
        Family::span(self.family.bits) & !Family::span(self.family.bits - self.length)
    }
    fn last(&self) -> u128 {
        self.base | Family::span(self.family.bits - self.length)
    }
}

/// The magnitude of a whole number; `None` when it does not fit any address.
fn magnitude(number: &Number) -> Result<Option<u128>, FunctionError> {
    match number.abs().to_radix(10) {
        Some(digits) => Ok(digits.parse().ok()),
        None => fail("value must be a whole number"),
    }
}

fn host(args: &Args<'_>) -> Answer {
    let prefix = Prefix::parse(args.text(0)?)?;
    let number = args.number(1)?;
    let size = Family::span(prefix.family.bits - prefix.length);
    let at = match magnitude(number)? {
        // Negative numbers count from the end.
        Some(back) if number.is_negative() => (back - 1 <= size).then(|| size - (back - 1)),
        Some(at) => (at <= size).then_some(at),
        None => None,
    };
    match at {
        Some(at) => Ok(prefix.family.show(prefix.base | at).into()),
        None => fail(format!("prefix of {} does not accommodate a host numbered {number}", prefix.length)),
    }
}

fn subnet(args: &Args<'_>) -> Answer {
    let prefix = Prefix::parse(args.text(0)?)?;
    let bits = args.whole(1)?;
    let number = args.number(2)?;
    let free = prefix.family.bits - prefix.length;
    let Ok(bits) = u64::try_from(bits) else { return refuse(1, "must not be negative") };
    let Some(new) = u32::try_from(bits).ok().filter(|bits| *bits <= free) else {
        return fail(format!("insufficient address space to extend prefix of {} by {bits}", prefix.length));
    };
    match magnitude(number)? {
        Some(at) if !number.is_negative() && at <= Family::span(new) => {
            let shift = free - new;
            let base = prefix.base | at.checked_shl(shift).unwrap_or(0);
            Ok(Prefix { base, length: prefix.length + new, ..prefix }.to_string().into())
        }
        _ => fail(format!("prefix extension of {new} does not accommodate a subnet numbered {number}")),
    }
}

fn subnets(args: &Args<'_>) -> Answer {
    let prefix = Prefix::parse(args.text(0)?).map_err(|error| error.of_argument(0))?;
    let mut found: Vec<Prefix> = Vec::new();
    for at in 1..args.values.len() {
        let bits = args.whole(at).map_err(|error| error.of_argument(at))?;
        if bits < 1 {
            return refuse(at, "must extend prefix by at least one bit");
        }
        if bits > 32 {
            return refuse(at, "may not extend prefix by more than 32 bits");
        }
        let length = prefix.length + u32::try_from(bits).unwrap_or(32);
        let family = prefix.family;
        if length > family.bits {
            return refuse(at, format!("would extend prefix to {length} bits, which is too long for an {} address", family.name()));
        }
        let base = match found.last() {
            None => Some(prefix.base),
            Some(previous) => {
                let size = Family::span(family.bits - length);
                // The first address behind the previous one at which such a prefix can start.
                previous.last().checked_add(1).and_then(|next| next.checked_add(size)).map(|next| next & !size)
            }
        };
        match base.filter(|base| *base <= prefix.last()) {
            Some(base) => found.push(Prefix { family, base, length }),
            None => {
                let previous = found.last().map_or_else(String::new, Prefix::to_string);
                return refuse(at, format!("not enough remaining address space for a subnet with a prefix of {length} bits after {previous}"));
            }
        }
    }
    Ok(Value::strings(found.iter().map(Prefix::to_string)))
}

fn contains(args: &Args<'_>) -> Answer {
    let prefix = Prefix::parse(args.text(0)?).map_err(|error| error.of_argument(0))?;
    let text = args.text(1)?;
    let (family, first, last) = if text.contains('/') {
        let inner = Prefix::parse(text).map_err(|error| error.of_argument(1))?;
        (inner.family, inner.base, inner.last())
    } else {
        match parse_address(text) {
            Some((family, address)) => (family, address, address),
            None => return refuse(1, format!("invalid IP address or prefix: {text}")),
        }
    };
    if family != prefix.family {
        return fail(format!("address family mismatch: {} is {}, {text} is {}", args.text(0)?, prefix.family.name(), family.name()));
    }
    Ok((first >= prefix.base && last <= prefix.last()).into())
}

#[cfg(test)]
mod tests {
    use crate::function::testing::check;

    #[test]
    fn hosts() {
        check("cidrhost", r#"["10.0.0.5/8", 5]"#, r#""10.0.0.5""#);
        check("cidrhost", r#"["10.0.0.0/8", -1]"#, r#""10.255.255.255""#);
        check("cidrhost", r#"["10.0.0.0/30", 4]"#, "! prefix of 30 does not accommodate a host numbered 4");
        check("cidrhost", r#"["10.0.0.0/32", 0]"#, r#""10.0.0.0""#);
        check("cidrhost", r#"["0.0.0.0/0", -1]"#, r#""255.255.255.255""#);
        check("cidrhost", r#"["fd00::/64", -1]"#, r#""fd00::ffff:ffff:ffff:ffff""#);
        check("cidrhost", r#"["fd00::/16", "1208925819614629174706175"]"#, r#""fd00::ffff:ffff:ffff:ffff:ffff""#);
        check("cidrhost", r#"["::/0", -1]"#, r#""ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff""#);
        check("cidrhost", r#"["010.001.0.0/08", 1]"#, r#""10.0.0.1""#);
        for bad in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "fe80::%eth0/64", "10.0.0.256/8", "10.0.0.0/8/8"] {
            check("cidrhost", &format!("[{bad:?}, 1]"), &format!("! invalid CIDR expression: invalid CIDR address: {bad}"));
        }
        check("cidrhost", r#"["10.0.0.0/8", 1.5]"#, "! value must be a whole number");
    }

    #[test]
    fn masks() {
        check("cidrnetmask", r#"["172.16.0.0/12"]"#, r#""255.240.0.0""#);
        check("cidrnetmask", r#"["0.0.0.0/0"]"#, r#""0.0.0.0""#);
        check("cidrnetmask", r#"["fd00::/8"]"#, "! IPv6 addresses cannot have a netmask: fd00::/8");
    }

    #[test]
    fn subnets() {
        check("cidrsubnet", r#"["10.1.2.3/8", 8, 2]"#, r#""10.2.0.0/16""#);
        check("cidrsubnet", r#"["10.0.0.0/8", 0, 0]"#, r#""10.0.0.0/8""#);
        check("cidrsubnet", r#"["10.0.0.0/8", 24, 16777215]"#, r#""10.255.255.255/32""#);
        check("cidrsubnet", r#"["::/0", 128, 1]"#, r#""::1/128""#);
        check("cidrsubnet", r#"["::/0", 0, 0]"#, r#""::/0""#);
        check("cidrsubnet", r#"["fd00::/8", 60, "99999999999999"]"#, r#""fd00:5af:3107:a3ff:f000::/68""#);
        check("cidrsubnet", r#"["10.0.0.0/8", 25, 2]"#, "! insufficient address space to extend prefix of 8 by 25");
        check("cidrsubnet", r#"["10.0.0.0/8", 8, 256]"#, "! prefix extension of 8 does not accommodate a subnet numbered 256");
        check("cidrsubnets", r#"["10.1.0.0/16", 4, 4, 8, 4]"#, r#"["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"]"#);
        check("cidrsubnets", r#"["10.1.0.0/16"]"#, "[]");
        check("cidrsubnets", r#"["10.1.0.0/16", 0]"#, "!1 must extend prefix by at least one bit");
        check("cidrsubnets", r#"["10.1.0.0/16", 17]"#, "!1 would extend prefix to 33 bits, which is too long for an IPv4 address");
        check("cidrsubnets", r#"["fd00::/8", 33]"#, "!1 may not extend prefix by more than 32 bits");
        let full = "not enough remaining address space for a subnet with a prefix of 17 bits after 10.1.128.0/17";
        check("cidrsubnets", r#"["10.1.0.0/16", 1, 1, 1]"#, &format!("!3 {full}"));
    }

    #[test]
    fn containment() {
        check("cidrcontains", r#"["192.168.2.0/20", "192.168.2.1"]"#, "true");
        check("cidrcontains", r#"["192.168.2.0/20", "192.168.2.0/22"]"#, "true");
        check("cidrcontains", r#"["192.168.2.0/20", "192.126.2.0/18"]"#, "false");
        check("cidrcontains", r#"["fe80::/48", "fe81::1"]"#, "false");
        check("cidrcontains", r#"["10.0.0.0/8", "::1"]"#, "! address family mismatch: 10.0.0.0/8 is IPv4, ::1 is IPv6");
    }
}
