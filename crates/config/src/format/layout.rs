//! Indentation, spaces and columns.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::token::{Kind, Token};

/// A line of tokens in up to three cells. Each is a range of the tokens; the cells stand behind each other.
struct Line {
    /// What comes before the equals sign of an argument, or all.
    lead: Range<usize>,
    /// The equals sign and the value, where the value ends in the same line.
    assign: Range<usize>,
    /// The comment at the end.
    comment: Range<usize>,
}

/// Sets the spaces before each token.
pub(super) fn lay_out(tokens: &mut [Token<'_>]) {
    let lines = lines(tokens);
    indent(tokens, &lines);
    for line in &lines {
        space(&mut tokens[line.lead.clone()]);
        space(&mut tokens[line.assign.clone()]);
    }
    align(tokens, &lines, |line| line.assign.clone(), |line| line.lead.clone());
    align(tokens, &lines, |line| line.comment.clone(), |line| line.lead.start..line.assign.end);
}

fn lines(tokens: &[Token<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for end in 1..=tokens.len() {
        if end == tokens.len() || tokens[end - 1].ends_line() {
            lines.push(line(tokens, start..end));
            start = end;
        }
    }
    lines
}

fn line(tokens: &[Token<'_>], all: Range<usize>) -> Line {
    let commented = all.len() > 1 && tokens[all.end - 1].kind == Kind::Comment;
    let end = all.end - usize::from(commented);
    let comment = end..all.end;
    let equal = (all.start + 1..end).find(|at| tokens[*at].kind == Kind::Equal);
    // A value that goes on in the next lines is not aligned with other lines.
    let assign = equal.filter(|at| tokens[*at..end].iter().map(Token::nesting).sum::<isize>() == 0).unwrap_or(end);
    Line { lead: all.start..assign, assign: assign..end, comment }
}

/// Indents by the brackets that are open. Those opened in one line count as one level, however many they are.
fn indent(tokens: &mut [Token<'_>], lines: &[Line]) {
    let mut levels: Vec<usize> = Vec::new();
    for line in lines {
        let Range { start, .. } = line.lead;
        if tokens[start].kind == Kind::Newline {
            tokens[start].spaces = 0;
            continue;
        }
        let mut change = 0;
        for token in &tokens[start..line.assign.end] {
            change += token.nesting();
            if token.kind == Kind::OpenHeredoc {
                break;
            }
        }
        let mut closed = change.min(0).unsigned_abs();
        while let Some(level) = levels.last_mut().filter(|_| closed > 0) {
            let taken = closed.min(*level);
            closed -= taken;
            *level -= taken;
            if *level == 0 {
                levels.pop();
            }
        }
        tokens[start].spaces = 2 * levels.len();
        if change > 0 {
            levels.push(change.unsigned_abs());
        }
    }
}

/// Sets the spaces within a cell.
fn space(cell: &mut [Token<'_>]) {
    for at in 1..cell.len() {
        let before = at.checked_sub(2).map(|before| &cell[before]);
        cell[at].spaces = usize::from(spaced(before, &cell[at - 1], &cell[at]));
    }
}

/// Whether a space stands between two tokens; `before` is the one before them in the same cell.
fn spaced(before: Option<&Token<'_>>, left: &Token<'_>, right: &Token<'_>) -> bool {
    use Kind::{
        CloseBrace, CloseHeredoc, CloseQuote, CloseTemplate, Comma, Dot, DoubleColon, Ellipsis, Minus, Name, Newline, Not, Number, Open, OpenBrace, OpenDirective,
        OpenHeredoc, OpenInterpolation, OpenQuote, Text,
    };
    let glued = |kind: Kind| matches!(kind, Text | OpenQuote | OpenHeredoc);
    match (left.kind, right.kind) {
        (_, Newline) => false,
        (Name, Open) if right.text == "(" => false,
        (Name, DoubleColon) | (DoubleColon, Name) => false,
        (Dot, _) | (_, Dot | Comma | Ellipsis) => false,
        (Comma, _) => true,
        (kind, _) if glued(kind) => false,
        (_, Text | CloseQuote | CloseHeredoc) => false,
        // `for x in [a]` is not an index of something called "in".
        (Name, _) if left.text == "in" && before.is_some_and(|before| before.kind == Name) => true,
        (kind, Open) if right.text == "[" && (matches!(kind, Name | Number) || left.nesting() < 0) => false,
        (Not, _) => false,
        (Minus, _) => before.is_some_and(ends_operand),
        (OpenBrace, CloseBrace) => false,
        (OpenBrace, _) | (_, CloseBrace) => true,
        (OpenInterpolation | OpenDirective, OpenBrace) | (CloseBrace, CloseTemplate) => true,
        (CloseTemplate, OpenInterpolation | OpenDirective) => false,
        _ => left.nesting() <= 0 && right.nesting() >= 0,
    }
}

/// Whether a minus behind this token is one between two operands.
fn ends_operand(token: &Token<'_>) -> bool {
    let sign = match token.kind {
        Kind::Open | Kind::OpenBrace | Kind::Equal | Kind::Comma | Kind::Minus | Kind::Not => true,
        Kind::Operator => token.text != "=>",
        _ => false,
    };
    !sign
}

/// Puts the first tokens of a cell into one column, for each run of lines that have the cell.
fn align(tokens: &mut [Token<'_>], lines: &[Line], cell: fn(&Line) -> Range<usize>, before: fn(&Line) -> Range<usize>) {
    for run in lines.chunk_by(|left, right| cell(left).is_empty() == cell(right).is_empty()) {
        if run.first().is_none_or(|line| cell(line).is_empty()) {
            continue;
        }
        let widths: Vec<usize> = run.iter().map(|line| columns(&tokens[before(line)])).collect();
        let widest = widths.iter().copied().max().unwrap_or(0);
        for (line, width) in run.iter().zip(widths) {
            tokens[cell(line).start].spaces = widest - width + 1;
        }
    }
}

fn columns(tokens: &[Token<'_>]) -> usize {
    tokens
        .iter()
        .map(|token| token.spaces + if token.text.is_ascii() && !token.text.contains('\r') { token.text.len() } else { token.text.graphemes(true).count() })
        .sum()
}
