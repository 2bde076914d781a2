//! Names of everything, printable and parseable.
//!
//! Addresses are values: cheap to clone (text and paths lie behind an `Arc`), ordered as a state file lists them, and each type reads back
//! ([`FromStr`](std::str::FromStr)) what it prints. They are *not* lookups: nothing here knows whether what is named exists.
//!
//! In serde formats an address is the string that it prints, a stage or gate name the bare name.

mod constraint;
mod key;
mod module;
mod name;
mod provider;
mod reference;
mod resource;
mod scan;
mod source;
mod target;

pub use constraint::{Constraint, ConstraintError};
pub use key::InstanceKey;
pub use module::{ModulePath, ModuleStep, StepKind};
pub use name::{GateName, StageName};
pub use provider::{ProviderAddr, ProviderConfigAddr};
pub use reference::Reference;
pub use resource::{InstanceAddr, Mode, ResourceAddr};
pub use scan::{AddrError, is_identifier};
pub use source::{ModuleSource, RegistryModule};
pub use target::Target;

/// Serde through `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($($ty:ty),* $(,)?) => {$(
        impl serde::Serialize for $ty {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $ty {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
serde_as_text!(ModulePath, ResourceAddr, InstanceAddr, Target, ProviderAddr, ProviderConfigAddr);
