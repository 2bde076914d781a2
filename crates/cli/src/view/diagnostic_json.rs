//! Diagnostics as programs read them: the form that `validate -json` has.

use serde::Serialize;
use weir_diag::{Diagnostic, Severity, Sources};

use super::snippet::Snippet;

/// One diagnostic.
#[derive(Debug, Serialize)]
pub(crate) struct DiagnosticJson {
    severity: &'static str,
    summary: String,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<SnippetJson>,
}

#[derive(Debug, Serialize)]
struct RangeJson {
    filename: String,
    start: PositionJson,
    end: PositionJson,
}

#[derive(Debug, Serialize)]
struct PositionJson {
    line: usize,
    column: usize,
    byte: u32,
}

#[derive(Debug, Serialize)]
struct SnippetJson {
    context: Option<String>,
    code: String,
    start_line: usize,
    highlight_start_offset: usize,
    highlight_end_offset: usize,
    values: Vec<ValueJson>,
}

#[derive(Debug, Serialize)]
struct ValueJson {
    traversal: String,
    statement: String,
}

impl DiagnosticJson {
    /// The JSON form of a diagnostic whose places are in `sources`.
    pub(crate) fn new(diagnostic: &Diagnostic, sources: &Sources) -> Self {
        let place = diagnostic.span.and_then(|span| Some((span, Snippet::of(sources, span)?)));
        let range = place.as_ref().map(|(span, snippet)| RangeJson {
            filename: snippet.file.to_owned(),
            start: PositionJson { line: snippet.start.line, column: snippet.start.column, byte: span.start },
            end: PositionJson { line: snippet.end.line, column: snippet.end.column, byte: span.end },
        });
        let value = |line: &String| {
            let (name, rest) = line.split_once(" is ").unwrap_or((line, ""));
            ValueJson { traversal: name.to_owned(), statement: if rest.is_empty() { String::new() } else { format!("is {rest}") } }
        };
        let snippet = place.map(|(_, snippet)| SnippetJson {
            code: snippet.lines.join("\n"),
            start_line: snippet.start.line,
            highlight_start_offset: snippet.highlight.0,
            highlight_end_offset: snippet.highlight.1,
            context: snippet.context,
            values: diagnostic.values.iter().map(value).collect(),
        });
        Self {
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            summary: diagnostic.summary.clone(),
            detail: diagnostic.detail.clone(),
            address: diagnostic.address.clone(),
            range,
            snippet,
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_diag::Span;

    use super::*;

    #[test]
    fn has_ranges_and_snippet() {
        let mut sources = Sources::new();
        let text = "output \"o\" {\n  value = {\n    b = foo.bar\n  }\n}\n";
        let id = sources.add("main.tf", text);
        let start = text.find("foo.bar").unwrap();
        let diagnostic = Diagnostic::error("S", "D").at(Span::new(id, start, start + 7)).value("var.x is \"a\"");
        let json = serde_json::to_value(DiagnosticJson::new(&diagnostic, &sources)).unwrap();
        let expected = serde_json::json!({
            "severity": "error", "summary": "S", "detail": "D",
            "range": {"filename": "main.tf", "start": {"line": 3, "column": 9, "byte": 33}, "end": {"line": 3, "column": 16, "byte": 40}},
            "snippet": {"context": "output \"o\"", "code": "    b = foo.bar", "start_line": 3, "highlight_start_offset": 8, "highlight_end_offset": 15,
                "values": [{"traversal": "var.x", "statement": "is \"a\""}]},
        });
        assert_eq!(json, expected);
    }
}
