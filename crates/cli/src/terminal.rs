//! What the terminal can do, and what the user wants of it.

use std::io::IsTerminal;

use crate::environment::Environment;

/// The width that text is wrapped to where there is no terminal to ask.
const WIDTH: usize = 78;

/// How to show things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Whether standard output is a terminal that shows colours, and they are wanted.
    pub(crate) color: bool,
    /// The same of standard error.
    pub(crate) error_color: bool,
    /// Whether diagnostics get a rule at their left; not with `-no-color`.
    pub(crate) rules: bool,
    /// Columns that text is wrapped to.
    pub(crate) width: usize,
    /// Whether both streams are a terminal whose lines can be drawn over, and that is wanted: not with `-no-color`, and not where `CI` is set.
    pub(crate) live: bool,
    /// Whether questions may be asked.
    pub(crate) input: bool,
}

impl Terminal {
    /// Looks at the standard streams; `no_color` and `input` are the options of those names.
    pub(crate) fn new(env: &Environment, no_color: bool, input: Option<bool>) -> Self {
        let plain = no_color || env.get("NO_COLOR").is_some();
        let dumb = env.get("TERM") == Some("dumb");
        let (out, error) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let asked = || if out || error { terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) } else { None };
        let width = env.get("COLUMNS").and_then(|columns| columns.parse().ok()).or_else(asked).unwrap_or(WIDTH);
        Self {
            color: out && !plain && !dumb,
            error_color: error && !plain && !dumb,
            rules: !plain,
            width: width.max(20),
            live: out && error && !dumb && !plain && env.get("CI").is_none(),
            input: input.or_else(|| env.switch("INPUT")).unwrap_or(true),
        }
    }
}
