//! What `random_string` and `random_password` have in common: which characters, and how many of each.

use weir_provider::Fault;
use weir_provider::native::ResourcePlan;
use weir_value::{Path, Value};

use super::source::Source;

const SPECIAL: &str = "!@#$%&*()-_=+[]{}<>:?";

/// The wanted text.
pub(super) struct Characters<'a> {
    pub(super) length: usize,
    pub(super) upper: (bool, usize),
    pub(super) lower: (bool, usize),
    pub(super) numeric: (bool, usize),
    pub(super) special: (bool, usize),
    pub(super) override_special: Option<&'a str>,
}

impl Characters<'_> {
    /// A text of that kind: the demanded number of each class, the rest of any class, in any order.
    pub(super) fn draw(&self) -> Result<String, Fault> {
        let special = self.override_special.filter(|set| !set.is_empty()).unwrap_or(SPECIAL);
        let classes: [(&(bool, usize), Vec<char>); 4] = [
            (&self.upper, ('A'..='Z').collect()),
            (&self.lower, ('a'..='z').collect()),
            (&self.numeric, ('0'..='9').collect()),
            (&self.special, special.chars().collect()),
        ];
        let any: Vec<char> = classes.iter().filter(|((on, _), _)| *on).flat_map(|(_, set)| set.iter().copied()).collect();
        if any.is_empty() {
            return Err(Fault::error("No characters to choose from", "At least one of upper, lower, numeric and special has to be true."));
        }
        let mut source = Source::System;
        let mut text: Vec<char> = Vec::with_capacity(self.length);
        for ((_, least), set) in &classes {
            for _ in 0..*least {
                text.extend(source.pick(set)?);
            }
        }
        while text.len() < self.length {
            text.extend(source.pick(&any)?);
        }
        source.shuffle(&mut text)?;
        Ok(text.into_iter().collect())
    }
}

/// The length is at least 1 and at least the sum of the demanded numbers.
pub(super) fn validate(config: &Value) -> Vec<Fault> {
    let number = |name| config.get(name).and_then(|value| value.as_i64());
    let Some(length) = number("length") else { return Vec::new() };
    let least: i64 = ["min_upper", "min_lower", "min_numeric", "min_special"].into_iter().filter_map(number).sum();
    if length < 1 {
        return vec![Fault::attribute(Path::attr("length"), "Invalid length", "The length has to be at least 1.")];
    }
    if length < least {
        let detail = format!("The length is {length}, but the min_ arguments together ask for {least} characters.");
        return vec![Fault::attribute(Path::attr("length"), "Invalid length", detail)];
    }
    Vec::new()
}

/// `number` is the old name of `numeric`: what one says holds for the other.
pub(super) fn plan(plan: &mut ResourcePlan<'_>) {
    for (from, to) in [("numeric", "number"), ("number", "numeric")] {
        let written = plan.config(from);
        if !written.is_null() {
            plan.set(to, written);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let wanted = Characters { length: 40, upper: (true, 3), lower: (false, 0), numeric: (true, 5), special: (true, 2), override_special: Some("_") };
        let text = wanted.draw().unwrap();
        let count = |test: fn(char) -> bool| text.chars().filter(|letter| test(*letter)).count();
        assert_eq!((text.len(), count(|letter| letter.is_ascii_lowercase())), (40, 0));
        assert!(count(|letter| letter.is_ascii_uppercase()) >= 3 && count(|letter| letter.is_ascii_digit()) >= 5 && count(|letter| letter == '_') >= 2);
        let none = Characters { length: 1, upper: (false, 0), lower: (false, 0), numeric: (false, 0), special: (false, 0), override_special: None };
        assert!(none.draw().is_err());
    }
}
