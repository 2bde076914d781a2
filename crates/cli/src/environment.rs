//! The environment, read once.

use std::collections::BTreeMap;

/// The variables that the process was started with; those that are not UTF-8 are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process.
    pub(crate) fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A setting under either name: `WEIR_name` goes before `TF_name`.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.get(&format!("WEIR_{name}")).or_else(|| self.get(&format!("TF_{name}")))
    }

    /// Whether a setting says yes: anything but empty, `0` and `false`. `None` when it is not there.
    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        self.setting(name).map(|value| !matches!(value, "0" | "false" | "FALSE" | "False"))
    }

    /// Every variable, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of root variables: `TF_VAR_name`, and `WEIR_VAR_name` before it.
    pub(crate) fn variables(&self) -> BTreeMap<&str, &str> {
        let with = |prefix: &'static str| self.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)));
        with("TF_VAR_").chain(with("WEIR_VAR_")).collect()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_name_goes_first() {
        let env = Environment::from([("TF_LOG", "info"), ("WEIR_LOG", "debug"), ("TF_INPUT", "0"), ("TF_VAR_a", "1"), ("WEIR_VAR_a", "2"), ("EMPTY", "")]);
        assert_eq!((env.setting("LOG"), env.switch("INPUT"), env.switch("OTHER")), (Some("debug"), Some(false), None));
        assert_eq!(env.variables(), BTreeMap::from([("a", "2")]));
        assert_eq!(env.get("EMPTY"), None);
    }
}
