//! What a provider is.
//!
//! The engine sees a provider through two traits: [`Provider`] (its schemas, its functions, how it is configured) and [`Session`] (a configured
//! provider that reads, plans, applies). They are shaped after the calls of the Terraform plugin protocol, so that a plugin process can stand behind them
//! as well as native code.
//!
//! [`native`] is the frame for native providers: a resource type is a typed struct with `#[derive(Schema)]` and an implementation of [`native::Resource`]; everything
//! that all types have in common (decoding, the generic plan, write-only arguments, partial creation) is done there once.
//!
//! This crate knows no cloud and no engine.

mod codec;
mod fault;
mod function;
pub mod native;
mod schema;
mod schemas;
mod session;

pub use codec::{from_value, to_value};
pub use fault::{Fault, Severity};
pub use function::{FunctionFault, FunctionSchema, Parameter};
pub use schema::{Attribute, Block, NestedBlock, Nesting, ProviderSchema, Schema};
pub use schemas::Schemas;
pub use session::{
    Applied, ApplyRequest, Imported, Intent, Opened, PlanRequest, Planned, Progress, Provider, ReadRequest, RecoverRequest, Refreshed, Session, SessionRequest, TakeOver,
};
pub use weir_provider_derive::{Schema, list_types};

#[doc(hidden)]
pub use serde;
