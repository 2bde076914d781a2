//! Resources and their instances.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::scan::Scanner;
use crate::{AddrError, InstanceKey, ModulePath};

/// What kind of block a resource is. In the order of a state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A `data` block, read.
    Data,
    /// An `ephemeral` block, opened and closed, never stored.
    Ephemeral,
    /// A `resource` block, created and destroyed.
    Managed,
}

impl Mode {
    /// The word of the state file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Ephemeral => "ephemeral",
            Self::Managed => "managed",
        }
    }

    /// What stands before the type in an address: `data.`, `ephemeral.` or nothing.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Data => "data.",
            Self::Ephemeral => "ephemeral.",
            Self::Managed => "",
        }
    }
}

/// A resource block within a module instance; prints `module.a.data.aws_ami.x`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceAddr {
    /// The module instance.
    pub module: ModulePath,
    /// Resource, data source or ephemeral.
    pub mode: Mode,
    /// `aws_vpc`
    pub type_: Arc<str>,
    /// Label of the block.
    pub name: Arc<str>,
}

impl ResourceAddr {
    /// The `resource` block `type_.name` of `module`.
    pub fn managed(module: ModulePath, type_: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { module, mode: Mode::Managed, type_: type_.into(), name: name.into() }
    }

    /// The `data` block `type_.name` of `module`.
    pub fn data(module: ModulePath, type_: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { module, mode: Mode::Data, type_: type_.into(), name: name.into() }
    }

    /// The block in the configuration, whatever the module's instance: the module path without keys.
    pub fn config(&self) -> Self {
        Self { module: self.module.without_keys(), ..self.clone() }
    }

    /// One instance of it.
    pub fn instance(&self, key: Option<InstanceKey>) -> InstanceAddr {
        InstanceAddr { resource: self.clone(), key }
    }

    /// The address as a state file writes it: `module` also for a stage.
    pub fn to_state_string(&self) -> String {
        Self { module: self.module.with_first_kind(crate::StepKind::Module), ..self.clone() }.to_string()
    }
}

impl fmt::Display for ResourceAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}{}.{}", self.mode.prefix(), self.type_, self.name)
    }
}

impl FromStr for ResourceAddr {
    type Err = AddrError;
    fn from_str(text: &str) -> Result<Self, AddrError> {
        let mut scanner = Scanner::new(text);
        let module = scanner.module_path()?;
        let (mode, type_, name, key) = scanner.resource()?;
        if key.is_some() {
            return scanner.fail("a resource without an instance key was expected");
        }
        scanner.end(Self { module, mode, type_, name })
    }
}

/// One object of a resource; prints `aws_subnet.private[0]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceAddr {
    /// The resource.
    pub resource: ResourceAddr,
    /// Which instance, if the block has `count` or `for_each`.
    pub key: Option<InstanceKey>,
}

impl InstanceAddr {
    /// The module instance it is in.
    pub fn module(&self) -> &ModulePath {
        &self.resource.module
    }

    /// The address as a state file writes it: `module` also for a stage.
    pub fn to_state_string(&self) -> String {
        let key = self.key.as_ref().map(ToString::to_string).unwrap_or_default();
        self.resource.to_state_string() + &key
    }
}

impl From<ResourceAddr> for InstanceAddr {
    fn from(resource: ResourceAddr) -> Self {
        Self { resource, key: None }
    }
}

impl fmt::Display for InstanceAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.resource)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "{key}"))
    }
}

impl FromStr for InstanceAddr {
    type Err = AddrError;
    fn from_str(text: &str) -> Result<Self, AddrError> {
        let mut scanner = Scanner::new(text);
        let module = scanner.module_path()?;
        let (mode, type_, name, key) = scanner.resource()?;
        scanner.end(Self { resource: ResourceAddr { module, mode, type_, name }, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads() {
        for text in ["aws_vpc.main", "data.aws_ami.x[\"a.b\"]", "stage.net.aws_subnet.private[2]", "module.a[0].module.b.ephemeral.vault_token.t"] {
            let addr: InstanceAddr = text.parse().unwrap();
            assert_eq!(addr.to_string(), text);
            let json = serde_json::to_string(&addr).unwrap();
            assert_eq!(serde_json::from_str::<InstanceAddr>(&json).unwrap(), addr);
        }
        let addr: InstanceAddr = "stage.net[1].aws_subnet.private[2]".parse().unwrap();
        assert_eq!(addr.to_state_string(), "module.net[1].aws_subnet.private[2]");
        assert_eq!(addr.resource.config().to_string(), "stage.net.aws_subnet.private");
        assert_eq!("module.a.data.aws_ami.x".parse::<ResourceAddr>().unwrap().mode, Mode::Data);
    }

    #[test]
    fn order_is_numbers_then_strings() {
        let mut all: Vec<InstanceAddr> = ["t.b", "t.a[\"x\"]", "t.a[10]", "t.a[9]", "t.a", "module.m.t.a", "data.t.z"].map(|text| text.parse().unwrap()).to_vec();
        all.sort();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(all, ["data.t.z", "t.a", "t.a[9]", "t.a[10]", "t.a[\"x\"]", "t.b", "module.m.t.a"]);
    }

    #[test]
    fn refuses() {
        let message = |text: &str| text.parse::<InstanceAddr>().unwrap_err().message;
        assert_eq!(message("aws_vpc"), "expected \".\" and the name of the resource");
        assert_eq!(message("aws_vpc.main.id"), "nothing more was expected");
        assert_eq!(message("module.a"), "expected a resource type");
        assert!("aws_vpc.main[0]".parse::<ResourceAddr>().is_err() && "".parse::<InstanceAddr>().is_err());
    }
}
