//! Colours and weights, where they are wanted.

use anstyle::{AnsiColor, Style};

/// Puts styles around text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// Any style.
    pub(crate) fn style(self, style: Style, text: impl AsRef<str>) -> String {
        let text = text.as_ref();
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Heavy.
    pub(crate) fn bold(self, text: impl AsRef<str>) -> String {
        self.style(Style::new().bold(), text)
    }

    /// Underlined.
    pub(crate) fn underline(self, text: impl AsRef<str>) -> String {
        self.style(Style::new().underline(), text)
    }

    /// Grey.
    pub(crate) fn faint(self, text: impl AsRef<str>) -> String {
        self.style(AnsiColor::BrightBlack.on_default(), text)
    }

    /// Heavy and green: done, created.
    pub(crate) fn good(self, text: impl AsRef<str>) -> String {
        self.style(AnsiColor::Green.on_default().bold(), text)
    }

    /// A colour of the terminal's palette.
    pub(crate) fn color(self, color: AnsiColor, text: impl AsRef<str>) -> String {
        self.style(color.on_default(), text)
    }
}
