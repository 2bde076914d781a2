//! The lines of a change with what each means.

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    /// Something comes.
    Add,
    /// Something goes.
    Remove,
    /// Something becomes something else.
    Change,
    /// Nothing of that.
    Plain,
}

/// The signs of a text and what they mean.
const SIGNS: [(&str, Sense); 5] = [("-/+ ", Sense::Change), ("+/- ", Sense::Change), ("+ ", Sense::Add), ("- ", Sense::Remove), ("~ ", Sense::Change)];

/// Each line of a text of a change with what its sign means. Lines inside a longer string have no sign, whatever they begin with.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (Sense, &str)> {
    let mut inside = false;
    text.lines().map(move |line| {
        let bare = line.trim_start();
        if inside {
            inside = bare != "EOT" && !bare.starts_with("EOT ");
            return (Sense::Plain, line);
        }
        inside = line.ends_with("<<-EOT") || line.ends_with("<<EOT");
        (SIGNS.iter().find(|(sign, _)| bare.starts_with(sign)).map_or(Sense::Plain, |(_, sense)| *sense), line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs() {
        let text = "  # a will be updated\n  ~ resource \"a\" \"b\" {\n      + x = 1\n      - y = <<-EOT\n            - in a list\n        EOT\n      ~ z = 1 -> 2\n    }\n-/+ resource";
        let senses: Vec<Sense> = lines(text).map(|(sense, _)| sense).collect();
        use Sense::{Add, Change, Plain, Remove};
        assert_eq!(senses, [Plain, Change, Add, Remove, Plain, Plain, Change, Plain, Change]);
    }
}
