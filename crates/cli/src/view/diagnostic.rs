//! Diagnostics as a person reads them.

use anstyle::{AnsiColor, Style};
use weir_diag::{Diagnostic, Severity, Sources, Span};

use super::Paint;
use super::snippet::Snippet;
use super::wrap::wrap;
use crate::terminal::Terminal;

/// How diagnostics look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Whether there are colours; without them the offending text is underlined by a line of its own.
    pub(crate) color: bool,
    /// Whether there is a rule at the left.
    pub(crate) rules: bool,
    /// Columns that the detail is wrapped to, the rule included.
    pub(crate) width: usize,
}

impl Look {
    /// The look that suits standard error.
    pub(crate) fn of(terminal: &Terminal) -> Self {
        Self { color: terminal.error_color, rules: terminal.rules, width: terminal.width }
    }

    /// The text of one diagnostic, with a line break at its end.
    pub(crate) fn render(self, diagnostic: &Diagnostic, sources: &Sources) -> String {
        let paint = Paint(self.color);
        let (word, color) = match diagnostic.severity {
            Severity::Error => ("Error: ", AnsiColor::Red),
            Severity::Warning => ("Warning: ", AnsiColor::Yellow),
        };
        let head = paint.style(color.on_default().bold(), word) + &paint.bold(&diagnostic.summary);
        let mut lines = vec![head, String::new()];
        let place = self.place(diagnostic, sources);
        if !place.is_empty() {
            lines.extend(place);
            lines.push(String::new());
        }
        let room = self.width.saturating_sub(if self.rules { 3 } else { 1 });
        lines.extend(wrap(&diagnostic.detail, room));
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        if !self.rules {
            return format!("\n{}\n", lines.join("\n"));
        }
        let rule = |text| paint.color(color, text);
        let mut out = rule("╷") + "\n";
        for line in lines {
            out += &format!("{} {line}\n", rule("│"));
        }
        out + &rule("╵") + "\n"
    }

    fn place(self, diagnostic: &Diagnostic, sources: &Sources) -> Vec<String> {
        let paint = Paint(self.color);
        let mut lines = Vec::new();
        let main = diagnostic.span.and_then(|span| self.snippet(span, "on ", sources));
        if let Some(address) = &diagnostic.address {
            lines.push(format!("  with {}{}", paint.bold(address), if main.is_some() { "," } else { "" }));
        }
        lines.extend(main.into_iter().flatten());
        if !diagnostic.values.is_empty() {
            lines.push(format!("    {}", paint.faint("├────────────────")));
            for value in &diagnostic.values {
                let text = match value.split_once(" is ") {
                    Some((name, rest)) => format!("{} is {rest}", paint.bold(name)),
                    None => value.clone(),
                };
                lines.push(format!("    {} {text}", paint.faint("│")));
            }
        }
        for label in &diagnostic.labels {
            let words = if label.text.is_empty() { "see ".to_owned() } else { format!("{}, on ", label.text) };
            if let Some(snippet) = self.snippet(label.span, &words, sources) {
                lines.push(String::new());
                lines.extend(snippet);
            }
        }
        lines
    }

    /// `  on FILE line N, in BLOCK:` and the lines of the source.
    fn snippet(self, span: Span, words: &str, sources: &Sources) -> Option<Vec<String>> {
        let snippet = Snippet::of(sources, span)?;
        let context = snippet.context.as_ref().map(|context| format!(", in {context}")).unwrap_or_default();
        let mut lines = vec![format!("  {words}{} line {}{context}:", snippet.file, snippet.start.line)];
        for (number, before, marked, after) in snippet.parts() {
            let underlined = Paint(self.color).style(Style::new().underline(), marked);
            lines.push(format!("{number:>4}: {before}{underlined}{after}"));
            let width = marked.trim_end().chars().count();
            if !self.color && (width > 0 || marked.is_empty() && snippet.lines.len() == 1) {
                let blank: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
                lines.push(format!("      {blank}{}", "^".repeat(width.max(1))));
            }
        }
        Some(lines)
    }
}

#[cfg(test)]
mod tests {
    use weir_diag::Sources;

    use super::*;

    fn check(color: bool, rules: bool) -> String {
        let mut sources = Sources::new();
        let id = sources.add("main.tf", "variable \"x\" {}\nresource \"terraform_data\" \"y\" {\n  input = var.x + 1\n}\n");
        let at = |text: &str| {
            let start = sources.get(id).unwrap().text.find(text).unwrap();
            Span::new(id, start, start + text.len())
        };
        let diagnostic = Diagnostic::error("Invalid operand", "Unsuitable value for left operand: a number is required, and this is no number at all.")
            .at(at("var.x"))
            .of("terraform_data.y")
            .value("var.x is \"a\"")
            .label(at("variable \"x\""), "declared");
        Look { color, rules, width: 60 }.render(&diagnostic, &sources)
    }

    #[test]
    fn plain() {
        let expected = "
Error: Invalid operand

  with terraform_data.y,
  on main.tf line 3, in resource \"terraform_data\" \"y\":
   3:   input = var.x + 1
                ^^^^^
    ├────────────────
    │ var.x is \"a\"

  declared, on main.tf line 1:
   1: variable \"x\" {}
      ^^^^^^^^^^^^

Unsuitable value for left operand: a number is required,
and this is no number at all.
";
        assert_eq!(check(false, false), expected);
    }

    #[test]
    fn with_rules() {
        let text = check(false, true);
        assert!(text.starts_with("╷\n│ Error: Invalid operand\n│ \n│   with terraform_data.y,\n│   on main.tf line 3, in"), "{text}");
        assert!(text.ends_with("│ Unsuitable value for left operand: a number is required,\n│ and this is no number at all.\n╵\n"), "{text}");
    }

    #[test]
    fn with_colors_the_text_itself_is_underlined() {
        let text = check(true, true);
        assert!(text.contains("\x1b[1m\x1b[31mError: \x1b[0m\x1b[1mInvalid operand\x1b[0m"), "{text:?}");
        assert!(text.contains("input = \x1b[4mvar.x\x1b[0m + 1") && !text.contains('^'), "{text:?}");
    }

    #[test]
    fn without_a_place() {
        let text = Look { color: false, rules: true, width: 78 }.render(&Diagnostic::warning("Careful", ""), &Sources::new());
        assert_eq!(text, "╷\n│ Warning: Careful\n╵\n");
    }
}
