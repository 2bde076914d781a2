//! What `-target`, `state rm` and the like can name.

use std::fmt;
use std::str::FromStr;

use crate::scan::Scanner;
use crate::{AddrError, InstanceAddr, ModulePath, ResourceAddr, StageName};

/// A set of instances, named by one address. Whatever has no key, on the way or at the end, stands for all its instances.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Everything within a stage.
    Stage(StageName),
    /// Everything within a module.
    Module(ModulePath),
    /// All instances of a resource.
    Resource(ResourceAddr),
    /// One instance.
    Instance(InstanceAddr),
}

impl Target {
    /// Whether `addr` is among what this names.
    pub fn matches(&self, addr: &InstanceAddr) -> bool {
        match self {
            Self::Stage(_) | Self::Module(_) => self.matches_module(addr.module()),
            Self::Resource(resource) => same_block(resource, &addr.resource),
            Self::Instance(instance) => same_block(&instance.resource, &addr.resource) && (instance.key.is_none() || instance.key == addr.key),
        }
    }

    /// Whether everything in the module instance `path` is among what this names.
    pub fn matches_module(&self, path: &ModulePath) -> bool {
        match self {
            Self::Stage(name) => path.steps().first().is_some_and(|step| step.name == *name.name()),
            Self::Module(module) => path.is_within(module),
            Self::Resource(_) | Self::Instance(_) => false,
        }
    }

    /// Whether some instance of the block `resource` of the configuration (module path without keys) can be among what this names.
    pub fn matches_config(&self, resource: &ResourceAddr) -> bool {
        match self {
            Self::Stage(_) => self.matches_module(&resource.module),
            Self::Module(module) => resource.module.is_within(&module.without_keys()),
            Self::Resource(own) | Self::Instance(InstanceAddr { resource: own, .. }) => own.config() == resource.config(),
        }
    }
}

fn same_block(wanted: &ResourceAddr, own: &ResourceAddr) -> bool {
    wanted.module.steps().len() == own.module.steps().len()
        && (wanted.mode, &wanted.type_, &wanted.name) == (own.mode, &own.type_, &own.name)
        && own.module.is_within(&wanted.module)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(name) => name.fmt(f),
            Self::Module(module) => module.fmt(f),
            Self::Resource(resource) => resource.fmt(f),
            Self::Instance(instance) => instance.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = AddrError;
    fn from_str(text: &str) -> Result<Self, AddrError> {
        let mut scanner = Scanner::new(text);
        let module = scanner.module_path()?;
        if scanner.at_end() && !module.is_root() {
            return Ok(match (module.stage_name(), module.steps()) {
                (Some(stage), [step]) if step.key.is_none() => Self::Stage(stage),
                _ => Self::Module(module),
            });
        }
        let (mode, type_, name, key) = scanner.resource()?;
        let resource = ResourceAddr { module, mode, type_, name };
        scanner.end(match key {
            None => Self::Resource(resource),
            key => Self::Instance(InstanceAddr { resource, key }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, addr: &str) -> bool {
        let target: Target = target.parse().unwrap();
        let addr: InstanceAddr = addr.parse().unwrap();
        let found = target.matches(&addr);
        assert!(!found || target.matches_config(&addr.resource.config()), "{target} {addr}");
        found
    }

    #[test]
    fn keys_left_out_match_all() {
        for target in ["stage.net", "module.net", "module.net[0]", "stage.net.aws_subnet.a", "stage.net[0].aws_subnet.a[1]", "module.net.aws_subnet.a[1]"] {
            assert!(check(target, "stage.net[0].aws_subnet.a[1]"), "{target}");
        }
        for target in
            ["stage.other", "module.net[1]", "module.net.module.x", "aws_subnet.a", "stage.net.aws_subnet.b", "stage.net.aws_subnet.a[0]", "stage.net.data.aws_subnet.a"]
        {
            assert!(!check(target, "stage.net[0].aws_subnet.a[1]"), "{target}");
        }
        assert!(!check("module.a.t.x", "module.a.module.b.t.x") && check("module.a", "module.a.module.b.t.x"));
    }

    #[test]
    fn prints_and_reads() {
        for text in ["stage.net", "stage.net[0]", "module.a.module.b", "aws_vpc.x", "data.t.n[\"k\"]"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        assert_eq!("stage.net".parse::<Target>().unwrap(), Target::Stage(StageName::new("net")));
        assert!("".parse::<Target>().is_err() && "vpc".parse::<Target>().is_err());
    }
}
