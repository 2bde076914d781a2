//! Reporting: the place and the wording of what is wrong at a position.

use weir_diag::{Diagnostic, Diagnostics, Span, did_you_mean};

use super::ast::Ident;
use super::scan::{DEPTH_LIMIT, Failed, Open, Parser, ident_end};

/// After so many errors the text is hardly meant to be of this language.
const ERROR_LIMIT: usize = 1000;

impl Parser<'_> {
    /// Reports an error.
    #[cold]
    #[inline(never)]
    pub(super) fn error(&mut self, span: Span, summary: &str, detail: impl Into<String>) -> Failed {
        self.report(Diagnostic::error(summary, detail).at(span))
    }

    /// Reports an error, unless one was already reported at the same place.
    #[cold]
    #[inline(never)]
    pub(super) fn report(&mut self, diagnostic: Diagnostic) -> Failed {
        self.errors += 1;
        let start = diagnostic.span.map(|span| span.start);
        let known = self.diagnostics.iter().any(|other| other.span.map(|span| span.start) == start);
        if !self.stopped && !known {
            self.diagnostics.push(diagnostic);
            self.stopped = self.diagnostics.len() >= ERROR_LIMIT;
        }
        Failed
    }

    /// Reports an error at the next token, and shows the bracket that is open there.
    #[cold]
    #[inline(never)]
    pub(super) fn error_here(&mut self, summary: &str, detail: impl Into<String>) -> Failed {
        let mut diagnostic = Diagnostic::error(summary, detail).at(self.token());
        if let Some(Open { at, close }) = self.open.last().copied()
            && matches!(close, b')' | b']' | b'}')
        {
            let length = if matches!(self.byte(at), b'$' | b'%') { 2 } else { 1 };
            diagnostic = diagnostic.label(self.span(at, at + length), format!("opened here, to be closed with \"{}\"", char::from(close)));
        }
        self.report(diagnostic)
    }

    /// The diagnostics, in source order.
    pub(super) fn finish(self) -> Diagnostics {
        let mut list: Vec<Diagnostic> = self.diagnostics.into_iter().collect();
        list.sort_by_key(|diagnostic| diagnostic.span);
        list.into_iter().collect()
    }

    /// The place of the token at the position.
    pub(super) fn token(&self) -> Span {
        let at = self.at;
        let next = self.byte(at + 1);
        let length = match self.peek() {
            _ if self.at_end() => 0,
            b'\r' if next == b'\n' => 2,
            b'.' if next == b'.' && self.byte(at + 2) == b'.' => 3,
            b'=' if matches!(next, b'=' | b'>') => 2,
            b'!' | b'<' | b'>' if next == b'=' => 2,
            byte @ (b'&' | b'|' | b':') if next == byte => 2,
            byte if byte.is_ascii_digit() => self.number_end(at) - at,
            _ => {
                let end = ident_end(self.text, at);
                if end > at { end - at } else { self.text[at..].chars().next().map_or(0, char::len_utf8) }
            }
        };
        self.span(at, at + length)
    }

    /// The text of the token at the position, fit to be shown in quotes.
    fn token_text(&self) -> String {
        let span = self.token();
        let text = &self.text[span.start as usize..span.end as usize];
        text.chars().flat_map(char::escape_default).take(40).collect::<String>().replace("\\'", "'").replace("\\\"", "\"")
    }

    /// Reports that an expression should begin at the position.
    #[cold]
    #[inline(never)]
    pub(super) fn expression_expected(&mut self) -> Failed {
        if self.at_end() {
            return self.error_here("Missing expression", "Expected the start of an expression, but found the end of the file.");
        }
        if let Some(failed) = self.invalid_character() {
            return failed;
        }
        let hint = match self.peek() {
            b'\n' | b'\r' => "Expected the start of an expression, but found the end of the line. Write the value on this line; to continue on the next one, \
                 put the whole expression in parentheses."
                .to_owned(),
            b'<' if self.byte(self.at + 1) == b'<' => {
                "Expected the start of an expression. A multi-line string begins with \"<<\" or \"<<-\", immediately followed by a marker such as \
                 EOT, and nothing else on that line."
                    .to_owned()
            }
            b'%' if self.byte(self.at + 1) == b'{' => {
                "Expected the start of an expression. The sequence \"%{\" has a meaning only in a quoted or multi-line string.".to_owned()
            }
            b'.' if self.byte(self.at + 1).is_ascii_digit() => "Expected the start of an expression. A number needs a digit before its point, as in 0.5.".to_owned(),
            _ => format!("Expected the start of an expression, but found \"{}\".", self.token_text()),
        };
        self.error_here("Invalid expression", hint)
    }

    /// Reports the character at the position, if it has no meaning in the language at all.
    #[cold]
    #[inline(never)]
    pub(super) fn invalid_character(&mut self) -> Option<Failed> {
        let character = self.text[self.at..].chars().next()?;
        let detail = match character {
            '\'' => "Single quotes are not valid. Use double quotes (\") to enclose strings.".to_owned(),
            '`' => "The \"`\" character is not valid. To create a multi-line string, use the \"heredoc\" syntax, like \"<<EOT\".".to_owned(),
            ';' => "The \";\" character is not valid. Use newlines to separate arguments and blocks, and commas to separate items in collection values.".to_owned(),
            '“' | '”' | '‘' | '’' | '„' | '‟' => {
                "\"Curly quotes\" are not valid here. They often come with text copied from a document. Replace them with \"straight quotes\".".to_owned()
            }
            '$' if self.byte(self.at + 1) == b'{' => {
                "The sequence \"${\" has a meaning only in a quoted or multi-line string. Outside of strings, write the expression alone.".to_owned()
            }
            '&' | '|' | '^' | '~' if !matches!(character, '&' | '|') || self.byte(self.at + 1) != self.peek() => {
                let (summary, detail) = bitwise(character);
                return Some(self.error_here(summary, detail));
            }
            '@' | '$' | '\\' => format!("The character \"{character}\" is not used within the language."),
            character if character.is_control() && !matches!(character, '\n' | '\r' | '\t') => {
                format!("The control character U+{:04X} is not used within the language. Remove it.", u32::from(character))
            }
            character if !character.is_ascii() && !unicode_ident::is_xid_start(character) => {
                let code = u32::from(character);
                format!("The character U+{code:04X} is not used within the language. It may have been copied along invisibly; remove it.")
            }
            _ => return None,
        };
        Some(self.error_here("Invalid character", detail))
    }

    /// Reports what follows an argument on its line.
    #[cold]
    #[inline(never)]
    pub(super) fn newline_expected(&mut self) -> Failed {
        if self.peek() == b',' {
            return self.error_here(
                "Unexpected comma after argument",
                "Argument definitions must be separated by newlines, not commas. An argument definition must end with a newline.",
            );
        }
        if let Some(failed) = self.invalid_character() {
            return failed;
        }
        let token = self.token();
        let hint = match &self.text[token.start as usize..token.end as usize] {
            "and" => " The boolean AND is written \"&&\".",
            "or" => " The boolean OR is written \"||\".",
            "(" => " Only a function name can be called, not a value.",
            "..." => " The \"...\" is valid only after the last argument of a function call and in a grouping \"for\" expression.",
            "=>" => " The \"=>\" is valid only in a \"for\" expression that builds an object.",
            "=" => " To compare values, use \"==\".",
            "]" | ")" => " This bracket was not opened.",
            "\"" | "{" | "[" => " Two values cannot stand side by side.",
            _ => "",
        };
        self.error_here("Missing newline after argument", format!("An argument definition must end with a newline.{hint}"))
    }

    /// Reports a lone name where a definition should be.
    #[cold]
    #[inline(never)]
    pub(super) fn definition_expected(&mut self, name: &Ident) -> Failed {
        let rest = &self.text[self.at..];
        let wrong = [":=", "+=", "==", "=>", ":"].into_iter().find(|sign| rest.starts_with(sign));
        let hint = match (wrong, self.peek()) {
            (Some(sign), _) => format!(" Replace \"{sign}\" with \"=\"."),
            (None, b'.' | b'[') => " The name of an argument is a single word.".to_owned(),
            _ => did_you_mean(&name.name, ["resource", "variable", "output", "locals", "module", "provider", "terraform", "data"]),
        };
        self.error(
            name.span,
            "Argument or block definition required",
            format!("An argument or block definition is required here. To set an argument, use the equals sign \"=\" to introduce the argument value.{hint}"),
        )
    }

    /// Reports a nesting that is too deep, and gives up on the argument or block.
    #[cold]
    #[inline(never)]
    pub(super) fn nested_too_deeply(&mut self) -> Failed {
        self.abandoned = true;
        self.too_deep = true;
        self.error(
            self.token(),
            "Nesting too deep",
            format!("Expressions and blocks may be nested {DEPTH_LIMIT} levels deep. Name a part of this one with a local value."),
        )
    }
}

/// What to say about an operator that the language does not have.
pub(super) fn bitwise(character: char) -> (&'static str, String) {
    let hint = match character {
        '&' => " Did you mean boolean AND (\"&&\")?",
        '|' => " Did you mean boolean OR (\"||\")?",
        '~' => " Did you mean boolean NOT (\"!\")?",
        _ => " To raise a number to a power, use the function pow.",
    };
    ("Unsupported operator", format!("Bitwise operators are not supported.{hint}"))
}
