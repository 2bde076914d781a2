//! Runs any Terraform provider over the plugin protocol, versions 5 and 6.
//!
//! [`Plugin`] is a program that was started as a plugin; it is a [`weir_provider::Provider`] like the native ones. [`install`] finds such programs in folders on disk, downloads them, and
//! checks them against the dependency lock file; [`modules`] downloads modules in the same way.
//!
//! It reads no environment: folders, programs, mirrors and tokens are handed in.

mod client;
mod description;
mod handshake;
mod identity;
pub mod install;
mod legal;
pub mod modules;
pub mod msgpack;
mod offer;
mod process;
mod program;
mod propose;
#[doc(hidden)]
pub mod protocol;
mod provider;
mod remembered;
mod schema;
mod session;
mod tls;
mod wire;

pub use description::Description;
pub use program::Program;
pub use provider::Plugin;
