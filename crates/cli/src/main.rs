//! The roof of Weir: arguments in; text, JSON, Markdown and HTML out.
//!
//! Only this crate prints, reads the environment and ends the process. It is *not* where anything is decided: each command is one file in
//! `command/` that asks the lower floors, and `view/` turns what they answer into text.

mod arguments;
mod backend;
mod command;
mod context;
mod environment;
mod exit;
mod file;
mod generate;
mod log;
mod modules;
mod output;
mod panic;
mod plan_file;
mod plugins;
mod prompt;
mod providers;
mod revision;
mod screen;
mod stack;
mod stored;
mod terminal;
mod view;

use std::process::ExitCode;

fn main() -> ExitCode {
    panic::install();
    let ended = std::panic::catch_unwind(|| command::main(std::env::args_os(), environment::Environment::of_process()));
    ended.unwrap_or(exit::Exit::ERROR).into()
}
