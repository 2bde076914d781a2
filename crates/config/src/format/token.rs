//! What a file consists of for the formatter.

use std::borrow::Cow;

/// A piece of the text that is never divided.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: Cow<'a, str>,
    /// Spaces to be written before it.
    pub(super) spaces: usize,
}

/// The kinds of token, as far as they are treated differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Number,
    /// `"` at the start of a string.
    OpenQuote,
    /// `"` at its end.
    CloseQuote,
    /// Text in a string or heredoc.
    Text,
    /// `<<EOT` with its newline.
    OpenHeredoc,
    /// The line of the end marker without its newline.
    CloseHeredoc,
    /// `${` or `${~`
    OpenInterpolation,
    /// `%{` or `%{~`
    OpenDirective,
    /// `}` or `~}` of a template.
    CloseTemplate,
    OpenBrace,
    CloseBrace,
    /// `(` or `[`; which of the two is told by the text.
    Open,
    /// `)` or `]`
    Close,
    Equal,
    Comma,
    Dot,
    Ellipsis,
    DoubleColon,
    Minus,
    Not,
    /// `:`, `?` and operators with two operands.
    Operator,
    Comment,
    Newline,
    /// What is none of these; it does not occur in a text without errors.
    Other,
}

impl Token<'_> {
    /// How many more brackets are open behind it than before it.
    pub(super) fn nesting(&self) -> isize {
        match self.kind {
            Kind::OpenBrace | Kind::Open | Kind::OpenInterpolation | Kind::OpenDirective => 1,
            Kind::CloseBrace | Kind::Close | Kind::CloseTemplate => -1,
            _ => 0,
        }
    }

    /// True when a new line begins behind it. A comment up to the end of its line includes the newline.
    pub(super) fn ends_line(&self) -> bool {
        self.kind == Kind::Newline || (self.kind == Kind::Comment && self.text.ends_with('\n'))
    }

    /// True for this bracket.
    pub(super) fn is(&self, kind: Kind, text: &str) -> bool {
        self.kind == kind && self.text == text
    }
}
