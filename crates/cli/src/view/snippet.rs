//! The part of a source file that a diagnostic is about.

use weir_diag::{Position, SourceFile, Sources, Span};

/// The lines around a span.
pub(crate) struct Snippet<'a> {
    /// The file's name.
    pub(crate) file: &'a str,
    /// Where the span starts.
    pub(crate) start: Position,
    /// Where it ends.
    pub(crate) end: Position,
    /// The header of the block around it: `resource "x" "y"`.
    pub(crate) context: Option<String>,
    /// The lines, the first being that of `start`.
    pub(crate) lines: Vec<&'a str>,
    /// Byte offsets of the span within `lines` joined by newlines.
    pub(crate) highlight: (usize, usize),
}

impl<'a> Snippet<'a> {
    /// The lines that a span touches; none for a file that is not among the sources.
    pub(crate) fn of(sources: &'a Sources, span: Span) -> Option<Self> {
        let file = sources.get(span.source)?;
        let (start, end) = (file.position(span.start), file.position(span.end));
        // A span that ends with its line break ends in the line before.
        let last = if end.column == 1 && end.line > start.line { end.line - 1 } else { end.line };
        let lines: Vec<&str> = (start.line..=last).map(|line| file.line(line)).collect();
        let before = byte_of_column(lines.first().copied().unwrap_or_default(), start.column);
        let whole = lines.iter().map(|line| line.len() + 1).sum::<usize>().saturating_sub(1);
        let length = (span.end.saturating_sub(span.start)) as usize;
        let highlight = (before, (before + length).min(whole).max(before));
        Some(Self { file: &file.name, start, end, context: context(sources, file, span), lines, highlight })
    }

    /// Each line as (number, text before, highlighted text, text after).
    pub(crate) fn parts(&self) -> impl Iterator<Item = (usize, &'a str, &'a str, &'a str)> {
        let mut at = 0;
        self.lines.iter().enumerate().map(move |(index, line)| {
            let within = |offset: usize| floor(line, offset.saturating_sub(at).min(line.len()));
            let (from, to) = (within(self.highlight.0), within(self.highlight.1));
            at += line.len() + 1;
            (self.start.line + index, &line[..from], &line[from..to], &line[to..])
        })
    }
}

fn floor(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn byte_of_column(line: &str, column: usize) -> usize {
    line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at)
}

/// The header of the outermost block that the span lies in, as it is written there. A span that *is* the header has no context.
fn context(sources: &Sources, file: &SourceFile, span: Span) -> Option<String> {
    if file.name.ends_with(".json") {
        return None;
    }
    let (body, _) = weir_config::syntax::parse(sources, span.source);
    let block = body.blocks.iter().find(|block| block.span.start < span.start && span.start < block.body.span.end)?;
    let labels = block.labels.iter().map(|label| format!(" \"{}\"", label.name));
    Some(std::iter::once(block.kind.name.to_string()).chain(labels).collect())
}
