//! Files by pattern.

use std::collections::BTreeSet;

use regex::Regex;

use super::host::{EntryKind, Host};

/// One component of a pattern.
enum Part {
    /// Any number of directories.
    Deep,
    /// A name without wildcards.
    Name(String),
    /// A name with wildcards.
    Pattern(Regex),
}

/// The regular files under `base` that match, by their paths from there; `None` for a pattern that is none.
pub(super) fn find(host: &dyn Host, base: &str, pattern: &str) -> Option<BTreeSet<String>> {
    let parts: Vec<Part> = pattern.split('/').map(part).collect::<Option<_>>()?;
    let mut found = BTreeSet::new();
    walk(host, base, "", &parts, &mut found);
    Some(found)
}

fn part(text: &str) -> Option<Part> {
    if text == "**" {
        return Some(Part::Deep);
    }
    if !text.contains(['*', '?', '[', '{', '\\']) {
        return Some(Part::Name(text.to_owned()));
    }
    let mut out = String::from("^(?s:");
    let mut braces = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '\\' => push_literal(&mut out, chars.next()?),
            '{' => {
                braces += 1;
                out.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                out.push(')');
            }
            ',' if braces > 0 => out.push('|'),
            '[' => {
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                let mut empty = true;
                loop {
                    let low = match chars.next()? {
                        ']' if empty => return None,
                        ']' => break,
                        '\\' => chars.next()?,
                        '-' => return None,
                        c => c,
                    };
                    empty = false;
                    push_literal(&mut out, low);
                    if chars.next_if_eq(&'-').is_some() {
                        let high = match chars.next()? {
                            '\\' => chars.next()?,
                            ']' | '-' => return None,
                            c => c,
                        };
                        out.push('-');
                        push_literal(&mut out, high);
                    }
                }
                out.push(']');
            }
            c => push_literal(&mut out, c),
        }
    }
    out.push_str(")$");
    if braces > 0 { None } else { Regex::new(&out).ok().map(Part::Pattern) }
}

fn push_literal(out: &mut String, c: char) {
    out.push_str(&format!("\\x{{{:x}}}", c as u32));
}

fn join(base: &str, name: &str) -> String {
    match base {
        "" => name.to_owned(),
        base if base.ends_with('/') => format!("{base}{name}"),
        base => format!("{base}/{name}"),
    }
}

fn walk(host: &dyn Host, base: &str, at: &str, parts: &[Part], found: &mut BTreeSet<String>) {
    let Some((part, rest)) = parts.split_first() else { return };
    let kind = |path: &str| host.entry(&join(base, path)).ok().flatten();
    let names = || {
        let place = if at.is_empty() { base.to_owned() } else { join(base, at) };
        let mut names = host.list(&place).unwrap_or_default();
        names.sort();
        names
    };
    let step = |path: String, found: &mut BTreeSet<String>| match kind(&path) {
        Some(EntryKind::File) if rest.is_empty() => {
            found.insert(path);
        }
        Some(EntryKind::Directory) if !rest.is_empty() => walk(host, base, &path, rest, found),
        _ => {}
    };
    match part {
        Part::Name(name) => step(join(at, name), found),
        Part::Pattern(regex) => {
            for name in names().iter().filter(|name| regex.is_match(name)) {
                step(join(at, name), found);
            }
        }
        Part::Deep => {
            walk(host, base, at, rest, found);
            for name in names() {
                let path = join(at, &name);
                match kind(&path) {
                    Some(EntryKind::Directory) => walk(host, base, &path, parts, found),
                    Some(EntryKind::File) if rest.is_empty() => {
                        found.insert(path);
                    }
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::function::testing::{Files, check_in};

    #[test]
    fn patterns() {
        let names = [".dot", "a.txt", "b.md", "d/.hid/e.txt", "d/b.txt", "d/sub/c.md"];
        let files = Files(names.map(|name| (name, Vec::new())).into());
        let check = |path: &str, pattern: &str, expected: &[&str]| {
            let expected: std::collections::BTreeSet<&str> = expected.iter().copied().collect();
            check_in(&files, "fileset", &format!("[{path:?}, {pattern:?}]"), &format!("{expected:?}"));
        };
        check(".", "**", &names);
        check(".", "*", &[".dot", "a.txt", "b.md"]);
        check("d", "**/*", &[".hid/e.txt", "b.txt", "sub/c.md"]);
        check("d", "**/*.{txt,md}", &[".hid/e.txt", "b.txt", "sub/c.md"]);
        check(".", "**/sub/**", &["d/sub/c.md"]);
        check(".", "d/*.txt", &["d/b.txt"]);
        check(".", "d**", &[]);
        check(".", "[a-c].txt", &["a.txt"]);
        check(".", "[^a].txt", &[]);
        check(".", "[!a].txt", &["a.txt"]);
        check(".", "\\a.t?t", &["a.txt"]);
        check(".", "/a.txt", &["a.txt"]);
        check(".", "./a.txt", &["a.txt"]);
        check(".", "d/", &[]);
        check(".", "", &[]);
        check("nope", "*", &[]);
        for bad in ["[", "{a", "{a,d/b}.txt"] {
            check_in(&files, "fileset", &format!("[\".\", {bad:?}]"), &format!("! failed to glob pattern {bad:?}: syntax error in pattern"));
        }
    }
}
