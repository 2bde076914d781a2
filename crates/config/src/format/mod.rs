//! The canonical style of the language: what `weir fmt` makes of a file.
//!
//! [`format`] goes by tokens and not by the syntax tree, so that comments and line breaks stay where they are: it changes indentation, the spaces between tokens, and the
//! columns of equals signs and comments. Three things it also writes differently: labels get quotes, an argument that is a single interpolation loses the quotes around it, and
//! the type of a variable in the notation before Terraform 0.12 is spelt out.
//!
//! What it is *not*: a check. A text with syntax errors must not be given to it; [`crate::syntax::parse`] tells.

mod layout;
mod lexer;
mod rewrite;
mod token;

use std::borrow::Cow;

use token::Token;

/// The text in the canonical style. It must hold no syntax error.
pub fn format(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (tokens, trailing) = lexer::tokens(text);
    let mut tokens = rewrite::rewrite(tokens);
    layout::lay_out(&mut tokens);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for Token { text, spaces, .. } in &tokens {
        out.extend(std::iter::repeat_n(' ', *spaces));
        out.push_str(text);
    }
    // The incumbents leave spaces behind the last token.
    out.extend(std::iter::repeat_n(' ', trailing));
    out
}

/// True for the name of a file that is formatted: one in the native syntax.
pub fn is_formatted(name: &str) -> bool {
    const ENDINGS: [&str; 8] = [".tf", ".tofu", ".tfvars", ".stack.hcl", ".answers.hcl", ".tftest.hcl", ".tofutest.hcl", ".tfmock.hcl"];
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// True while a bracket or heredoc of the text is open, so that more lines belong to it.
pub fn continues(text: &str) -> bool {
    lexer::is_open(text)
}

/// A token of the formatter's own making.
fn made<'a>(kind: token::Kind, text: impl Into<Cow<'a, str>>) -> Token<'a> {
    Token { kind, text: text.into(), spaces: 0 }
}
