//! Where a module comes from.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::AddrError;

const DEFAULT_HOST: &str = "registry.terraform.io";
const OPENTOFU_HOST: &str = "registry.opentofu.org";

/// The `source` of a module call. It prints in the long form in which `modules.json` records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleSource {
    /// A folder: `./net`, `../net` or `/srv/net`.
    Local(Arc<str>),
    /// A module of a registry: `hashicorp/consul/aws`, `example.com/acme/net/aws//private`.
    Registry {
        /// Which module.
        module: RegistryModule,
        /// The folder in it.
        subdir: Option<Arc<str>>,
    },
    /// A package that is downloaded: `git::https://example.com/net.git?ref=v1`, `https://example.com/net.zip`.
    Remote {
        /// Where it is: with what it is got (`git::`), URL, and query.
        package: Arc<str>,
        /// The folder in it.
        subdir: Option<Arc<str>>,
    },
}

/// The address of a module in a registry.
///
/// The two public registries serve the same modules, so they compare equal.
#[derive(Clone, Debug)]
pub struct RegistryModule {
    /// Host name of the registry.
    pub host: Arc<str>,
    /// Who publishes it.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The provider that it is mainly for.
    pub provider: Arc<str>,
}

impl RegistryModule {
    fn canonical(&self) -> (&str, &str, &str, &str) {
        let host = if &*self.host == OPENTOFU_HOST { DEFAULT_HOST } else { &self.host };
        (host, &self.namespace, &self.name, &self.provider)
    }
}

impl PartialEq for RegistryModule {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}
impl Eq for RegistryModule {}

impl fmt::Display for RegistryModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.host, self.namespace, self.name, self.provider)
    }
}

impl ModuleSource {
    /// Whether it is a folder that need not be installed.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// The folder in the package that is meant.
    pub fn subdir(&self) -> Option<&str> {
        match self {
            Self::Local(_) => None,
            Self::Registry { subdir, .. } | Self::Remote { subdir, .. } => subdir.as_deref(),
        }
    }
}

impl fmt::Display for ModuleSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => f.write_str(path),
            Self::Registry { module, subdir: None } => write!(f, "{module}"),
            Self::Registry { module, subdir: Some(subdir) } => write!(f, "{module}//{subdir}"),
            Self::Remote { package, subdir: None } => f.write_str(package),
            Self::Remote { package, subdir: Some(subdir) } => match package.split_once('?') {
                Some((place, query)) => write!(f, "{place}//{subdir}?{query}"),
                None => write!(f, "{package}//{subdir}"),
            },
        }
    }
}

/// How packages are got that a source can name before `::`.
const GETTERS: [&str; 4] = ["git", "http", "https", "s3"];

impl FromStr for ModuleSource {
    type Err = AddrError;
    fn from_str(text: &str) -> Result<Self, AddrError> {
        let fail = |message: String| Err(AddrError { text: text.to_owned(), at: 0, message });
        if text.trim() != text || text.is_empty() {
            return fail("it is empty, or has blanks around it".to_owned());
        }
        if text.starts_with("./") || text.starts_with("../") || text.starts_with('/') || matches!(text, "." | "..") {
            return Ok(Self::Local(text.into()));
        }
        let (place, subdir) = split_subdir(text);
        if let Some(subdir) = &subdir
            && (subdir.split('/').any(|part| part == ".." || part.is_empty()) || subdir.starts_with('/'))
        {
            return fail(format!("\"{subdir}\" is not a folder in the package"));
        }
        let subdir: Option<Arc<str>> = subdir.map(Into::into);
        if !place.contains("::") && !place.contains("://") && !place.contains(['?', '@']) {
            match registry(&place) {
                Some(Ok(module)) => return Ok(Self::Registry { module, subdir }),
                Some(Err(message)) => return fail(message),
                None => {}
            }
        }
        match package(&place) {
            Ok(package) => Ok(Self::Remote { package: package.into(), subdir }),
            Err(message) => fail(message),
        }
    }
}

