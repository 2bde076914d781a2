//! The order of stages and gates as a chart.

use std::collections::HashMap;
use std::fmt::Write;

use super::html::escaped;
use super::{Report, Step};

/// Size of a box, and the room between two of them, in pixels.
const BOX: (usize, usize) = (190, 50);
const ROOM: (usize, usize) = (60, 24);

/// A flowchart in the language of Mermaid.
pub(super) fn mermaid(report: &Report) -> String {
    let mut out = "flowchart LR\n".to_owned();
    let ids: HashMap<&str, usize> = report.order.iter().enumerate().map(|(id, step)| (step.name.as_str(), id)).collect();
    for (id, step) in report.order.iter().enumerate() {
        let label = format!("{}<br/>{}", quoted(&step.name), quoted(&report.caption(&step.name)));
        let (open, close) = if step.name.starts_with("gate.") { ("{{", "}}") } else { ("[", "]") };
        let _ = writeln!(out, "  n{id}{open}\"{label}\"{close}");
    }
    for (id, step) in report.order.iter().enumerate() {
        for before in step.after.iter().filter_map(|name| ids.get(name.as_str())) {
            let _ = writeln!(out, "  n{before} --> n{id}");
        }
    }
    out
}

fn quoted(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}

/// The column of each step: one more than that of the last one that comes before it.
fn columns(order: &[Step]) -> Vec<usize> {
    let ids: HashMap<&str, usize> = order.iter().enumerate().map(|(id, step)| (step.name.as_str(), id)).collect();
    let mut columns = vec![0; order.len()];
    // The order has no cycle, so after as many rounds as there are steps nothing moves any more.
    for _ in 0..order.len() {
        let mut moved = false;
        for (id, step) in order.iter().enumerate() {
            let column = step.after.iter().filter_map(|name| ids.get(name.as_str())).map(|before| columns[*before] + 1).max().unwrap_or(0);
            moved |= std::mem::replace(&mut columns[id], column) != column;
        }
        if !moved {
            break;
        }
    }
    columns
}

/// A drawing.
pub(super) fn svg(report: &Report) -> String {
    let columns = columns(&report.order);
    let mut rows = vec![0; columns.iter().max().map_or(0, |last| last + 1)];
    let places: Vec<(usize, usize)> = columns
        .iter()
        .map(|column| {
            let place = (ROOM.0 / 2 + column * (BOX.0 + ROOM.0), ROOM.1 / 2 + rows[*column] * (BOX.1 + ROOM.1));
            rows[*column] += 1;
            place
        })
        .collect();
    let width = rows.len() * (BOX.0 + ROOM.0);
    let height = rows.iter().max().copied().unwrap_or(0) * (BOX.1 + ROOM.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"system-ui,sans-serif\" font-size=\"13\">\n<title>Order of stages and gates</title>\n<g fill=\"none\" stroke=\"#888\" stroke-width=\"1.5\">\n"
    );
    let ids: HashMap<&str, usize> = report.order.iter().enumerate().map(|(id, step)| (step.name.as_str(), id)).collect();
    for (step, (x, y)) in report.order.iter().zip(&places) {
        for before in step.after.iter().filter_map(|name| ids.get(name.as_str())) {
            let (from, to) = ((places[*before].0 + BOX.0, places[*before].1 + BOX.1 / 2), (*x, y + BOX.1 / 2));
            let middle = usize::midpoint(from.0, to.0);
            let _ = writeln!(out, "<path d=\"M{} {} C{middle} {} {middle} {} {} {}\"/>", from.0, from.1, from.1, to.1, to.0, to.1);
        }
    }
    out.push_str("</g>\n");
    for (step, (x, y)) in report.order.iter().zip(&places) {
        let is_gate = step.name.starts_with("gate.");
        let (fill, stroke, corner) = if is_gate { ("#bf8700", "#9a6700", BOX.1 / 2) } else { ("#0969da", "#0550ae", 6) };
        let middle = x + BOX.0 / 2;
        let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"{corner}\" fill=\"{fill}\" stroke=\"{stroke}\"/>", BOX.0, BOX.1);
        let text = |line: usize, weight: &str, text: &str| {
            format!("<text x=\"{middle}\" y=\"{}\" fill=\"#fff\" text-anchor=\"middle\" font-weight=\"{weight}\">{}</text>\n", y + line, escaped(&short(text)))
        };
        out.push_str(&text(21, "600", &step.name));
        out.push_str(&text(39, "400", &report.caption(&step.name)));
    }
    out.push_str("</svg>\n");
    out
}

/// As much as goes into a box.
fn short(text: &str) -> String {
    if text.chars().count() <= 26 { text.to_owned() } else { text.chars().take(25).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn step(name: &str, after: &[&str]) -> Step {
        Step { name: name.to_owned(), after: after.iter().map(ToString::to_string).collect::<BTreeSet<_>>() }
    }

    #[test]
    fn what_comes_after_stands_to_the_right() {
        let order = [step("gate.g", &["stage.a"]), step("stage.a", &[]), step("stage.b", &[]), step("stage.c", &["gate.g", "stage.b"])];
        assert_eq!(columns(&order), [1, 0, 0, 2]);
        let report = Report { order: order.to_vec(), ..Report::default() };
        assert_eq!(svg(&report).matches("<path").count(), 3);
        let text = mermaid(&report);
        assert!(text.contains("n0{{\"gate.g<br/>") && text.contains("n1 --> n0") && text.contains("n2 --> n3"), "{text}");
    }
}
