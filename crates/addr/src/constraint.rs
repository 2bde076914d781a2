//! Which versions a module accepts, of a provider or of another module: `~> 5.0, != 5.3.0`.

use std::fmt;
use std::str::FromStr;

use semver::{Prerelease, Version};

/// Comparisons that a version has to pass, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    operator: Operator,
    version: Version,
    /// How many numbers were written, which says what `~>` lets move.
    parts: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Differs,
    Greater,
    AtLeast,
    Less,
    AtMost,
    Pessimistic,
}

const OPERATORS: [(&str, Operator); 7] = [
    ("~>", Operator::Pessimistic),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("!=", Operator::Differs),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("=", Operator::Equal),
];

/// What is wrong with a constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstraintError(String);

impl fmt::Display for ConstraintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConstraintError {}

impl Constraint {
    /// Whether a version passes that is still a text; what is no version does not.
    pub fn allows_text(&self, version: &str) -> bool {
        Version::parse(version).is_ok_and(|version| self.allows(&version))
    }

    /// Whether a version passes. One that is a prerelease passes only where exactly it is asked for.
    pub fn allows(&self, version: &Version) -> bool {
        let named = self.terms.iter().any(|term| term.operator == Operator::Equal && term.version == *version);
        (version.pre.is_empty() || named) && self.terms.iter().all(|term| term.allows(version))
    }
}

impl Term {
    fn allows(&self, version: &Version) -> bool {
        let wanted = &self.version;
        match self.operator {
            Operator::Equal => version == wanted,
            Operator::Differs => version != wanted,
            Operator::Greater => version > wanted,
            Operator::AtLeast => version >= wanted,
            Operator::Less => version < wanted,
            Operator::AtMost => version <= wanted,
            Operator::Pessimistic => version >= wanted && version.major == wanted.major && (self.parts < 3 || version.minor == wanted.minor),
        }
    }
}

impl FromStr for Constraint {
    type Err = ConstraintError;
    fn from_str(text: &str) -> Result<Self, ConstraintError> {
        let terms = text.split(',').map(|part| term(part.trim())).collect::<Result<_, _>>()?;
        Ok(Self { text: text.trim().to_owned(), terms })
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn term(text: &str) -> Result<Term, ConstraintError> {
    let (operator, rest) = OPERATORS.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?))).unwrap_or((Operator::Equal, text));
    let rest = rest.trim();
    let fault = || ConstraintError(format!("\"{text}\" is not a version constraint such as \"~> 1.2\" or \">= 1.0, < 2.0\""));
    let rest = rest.strip_prefix('v').unwrap_or(rest);
    let (numbers, pre) = rest.split_once('-').map_or((rest, ""), |(numbers, pre)| (numbers, pre));
    let found: Vec<u64> = numbers.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| fault())?;
    if found.is_empty() || found.len() > 3 {
        return Err(fault());
    }
    let at = |place: usize| found.get(place).copied().unwrap_or(0);
    let version = Version { pre: Prerelease::new(pre).map_err(|_| fault())?, ..Version::new(at(0), at(1), at(2)) };
    Ok(Term { operator, version, parts: found.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(constraint: &str, passing: &[&str], failing: &[&str]) {
        let constraint: Constraint = constraint.parse().unwrap();
        let allows = |version: &&&str| constraint.allows(&Version::parse(version).unwrap());
        assert_eq!(passing.iter().filter(|version| !allows(version)).collect::<Vec<_>>(), Vec::<&&str>::new(), "{constraint} passes");
        assert_eq!(failing.iter().filter(allows).collect::<Vec<_>>(), Vec::<&&str>::new(), "{constraint} fails");
    }

    #[test]
    fn comparisons() {
        check("1.2.3", &["1.2.3"], &["1.2.4", "1.2.3-beta"]);
        check("~> 1.2", &["1.2.0", "1.99.1"], &["2.0.0", "1.1.9", "1.3.0-rc1"]);
        check("~> 1.2.3", &["1.2.3", "1.2.10"], &["1.3.0", "1.2.2"]);
        check("~>5", &["5.0.0", "5.100.0"], &["6.0.0", "4.9.9"]);
        check(">= 1.0, < 2.0, != 1.5.0", &["1.0.0", "1.9.9"], &["2.0.0", "1.5.0", "0.9.0"]);
        check("> 1.0.0", &["1.0.1"], &["1.0.0"]);
        check("<= 2", &["2.0.0", "0.1.0"], &["2.0.1"]);
        check("1.0.0-beta1", &["1.0.0-beta1"], &["1.0.0"]);
        for wrong in ["", "x", "1.2.3.4", "=> 1.0", "~> ", "1.0,"] {
            assert!(wrong.parse::<Constraint>().is_err(), "{wrong}");
        }
    }
}