/// Takes `//folder` out of a source.
fn split_subdir(text: &str) -> (String, Option<String>) {
    let (place, query) = text.split_once('?').map_or((text, None), |(place, query)| (place, Some(query)));
    let from = place.find("://").map_or(0, |at| at + 3);
    let Some(at) = place[from..].find("//").map(|at| at + from) else { return (text.to_owned(), None) };
    let (place, subdir) = (&place[..at], place[at + 2..].trim_end_matches('/'));
    let whole = query.map_or_else(|| place.to_owned(), |query| format!("{place}?{query}"));
    (whole, Some(subdir.to_owned()).filter(|subdir| !subdir.is_empty()))
}

/// An address in a registry; `None` when it has not that form.
fn registry(text: &str) -> Option<Result<RegistryModule, String>> {
    let parts: Vec<&str> = text.split('/').collect();
    let (host, rest) = match *parts.as_slice() {
        [host, ref rest @ ..] if rest.len() == 3 => (host, rest),
        ref rest if rest.len() == 3 => (DEFAULT_HOST, rest),
        _ => return None,
    };
    if matches!(host, "github.com" | "bitbucket.org") || rest[0].contains(['.', ':']) {
        return None;
    }
    if host == "gitlab.com" {
        return Some(Err("gitlab.com is no module registry under that address: write git::https://gitlab.com/… for a repository there".to_owned()));
    }
    let is_host = host.contains('.') || host.starts_with("localhost");
    let is_name = |part: &str| {
        let ends = [part.chars().next(), part.chars().last()];
        ends.iter().all(|end| end.is_some_and(|c| c.is_ascii_alphanumeric()))
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            && part.len() <= 64
    };
    let is_provider = |part: &str| is_name(part) && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let well = is_host && is_name(rest[0]) && is_name(rest[1]) && is_provider(rest[2]);
    well.then(|| Ok(RegistryModule { host: host.into(), namespace: rest[0].into(), name: rest[1].into(), provider: rest[2].into() }))
}

