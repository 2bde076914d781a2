//! Providers and their configurations.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use crate::scan::Scanner;
use crate::{AddrError, ModulePath, StepKind};

const DEFAULT_HOST: &str = "registry.terraform.io";
const OPENTOFU_HOST: &str = "registry.opentofu.org";
const BUILTIN_HOST: &str = "terraform.io";

/// Where a provider comes from; prints `registry.terraform.io/hashicorp/aws`.
///
/// The two public registries serve the same providers, so they compare equal; each prints as it was read.
#[derive(Clone, Debug)]
pub struct ProviderAddr {
    /// Host name of the registry.
    pub host: Arc<str>,
    /// `hashicorp`
    pub namespace: Arc<str>,
    /// `aws`
    pub name: Arc<str>,
}

impl ProviderAddr {
    /// `namespace/name` at the default registry.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { host: DEFAULT_HOST.into(), namespace: namespace.into(), name: name.into() }
    }

    /// What a provider's local name stands for when nothing is required of it: `hashicorp/NAME`, or the built-in for `terraform`.
    pub fn implied(name: &str) -> Self {
        if name == "terraform" { Self::builtin(name) } else { Self::new("hashicorp", name) }
    }

    /// A provider that is part of the program, such as `terraform.io/builtin/terraform` with `terraform_data`.
    pub fn builtin(name: impl Into<Arc<str>>) -> Self {
        Self { host: BUILTIN_HOST.into(), namespace: "builtin".into(), name: name.into() }
    }

    /// The short form for messages: without the host when it is the default.
    pub fn for_display(&self) -> String {
        if self.canonical().0 == DEFAULT_HOST { format!("{}/{}", self.namespace, self.name) } else { self.to_string() }
    }

    fn canonical(&self) -> (&str, &str, &str) {
        let host = if &*self.host == OPENTOFU_HOST { DEFAULT_HOST } else { &self.host };
        (host, &self.namespace, &self.name)
    }
}

impl PartialEq for ProviderAddr {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}
impl Eq for ProviderAddr {}
impl PartialOrd for ProviderAddr {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ProviderAddr {
    fn cmp(&self, other: &Self) -> Ordering {
        self.canonical().cmp(&other.canonical())
    }
}
impl Hash for ProviderAddr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

impl fmt::Display for ProviderAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.namespace, self.name)
    }
}

/// Reads `aws`, `hashicorp/aws` or `registry.terraform.io/hashicorp/aws`.
impl FromStr for ProviderAddr {
    type Err = AddrError;
    fn from_str(text: &str) -> Result<Self, AddrError> {
        let fail = |at: usize, message: &str| Err(AddrError { text: text.to_owned(), at, message: message.to_owned() });
        let mut at = 0;
        for (index, part) in text.split('/').enumerate() {
            let is_host = index == 0 && text.matches('/').count() == 2;
            let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_') || is_host && matches!(c, '.' | ':');
            if let Some((wrong, _)) = part.char_indices().find(|(_, c)| !allowed(*c)) {
                return fail(at + wrong, "expected letters, digits, \"-\" and \"_\" between slashes");
            }
            if part.is_empty() {
                return fail(at, "expected a name");
            }
            at += part.len() + 1;
        }
        match *text.split('/').collect::<Vec<_>>().as_slice() {
            [name] => Ok(Self::implied(name)),
            [namespace, name] => Ok(Self::new(namespace, name)),
            [host, namespace, name] => Ok(Self { host: host.into(), namespace: namespace.into(), name: name.into() }),
            _ => fail(0, "expected [HOST/]NAMESPACE/NAME"),
        }
    }
}

/// One configuration of a provider, in the form of the state file: `module.x.provider["registry.terraform.io/hashicorp/aws"].east`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderConfigAddr {
    /// The module whose `provider` block it is.
    pub module: ModulePath,
    /// The provider.
    pub provider: ProviderAddr,
    /// `alias` of the block; none for the default configuration.
    pub alias: Option<Arc<str>>,
}

impl ProviderConfigAddr {
    /// The default configuration of `provider` in the root module.
    pub fn root(provider: ProviderAddr) -> Self {
        Self { module: ModulePath::root(), provider, alias: None }
    }

    /// The address as a state file writes it: `module` also for a stage.
    pub fn to_state_string(&self) -> String {
        Self { module: self.module.with_first_kind(StepKind::Module), ..self.clone() }.to_string()
    }
}

impl fmt::Display for ProviderConfigAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "provider[\"{}\"]", self.provider)?;
        self.alias.as_ref().map_or(Ok(()), |alias| write!(f, ".{alias}"))
    }
}

/// Reads the form that is printed, and the older `provider.aws.east`.
impl FromStr for ProviderConfigAddr {
    type Err = AddrError;
    fn from_str(text: &str) -> Result<Self, AddrError> {
        let mut scanner = Scanner::new(text);
        let module = scanner.module_path()?;
        let provider = if scanner.eat("provider.") {
            ProviderAddr::implied(scanner.identifier("the name of a provider")?)
        } else {
            scanner.expect("provider[")?;
            let start = text.len() - scanner.rest().len();
            let provider: ProviderAddr =
                scanner.quoted()?.parse().map_err(|error: AddrError| AddrError { text: text.to_owned(), at: start + 1 + error.at, message: error.message })?;
            scanner.expect("]")?;
            provider
        };
        let alias = if scanner.eat(".") { Some(scanner.identifier("the alias of a provider")?.into()) } else { None };
        scanner.end(Self { module, provider, alias })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers() {
        let aws: ProviderAddr = "aws".parse().unwrap();
        assert_eq!(aws.to_string(), "registry.terraform.io/hashicorp/aws");
        assert_eq!("hashicorp/aws".parse::<ProviderAddr>().unwrap(), aws);
        let tofu: ProviderAddr = "registry.opentofu.org/hashicorp/aws".parse().unwrap();
        assert_eq!((&tofu, tofu.to_string().as_str(), tofu.for_display().as_str()), (&aws, "registry.opentofu.org/hashicorp/aws", "hashicorp/aws"));
        assert_eq!(ProviderAddr::implied("terraform").to_string(), "terraform.io/builtin/terraform");
        assert_eq!("example.com:8443/a/b".parse::<ProviderAddr>().unwrap().for_display(), "example.com:8443/a/b");
        for text in ["", "a//b", "a/b/c/d", "a b", "a.b/c"] {
            assert!(text.parse::<ProviderAddr>().is_err(), "{text}");
        }
    }

    #[test]
    fn configurations() {
        for text in ["provider[\"registry.terraform.io/hashicorp/aws\"]", "module.x.provider[\"registry.opentofu.org/hashicorp/aws\"].east"] {
            assert_eq!(text.parse::<ProviderConfigAddr>().unwrap().to_string(), text);
        }
        let old: ProviderConfigAddr = "provider.aws.east".parse().unwrap();
        assert_eq!(old.to_string(), "provider[\"registry.terraform.io/hashicorp/aws\"].east");
        assert_eq!("provider[\"a b\"]".parse::<ProviderConfigAddr>().unwrap_err().at, 11);
        assert!("provider".parse::<ProviderConfigAddr>().is_err() && "provider[\"aws\"".parse::<ProviderConfigAddr>().is_err());
    }
}
