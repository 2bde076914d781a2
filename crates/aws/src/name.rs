//! Names: those that the user leaves to the provider, and what names may look like.

use weir_provider::Fault;
use weir_value::{Path, Value};

/// Letters of a made suffix: as many as the incumbent's, so that either finds the prefix again.
const SUFFIX: usize = 26;

/// The name that the user wrote, or one that begins with the prefix and ends with the operation's token: the same operation makes the same name, so that it is found again after a crash.
pub(crate) fn choose(name: Option<&String>, prefix: Option<&String>, token: &str) -> String {
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        return name.clone();
    }
    let prefix = prefix.filter(|prefix| !prefix.is_empty()).map_or("weir-", String::as_str);
    let mut suffix: String = token.chars().filter(char::is_ascii_hexdigit).take(SUFFIX).collect();
    while suffix.len() < SUFFIX {
        suffix.push('0');
    }
    format!("{prefix}{suffix}")
}

/// The prefix of a name that a provider made; nothing for a name that a user wrote.
pub(crate) fn prefix_of(name: &str) -> String {
    match name.len().checked_sub(SUFFIX).and_then(|at| name.split_at_checked(at)) {
        Some((prefix, suffix)) if !prefix.is_empty() && suffix.chars().all(|letter| letter.is_ascii_hexdigit()) => prefix.to_owned(),
        _ => String::new(),
    }
}

/// Checks `name` and `name_prefix` of a configuration: not both, at most `longest` letters, letters and digits and what `others` allows.
pub(crate) fn check(config: &Value, longest: usize, others: &str) -> Vec<Fault> {
    let text = |name: &str| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
    let mut faults = Vec::new();
    if text("name").is_some() && text("name_prefix").is_some() {
        faults.push(Fault::attribute(Path::attr("name_prefix"), "Conflicting arguments", "Set either `name` or `name_prefix`, not both."));
    }
    for (attribute, longest) in [("name", longest), ("name_prefix", longest.saturating_sub(SUFFIX))] {
        let Some(name) = text(attribute) else { continue };
        if name.chars().count() > longest {
            faults.push(Fault::attribute(Path::attr(attribute), "Name too long", format!("\"{name}\" has {} characters; {longest} are allowed.", name.chars().count())));
        }
        if let Some(bad) = name.chars().find(|letter| !letter.is_ascii_alphanumeric() && !others.contains(*letter)) {
            faults.push(Fault::attribute(
                Path::attr(attribute),
                "Invalid name",
                format!("\"{name}\" holds {bad:?}; letters, digits and {} are allowed.", others.chars().map(|letter| format!("'{letter}'")).collect::<Vec<_>>().join(" ")),
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_names() {
        let token = "0d9be8e5-6f5a-4bbd-8a29-0a4ba8e5c8a1";
        let made = choose(None, Some(&"web-".to_owned()), token);
        assert_eq!(made, "web-0d9be8e56f5a4bbd8a290a4ba8");
        assert_eq!(prefix_of(&made), "web-");
        assert_eq!(prefix_of("terraform-20240102030405678900000001"), "terraform-");
        assert_eq!((prefix_of("web"), prefix_of("0d9be8e56f5a4bbd8a290a4ba8")), (String::new(), String::new()));
        assert_eq!(choose(Some(&"web".to_owned()), None, token), "web");
    }

    #[test]
    fn bad_names() {
        let config = Value::object([("name", Value::from("a b")), ("name_prefix", Value::from("x".repeat(40).as_str()))]);
        let summaries: Vec<String> = check(&config, 64, "-_").into_iter().map(|fault| fault.summary).collect();
        assert_eq!(summaries, ["Conflicting arguments", "Invalid name", "Name too long"]);
    }
}
