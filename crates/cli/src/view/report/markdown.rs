//! A plan as Markdown, as code forges show it: a table over all, a chart of the stages, and the changes of each stage folded away.

use std::fmt::Write;

use super::lines::{Sense, lines};
use super::{Report, drawing};

/// Code forges refuse longer comments.
const LONGEST: usize = 60_000;

/// How much of each change is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Every attribute.
    Full,
    /// No attributes of what is only made or read.
    Changes,
    /// None.
    Names,
}

/// The document, with as much detail as fits into a comment.
pub(super) fn document(report: &Report) -> String {
    let full = written(report, Detail::Full);
    if full.len() <= LONGEST {
        return full;
    }
    let shorter = written(report, Detail::Changes);
    if shorter.len() <= LONGEST { shorter } else { written(report, Detail::Names) }
}

fn written(report: &Report, detail: Detail) -> String {
    let mut out = format!("### {}\n\n", plain(&report.headline()));
    if report.sections.iter().any(|section| section.stage.is_some()) {
        out.push_str("| Stage | Add | Change | Destroy | Waits |\n|---|---:|---:|---:|---|\n");
        for section in &report.sections {
            let (added, changed, destroyed) = section.counts;
            let _ = writeln!(out, "| {} | {added} | {changed} | {destroyed} | {} |", cell(&section.title), cell(&section.note));
        }
        out.push('\n');
    }
    if !report.gates.is_empty() {
        out.push_str("| Gate | State | What it is |\n|---|---|---|\n");
        for gate in &report.gates {
            let _ = writeln!(out, "| `{}` | {} | {} |", gate.name, cell(&gate.status), cell(&gate.description));
        }
        out.push('\n');
    }
    if report.order.len() > 1 {
        folded(&mut out, "Order of stages and gates", &fenced("mermaid", &drawing::mermaid(report)));
    }
    if !report.drift.is_empty() {
        folded(&mut out, "Changed outside of Weir", &fenced("diff", &diff(&report.drift)));
    }
    for section in &report.sections {
        let mut inner = String::new();
        for item in &section.items {
            let heading = format!("`{}` {}", item.address.replace('`', "'"), plain(&item.verb));
            if detail == Detail::Names || detail == Detail::Changes && matches!(item.actions.as_slice(), [one] if one == "create" || one == "read") {
                let _ = writeln!(inner, "- {heading}");
                continue;
            }
            let _ = write!(inner, "\n{heading}\n\n");
            // The first lines say the same as the heading.
            let text: String = item.text.lines().filter(|line| !line.trim_start().starts_with(&format!("# {} ", item.address))).map(|line| format!("{line}\n")).collect();
            inner.push_str(&fenced("diff", &diff(&text)));
            inner.push('\n');
        }
        if detail != Detail::Full {
            inner.push_str("\nThe attributes are left out, as the text would be too long: weir show -format=html has them.\n");
        }
        let title = if section.stage.is_some() { section.title.clone() } else { "Changes".to_owned() };
        folded(&mut out, &format!("{title}: {}", super::super::plan::actions(section.counts)), &inner);
    }
    if !report.outputs.is_empty() {
        folded(&mut out, "Outputs", &fenced("diff", &diff(&report.outputs)));
    }
    if !report.apart.is_empty() {
        folded(&mut out, "Set apart", &fenced("text", &report.apart));
    }
    out
}

fn folded(out: &mut String, title: &str, inner: &str) {
    let _ = write!(out, "<details><summary>{}</summary>\n\n{}\n</details>\n\n", super::html::escaped(title), inner.trim());
}

/// A block of code, fenced by more backticks than it has in a row anywhere.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// The signs at the beginning of the line, where a `diff` block colours them.
fn diff(text: &str) -> String {
    lines(text)
        .map(|(sense, line)| match sense {
            Sense::Add => format!("+{}\n", line.replacen('+', " ", 1)),
            Sense::Remove => format!("-{}\n", line.replacen('-', " ", 1)),
            Sense::Change => format!("!{line}\n"),
            Sense::Plain => format!(" {line}\n"),
        })
        .collect()
}

/// Text in which nothing is mark-up.
fn plain(text: &str) -> String {
    text.chars().flat_map(|c| if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#') { vec!['\\', c] } else { vec![c] }).collect()
}

fn cell(text: &str) -> String {
    plain(&text.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        assert_eq!(fenced("diff", "a\n"), "```diff\na\n```\n");
        assert_eq!(fenced("diff", "````\na"), "`````diff\n````\na\n`````\n");
    }

    #[test]
    fn what_is_too_long_for_a_comment_is_told_in_short() {
        use super::super::{Item, Section};
        let item = |actions: &str, text: &str| Item { address: "a.b".to_owned(), verb: "changes".to_owned(), actions: vec![actions.to_owned()], text: text.to_owned() };
        let report = |text: &str| Report {
            sections: vec![Section {
                stage: None,
                title: String::new(),
                note: String::new(),
                heading: String::new(),
                counts: (1, 1, 0),
                items: vec![item("create", text), item("update", "  ~ x = 1 -> 2\n")],
            }],
            ..Report::default()
        };
        let short = document(&report("  + made = 1\n"));
        assert!(short.contains("made = 1") && short.contains("x = 1") && !short.contains("left out"), "{short}");
        let long = document(&report(&"  + made = 1\n".repeat(10_000)));
        assert!(!long.contains("made = 1") && long.contains("x = 1") && long.contains("left out"), "{long}");
    }

    #[test]
    fn signs_come_first() {
        assert_eq!(diff("  + a = 1\n  ~ b = 1 -> 2\n    c\n"), "+    a = 1\n!  ~ b = 1 -> 2\n     c\n");
    }
}
