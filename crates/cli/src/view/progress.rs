//! What is told while an apply goes on.

use std::time::Duration;

use weir_apply::Event;
use weir_plan::Action;

/// A line for an event.
pub(crate) fn line(event: &Event) -> String {
    let doing = |action: &Action| match action {
        Action::Create => ("Creating", "Creation"),
        Action::Update => ("Modifying", "Modifications"),
        _ => ("Destroying", "Destruction"),
    };
    match event {
        Event::Started { addr, action, id } => match id {
            Some(id) => format!("{addr}: {}... [id={id}]", doing(action).0),
            None => format!("{addr}: {}...", doing(action).0),
        },
        Event::Finished { addr, action, id, elapsed } => {
            let id = id.as_ref().filter(|_| *action != Action::Delete).map(|id| format!(" [id={id}]")).unwrap_or_default();
            format!("{addr}: {} complete after {}{id}", doing(action).1, short(*elapsed))
        }
        Event::Importing { addr, id } => format!("{addr}: Importing... [id={id}]"),
        Event::Imported { addr, id } => format!("{addr}: Import complete [id={id}]"),
        Event::Failed { addr, action, elapsed } => format!("{addr}: {} failed after {}", doing(action).1, short(*elapsed)),
    }
}

/// `0s`, `12s`, `3m2s`
fn short(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => format!("{}m{}s", seconds / 60, seconds % 60),
    }
}