/// The long form of a package's address.
fn package(text: &str) -> Result<String, String> {
    let (getter, place) = match text.split_once("::") {
        Some((getter, place)) if getter.chars().all(|c| c.is_ascii_alphanumeric()) => (Some(getter), place),
        _ => (None, text),
    };
    if let Some(getter) = getter.filter(|getter| !GETTERS.contains(getter)) {
        return Err(format!("Weir gets packages with git::, https:: and s3::, and not with {getter}::; put the module into a repository or an archive of one of these"));
    }
    // USER@HOST:PATH, as ssh has it.
    if let Some((user, rest)) = place.split_once('@').filter(|(user, _)| !user.contains(['/', ':']))
        && let Some((host, path)) = rest.split_once(':').filter(|(host, path)| !host.contains('/') && !path.is_empty())
        && getter.is_none_or(|getter| getter == "git")
    {
        let port = path.split('/').next().is_some_and(|first| !first.is_empty() && first.chars().all(|c| c.is_ascii_digit()));
        let path = if port { format!(":{path}") } else { format!("/{}", path.trim_start_matches('/')) };
        return Ok(format!("git::ssh://{user}@{host}{path}"));
    }
    for host in ["github.com", "bitbucket.org"] {
        let Some(rest) = place.strip_prefix(host).and_then(|rest| rest.strip_prefix('/')) else { continue };
        if getter.is_some_and(|getter| getter != "git") {
            continue;
        }
        let (path, query) = rest.split_once('?').map_or((rest, String::new()), |(path, query)| (path, format!("?{query}")));
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let [owner, name, more @ ..] = parts.as_slice() else { return Err(format!("a repository there is written {host}/OWNER/NAME")) };
        if owner.is_empty() || name.is_empty() || !more.is_empty() {
            return Err(format!("a repository there is written {host}/OWNER/NAME, and a folder in it {host}/OWNER/NAME//FOLDER"));
        }
        return Ok(format!("git::https://{host}/{owner}/{}.git{query}", name.trim_end_matches(".git")));
    }
    if let Some(getter) = getter {
        let url = if place.starts_with('/') { format!("file://{place}") } else { place.to_owned() };
        return if url.contains("://") {
            Ok(format!("{getter}::{url}"))
        } else {
            Err(format!("after {getter}:: a URL is needed, such as {getter}::https://example.com/…"))
        };
    }
    if place.split('/').next().is_some_and(|host| host.ends_with(".amazonaws.com")) {
        return Ok(format!("s3::https://{place}"));
    }
    match place.split_once("://") {
        Some(("https" | "http" | "file" | "git", _)) => Ok(place.to_owned()),
        Some(("ssh", _)) => Err(format!("a repository over ssh is written git::{place}")),
        Some((scheme, _)) => Err(format!("nothing is known that gets a module with {scheme}://")),
        None => Err(format!("it is not clear how it is to be got; if a path relative to this module is meant, write \"./{text}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str) {
        match text.parse::<ModuleSource>() {
            Ok(source) => {
                assert_eq!(source.to_string(), wanted, "{text}");
                assert_eq!(wanted.parse::<ModuleSource>().unwrap(), source, "{wanted} reads back");
            }
            Err(error) => assert!(!wanted.is_empty() && error.message.contains(wanted), "{text}: {}", error.message),
        }
    }

    #[test]
    fn sources_have_a_long_form() {
        check("./net", "./net");
        check("../net//x", "../net//x");
        check("hashicorp/consul/aws", "registry.terraform.io/hashicorp/consul/aws");
        check("hashicorp/consul/aws//modules/x", "registry.terraform.io/hashicorp/consul/aws//modules/x");
        check("localhost:8443/acme/net/aws", "localhost:8443/acme/net/aws");
        check("github.com/acme/net", "git::https://github.com/acme/net.git");
        check("github.com/acme/net.git//sub?ref=v1", "git::https://github.com/acme/net.git//sub?ref=v1");
        check("bitbucket.org/acme/net", "git::https://bitbucket.org/acme/net.git");
        check("git@github.com:acme/net.git//sub?ref=v1", "git::ssh://git@github.com/acme/net.git//sub?ref=v1");
        check("git::git@example.com:acme/net.git", "git::ssh://git@example.com/acme/net.git");
        check("git::ssh://git@example.com:22/acme/net.git", "git::ssh://git@example.com:22/acme/net.git");
        check("git::https://example.com/net.git//a/b?ref=v1&depth=1", "git::https://example.com/net.git//a/b?ref=v1&depth=1");
        check("git::/srv/net", "git::file:///srv/net");
        check("https://example.com/net.zip//a", "https://example.com/net.zip//a");
        check("s3::https://s3.amazonaws.com/b/net.zip", "s3::https://s3.amazonaws.com/b/net.zip");
        check("b.s3.amazonaws.com/net.zip", "s3::https://b.s3.amazonaws.com/net.zip");
    }

    #[test]
    fn what_is_none_says_what_would_be() {
        check("net", "write \"./net\"");
        check("foo/bar", "write \"./foo/bar\"");
        check("github.com/acme", "github.com/OWNER/NAME");
        check("gitlab.com/a/b/c", "git::https://gitlab.com");
        check("hg::https://example.com/x", "not with hg::");
        check("ssh://git@example.com/x", "git::ssh://");
        check("ftp://example.com/x", "ftp://");
        check("git::https://example.com/x.git//../y", "not a folder");
        check("", "it is empty");
    }

    #[test]
    fn the_public_registries_are_the_same() {
        let other: ModuleSource = "registry.opentofu.org/a/b/c".parse().unwrap();
        assert_eq!(other, "a/b/c".parse().unwrap());
    }
}
