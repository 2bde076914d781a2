//! Address ranges in configurations.

use std::ops::RangeInclusive;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use weir_provider::Fault;
use weir_value::{Path, Value};

/// What is wrong with an IPv4 range whose prefix must be of such a length; nothing when it is unset or unknown.
pub(crate) fn check_v4(config: &Value, name: &str, lengths: RangeInclusive<u8>) -> Option<Fault> {
    let value = config.get(name)?;
    let text = value.as_str().filter(|text| !text.is_empty())?;
    let wrong = match text.parse::<Ipv4Net>() {
        Err(_) => format!("\"{text}\" is not an IPv4 range such as \"10.0.0.0/16\"."),
        Ok(net) if net.trunc() != net => format!("\"{text}\" has bits set behind its prefix. Did you mean \"{}\"?", net.trunc()),
        Ok(net) if !lengths.contains(&net.prefix_len()) => {
            format!("\"{text}\" must have a prefix of /{} to /{}.", lengths.start(), lengths.end())
        }
        Ok(_) => return None,
    };
    Some(Fault::attribute(Path::attr(name), "Invalid address range", wrong))
}

/// What is wrong with an IPv6 range; nothing when it is unset or unknown.
pub(crate) fn check_v6(config: &Value, name: &str) -> Option<Fault> {
    let value = config.get(name)?;
    let text = value.as_str().filter(|text| !text.is_empty())?;
    let wrong = match text.parse::<Ipv6Net>() {
        Err(_) => format!("\"{text}\" is not an IPv6 range such as \"2001:db8::/64\"."),
        Ok(net) if net.trunc() != net => format!("\"{text}\" has bits set behind its prefix. Did you mean \"{}\"?", net.trunc()),
        Ok(_) => return None,
    };
    Some(Fault::attribute(Path::attr(name), "Invalid address range", wrong))
}

/// The range in the form that the API shows: bits behind the prefix cleared, IPv6 shortened.
pub(crate) fn canonical(text: &str) -> String {
    text.parse::<IpNet>().map_or_else(|_| text.to_owned(), |net| net.trunc().to_string())
}

/// True when two attribute values are the same range. For `plan.suppress`.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if canonical(a) == canonical(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let check = |text: &str| check_v4(&Value::object([("c", Value::from(text))]), "c", 16..=28).map(|fault| fault.detail);
        assert_eq!(check("10.0.0.0/16"), None);
        assert!(check("10.0.0.1/16").expect("bits").contains("\"10.0.0.0/16\"?"));
        assert!(check("10.0.0.0/8").expect("length").contains("/16 to /28"));
        assert!(check("10.0.0.0").is_some());
        assert!(same(&Value::from("2001:DB8:0::/64"), &Value::from("2001:db8::/64")));
    }
}
