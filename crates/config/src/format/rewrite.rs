//! What is written differently: labels, values that are a single interpolation, and types in the old notation.

use super::made;
use super::token::{Kind, Token};

/// Goes through the arguments and blocks of a file.
pub(super) fn rewrite(tokens: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let mut rewriter = Rewriter { out: Vec::with_capacity(tokens.len()), tokens, at: 0, kinds: Vec::new() };
    rewriter.file();
    rewriter.out
}

struct Rewriter<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    out: Vec<Token<'a>>,
    /// The kinds of the blocks around the position.
    kinds: Vec<String>,
}

impl<'a> Rewriter<'a> {
    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn keep(&mut self) {
        if let Some(token) = self.tokens.get(self.at) {
            self.out.push(token.clone());
            self.at += 1;
        }
    }

    fn file(&mut self) {
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Name => self.item(),
                Kind::CloseBrace => {
                    self.kinds.pop();
                    self.keep();
                }
                _ => self.keep(),
            }
        }
    }

    /// An argument, or the header of a block.
    fn item(&mut self) {
        let name = self.tokens[self.at].text.to_string();
        let mut next = self.at + 1;
        while self.tokens.get(next).is_some_and(|token| token.kind == Kind::Comment && !token.ends_line()) {
            next += 1;
        }
        if self.tokens.get(next).is_some_and(|token| token.kind == Kind::Equal) {
            while self.at <= next {
                self.keep();
            }
            self.argument(&name);
            return;
        }
        self.keep();
        self.labels();
        while self.kind().is_some_and(|kind| !matches!(kind, Kind::OpenBrace | Kind::Newline)) {
            self.keep();
        }
        if self.kind() == Some(Kind::OpenBrace) {
            self.kinds.push(name);
            self.keep();
        }
    }

    /// Labels get quotes; comments between them go.
    fn labels(&mut self) {
        let start = self.at;
        let mut labels: Vec<Vec<Token<'a>>> = Vec::new();
        let mut end = start;
        let mut at = start;
        while let Some(token) = self.tokens.get(at) {
            match token.kind {
                Kind::Name => labels.push(vec![made(Kind::OpenQuote, "\""), Token { kind: Kind::Text, ..token.clone() }, made(Kind::CloseQuote, "\"")]),
                Kind::OpenQuote => {
                    let length = self.tokens[at..].iter().position(|token| token.kind == Kind::CloseQuote).unwrap_or(0);
                    let mut label = self.tokens[at..=at + length].to_vec();
                    for token in label.iter_mut().filter(|token| token.text.contains('\t')) {
                        token.text = token.text.replace('\t', "\\t").into();
                    }
                    labels.push(label);
                    at += length;
                }
                Kind::Comment if !token.ends_line() => {
                    at += 1;
                    continue;
                }
                _ => break,
            }
            at += 1;
            end = at;
        }
        self.out.extend(labels.into_iter().flatten());
        self.at = end;
    }

    fn argument(&mut self, name: &str) {
        let is_comment = |token: &Token<'_>| token.kind == Kind::Comment;
        let mut depth = 0;
        let length = self.tokens[self.at..]
            .iter()
            .position(|token| {
                let ends = depth == 0 && (token.ends_line() || token.kind == Kind::CloseBrace);
                depth += token.nesting();
                ends
            })
            .unwrap_or(self.tokens.len() - self.at);
        let all = &self.tokens[self.at..self.at + length];
        let start = all.iter().position(|token| !is_comment(token)).unwrap_or(length);
        let end = all.iter().rposition(|token| !is_comment(token)).map_or(start, |last| last + 1);
        let value = &all[start..end];
        let value = if name == "type" && self.kinds == ["variable"] { spell_type(value) } else { unwrap(value) };
        self.out.extend(all[..start].iter().cloned());
        self.out.extend(value.unwrap_or_else(|| all[start..end].to_vec()));
        self.out.extend(all[end..].iter().cloned());
        self.at += length;
    }
}

/// `"${value}"` without quotes and braces; nothing for what is anything else.
fn unwrap<'a>(value: &[Token<'a>]) -> Option<Vec<Token<'a>>> {
    let [first, second, inside @ .., before, last] = value else { return None };
    let kinds = [first.kind, second.kind, before.kind, last.kind];
    if inside.is_empty() || kinds != [Kind::OpenQuote, Kind::OpenInterpolation, Kind::CloseTemplate, Kind::CloseQuote] {
        return None;
    }
    // A second part beside the interpolation makes it a string. What stands in quotes of its own is another template.
    let mut quotes = 0_usize;
    for token in inside {
        match token.kind {
            Kind::OpenQuote => quotes += 1,
            Kind::CloseQuote => quotes = quotes.checked_sub(1)?,
            Kind::OpenInterpolation | Kind::CloseTemplate | Kind::Text if quotes == 0 && !in_heredoc(token, inside) => return None,
            _ => {}
        }
    }
    let is_newline = |token: &Token<'_>| token.kind == Kind::Newline;
    let start = inside.iter().position(|token| !is_newline(token))?;
    let end = inside.iter().rposition(|token| !is_newline(token))? + 1;
    let inside = &inside[start..end];
    let mut out = inside.to_vec();
    let in_parentheses = inside.first()?.is(Kind::Open, "(") && inside.last()?.is(Kind::Close, ")");
    // Only in brackets may an expression have several lines. A comment ends its line also where it is the last thing.
    if inside.iter().any(Token::ends_line) && !in_parentheses {
        out.insert(0, made(Kind::Open, "("));
        out.push(made(Kind::Close, ")"));
    }
    Some(out)
}

/// Text of a heredoc is a value of its own, not a part beside the interpolation.
fn in_heredoc(token: &Token<'_>, all: &[Token<'_>]) -> bool {
    token.kind == Kind::Text && all.iter().any(|other| other.kind == Kind::OpenHeredoc)
}

/// The types `"string"`, `"list"`, `"map"`, and `list`, `map`, `set` without what they are of.
fn spell_type<'a>(value: &[Token<'a>]) -> Option<Vec<Token<'a>>> {
    let of = |name: &str, element: &'static str| vec![made(Kind::Name, name.to_owned()), made(Kind::Open, "("), made(Kind::Name, element), made(Kind::Close, ")")];
    match value {
        [name] if name.kind == Kind::Name && matches!(&*name.text, "list" | "map" | "set") => Some(of(&name.text, "any")),
        [open, text, _] if open.kind == Kind::OpenQuote && text.kind == Kind::Text => match &*text.text {
            "string" => Some(vec![made(Kind::Name, "string")]),
            // Before 0.12 elements without a type were strings.
            name @ ("list" | "map") => Some(of(name, "string")),
            _ => None,
        },
        _ => None,
    }
}
