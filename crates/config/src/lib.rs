//! Files of a stack to blocks; expressions stay unevaluated.
//!
//! [`syntax`] and [`json`] read the text, [`load`] turns a folder and the modules that it calls into a [`Config`]: a tree of [`Module`]s whose blocks have been checked for their shape
//! (known arguments, labels, doubles). Nothing here has a value: that is `eval`'s.

mod block;
mod constraint;
mod format;
pub mod json;
mod load;
mod manifest;
mod merge;
mod module;
mod reader;
pub mod syntax;
mod tfvars;

pub use constraint::{Defaults, DefaultsKey, TypeConstraint, parse_type};
pub use format::{continues, format, is_formatted};
pub use load::{FileSystem, clean, load, load_module};
pub use module::{
    Backend, Call, CallKind, Check, CheckRule, Config, Connection, Gate, GateCheck, Ignore, Import, ImportStep, Lifecycle, Local, Module, ModuleCallArgs, Moved, Output,
    ProviderBlock, ProviderRef, Provisioner, ProvisionerKind, Removed, Repeat, RequiredProvider, Resource, Retry, Variable,
};
pub use tfvars::{Assignment, parse_assignments};
