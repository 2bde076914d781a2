//! A plan as one page of HTML that loads nothing.

use std::fmt::Write;

use super::lines::{Sense, lines};
use super::{Report, drawing};

const STYLE: &str = "\
:root{color-scheme:light dark;--add:#1a7f37;--remove:#cf222e;--change:#9a6700;--line:#8886}
@media(prefers-color-scheme:dark){:root{--add:#3fb950;--remove:#f85149;--change:#d29922}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid var(--line);padding:.25rem .6rem;text-align:left}td.n{text-align:right}
pre{font:13px/1.45 ui-monospace,monospace;overflow-x:auto;margin:.3rem 0 1rem;padding:.5rem;border:1px solid var(--line)}
summary{cursor:pointer;font-weight:600;margin:.5rem 0}svg{max-width:100%;height:auto}
.add{color:var(--add)}.remove{color:var(--remove)}.change{color:var(--change)}
";

pub(super) fn document(report: &Report) -> String {
    let headline = escaped(&report.headline());
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>{headline}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{headline}</h1>\n"
    );
    if report.sections.iter().any(|section| section.stage.is_some()) {
        out.push_str("<table>\n<tr><th>Stage</th><th>Add</th><th>Change</th><th>Destroy</th><th>Waits</th></tr>\n");
        for section in &report.sections {
            let (added, changed, destroyed) = section.counts;
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td class=\"n\">{added}</td><td class=\"n\">{changed}</td><td class=\"n\">{destroyed}</td><td>{}</td></tr>",
                escaped(&section.title),
                escaped(&section.note)
            );
        }
        out.push_str("</table>\n");
    }
    if !report.gates.is_empty() {
        out.push_str("<table>\n<tr><th>Gate</th><th>State</th><th>What it is</th></tr>\n");
        for gate in &report.gates {
            let _ = writeln!(out, "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", escaped(&gate.name), escaped(&gate.status), escaped(&gate.description));
        }
        out.push_str("</table>\n");
    }
    if report.order.len() > 1 {
        out.push_str(&drawing::svg(report));
    }
    if !report.drift.is_empty() {
        let _ = write!(out, "<details><summary>Changed outside of Weir</summary>\n{}</details>\n", block(&report.drift));
    }
    for section in &report.sections {
        let title = if section.stage.is_some() { section.title.clone() } else { "Changes".to_owned() };
        let _ = writeln!(out, "<details open><summary>{}: {}</summary>", escaped(&title), super::super::plan::actions(section.counts));
        for item in &section.items {
            out.push_str(&block(&item.text));
        }
        out.push_str("</details>\n");
    }
    if !report.outputs.is_empty() {
        out.push_str(&block(&report.outputs));
    }
    if !report.apart.is_empty() {
        let _ = writeln!(out, "<pre>{}</pre>", escaped(report.apart.trim_end()));
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn block(text: &str) -> String {
    let mut out = "<pre>".to_owned();
    for (sense, line) in lines(text.trim_end()) {
        let class = match sense {
            Sense::Add => "add",
            Sense::Remove => "remove",
            Sense::Change => "change",
            Sense::Plain => {
                let _ = writeln!(out, "{}", escaped(line));
                continue;
            }
        };
        let _ = writeln!(out, "<span class=\"{class}\">{}</span>", escaped(line));
    }
    out.push_str("</pre>\n");
    out
}

/// Text in which nothing is mark-up.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
