//! What an expression can refer to.

use std::fmt;
use std::sync::Arc;

use crate::Mode;

/// Something that an expression within a module refers to; instance keys and attributes are not part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// `var.NAME`
    Var(Arc<str>),
    /// `local.NAME`
    Local(Arc<str>),
    /// `TYPE.NAME`, `data.TYPE.NAME`, `ephemeral.TYPE.NAME`
    Resource {
        /// Resource, data source or ephemeral.
        mode: Mode,
        /// `aws_vpc`
        type_: Arc<str>,
        /// Label of the block.
        name: Arc<str>,
    },
    /// `module.NAME`
    Module {
        /// Label of the block.
        name: Arc<str>,
    },
    /// `stage.NAME`
    Stage {
        /// Label of the block.
        name: Arc<str>,
    },
    /// `gate.NAME`
    Gate {
        /// Label of the block.
        name: Arc<str>,
    },
    /// `input.NAME`, within a gate.
    Input {
        /// Label of the block.
        name: Arc<str>,
    },
    /// `each.key`, `each.value`
    Each(Arc<str>),
    /// `count.index`
    Count(Arc<str>),
    /// `path.module`, `path.root`, `path.cwd`
    Path(Arc<str>),
    /// `terraform.workspace` and the like; also written `tofu.…`.
    Terraform(Arc<str>),
    /// `self`, in pre- and postconditions.
    SelfRef,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Var(name) => write!(f, "var.{name}"),
            Self::Local(name) => write!(f, "local.{name}"),
            Self::Resource { mode, type_, name } => write!(f, "{}{type_}.{name}", mode.prefix()),
            Self::Module { name } => write!(f, "module.{name}"),
            Self::Stage { name } => write!(f, "stage.{name}"),
            Self::Gate { name } => write!(f, "gate.{name}"),
            Self::Input { name } => write!(f, "input.{name}"),
            Self::Each(attribute) => write!(f, "each.{attribute}"),
            Self::Count(attribute) => write!(f, "count.{attribute}"),
            Self::Path(attribute) => write!(f, "path.{attribute}"),
            Self::Terraform(attribute) => write!(f, "terraform.{attribute}"),
            Self::SelfRef => f.write_str("self"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints() {
        let data = Reference::Resource { mode: Mode::Data, type_: "aws_ami".into(), name: "x".into() };
        assert_eq!(data.to_string(), "data.aws_ami.x");
        assert_eq!(Reference::Gate { name: "root_ca".into() }.to_string(), "gate.root_ca");
        assert_eq!(Reference::Each("key".into()).to_string(), "each.key");
    }
}
