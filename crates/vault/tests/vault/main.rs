//! The provider and the operator's calls against a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod connection;
mod engine;
mod lifecycle;
mod operator;
mod pki;
mod server;
