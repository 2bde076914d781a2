//! The flagship in the sandbox: killed after every journal record of its apply, the loss of two of its five nodes, bad input at its gates; and an API that fails in every way.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod api;
mod emulator;
mod gate;
mod kill;
mod proxy;
mod site;
