//! A plan in parts, and the formats for readers that are put together from them.

mod drawing;
mod html;
mod lines;
mod markdown;

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use weir_plan::{Nodes, Part};

/// A format of `weir show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// As weir plan prints it
    Text,
    /// For a comment on a pull request
    Markdown,
    /// A page that needs nothing else
    Html,
    /// Plan format 1.2
    Json,
    /// The order of stages and gates, as a Mermaid flowchart
    Mermaid,
    /// The order of stages and gates, as a drawing
    Svg,
}

/// A plan for readers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// What has changed outside; empty when nothing of interest has.
    pub(crate) drift: String,
    /// A line over it all.
    pub(crate) opening: String,
    /// The changes, by stage.
    pub(crate) sections: Vec<Section>,
    /// What becomes of the outputs.
    pub(crate) outputs: String,
    /// What is set apart from the changes, in a comparison.
    #[serde(default)]
    pub(crate) apart: String,
    /// The gates.
    pub(crate) gates: Vec<Gate>,
    /// `Plan: 3 to add, …`; empty when there is nothing to do.
    pub(crate) summary: String,
    /// Each stage and gate with those that come directly before it.
    #[serde(default)]
    pub(crate) order: Vec<Step>,
}

/// The changes of a stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Section {
    /// The stage; `None` for what stands outside of stages.
    pub(crate) stage: Option<String>,
    /// `stage NAME`
    pub(crate) title: String,
    /// What it waits for.
    pub(crate) note: String,
    /// Its heading in a text; empty where there are no stages.
    pub(crate) heading: String,
    /// How many objects are added, changed and destroyed.
    pub(crate) counts: (usize, usize, usize),
    /// The changes.
    pub(crate) items: Vec<Item>,
}

/// One change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    /// Of which object.
    pub(crate) address: String,
    /// What becomes of it, in words.
    pub(crate) verb: String,
    /// The same in the names of plan format 1.2.
    pub(crate) actions: Vec<String>,
    /// All of it, as a text shows it.
    pub(crate) text: String,
}

/// A gate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Gate {
    /// Its name.
    pub(crate) name: String,
    /// How far it is.
    pub(crate) status: String,
    /// What it is.
    pub(crate) description: String,
}

/// A stage or gate in the order of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// `stage.NAME` or `gate.NAME`
    pub(crate) name: String,
    /// What comes directly before it.
    pub(crate) after: BTreeSet<String>,
}

fn named(part: &Part) -> String {
    match part {
        Part::Stage(name) => format!("stage.{}", name.as_str()),
        Part::Gate(name) => name.to_string(),
    }
}

/// The stages and gates of a stack with what comes directly before each.
pub(crate) fn order(nodes: &Nodes) -> Vec<Step> {
    weir_plan::outline(nodes).iter().map(|(part, before)| Step { name: named(part), after: before.iter().map(named).collect() }).collect()
}

impl Report {
    /// As a terminal shows it.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("{}{}", self.drift, self.opening);
        for section in &self.sections {
            out.push_str(&section.heading);
            for item in &section.items {
                let _ = writeln!(out, "{}", item.text);
            }
        }
        out.push_str(&self.outputs);
        out.push_str(&self.apart);
        if !self.gates.is_empty() {
            out.push_str("Gates:\n");
            let width = self.gates.iter().map(|gate| gate.name.len()).max().unwrap_or(0);
            for gate in &self.gates {
                let _ = writeln!(out, "  {:<width$}  {}", gate.name, gate.status);
            }
            out.push('\n');
        }
        out.push_str(&self.summary);
        out
    }

    /// In a format for readers; `None` for JSON, which is no matter of reading.
    pub(crate) fn render(&self, format: Format) -> Option<String> {
        Some(match format {
            Format::Text => self.text(),
            Format::Markdown => markdown::document(self),
            Format::Html => html::document(self),
            Format::Mermaid => drawing::mermaid(self),
            Format::Svg => drawing::svg(self),
            Format::Json => return None,
        })
    }

    /// One line that says it all.
    fn headline(&self) -> String {
        let line = if self.summary.is_empty() { self.opening.lines().next().unwrap_or("Only outputs change.") } else { self.summary.trim_end() };
        line.to_owned()
    }

    /// What a stage does, or how far a gate is, in a few words.
    fn caption(&self, step: &str) -> String {
        match step.split_once('.') {
            Some(("gate", name)) => {
                self.gates.iter().find(|gate| gate.name == name).map(|gate| gate.status.split(':').next().unwrap_or_default().to_owned()).unwrap_or_default()
            }
            Some((_, name)) => self.sections.iter().find(|section| section.stage.as_deref() == Some(name)).map_or_else(|| "no changes".to_owned(), Section::caption),
            None => String::new(),
        }
    }
}

impl Section {
    /// `+43 ~1 -2`
    fn caption(&self) -> String {
        let (added, changed, destroyed) = self.counts;
        let parts = [('+', added), ('~', changed), ('-', destroyed)];
        let parts: Vec<String> = parts.iter().filter(|(_, count)| *count > 0).map(|(sign, count)| format!("{sign}{count}")).collect();
        if parts.is_empty() { "no changes".to_owned() } else { parts.join(" ") }
    }
}
