//! What the user sees when Weir has a fault of its own.

use std::io::Write;

use weir_diag::{Diagnostic, Sources};

use crate::environment::Environment;
use crate::terminal::Terminal;
use crate::view::diagnostic::Look;

/// Makes a panic print a diagnostic that can be sent to us.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let said = info.payload_as_str().unwrap_or("no message");
        let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        let text = report(said, &place);
        let look = Look::of(&Terminal::new(&Environment::of_process(), false, None));
        // Nothing is left to be done if even this cannot be written.
        let _ = std::io::stderr().write_all(look.render(&text, &Sources::new()).as_bytes());
    }));
}

fn report(said: &str, place: &str) -> Diagnostic {
    Diagnostic::error(
        "Weir has a fault",
        format!(
            "This should not have happened: {said}{place} (Weir {}).\n\nWhat was done so far is recorded: run the same command again to go on. \
             Please report this at {}/issues, with the command, this message, and if possible the log (WEIR_LOG=trace WEIR_LOG_PATH=weir.log).",
            env!("CARGO_PKG_VERSION"),
            env!("CARGO_PKG_REPOSITORY"),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_place_and_version() {
        let text = report("index out of bounds", " at src/x.rs:3").detail;
        assert!(text.starts_with(&format!("This should not have happened: index out of bounds at src/x.rs:3 (Weir {}).", env!("CARGO_PKG_VERSION"))));
        assert!(text.contains("/issues"));
    }
}
