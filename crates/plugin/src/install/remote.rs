//! Downloads providers: from the registry that their address names, or from a network mirror. What comes is checked before it is unpacked.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url};
use semver::Version;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use weir_addr::ProviderAddr;
use weir_provider::Fault;

use super::{Constraint, hash_folder, hash_zip, mirror, signature, unpack};

/// Where providers may come from over the network.
#[derive(Clone, Debug, Default)]
pub struct Remote {
    /// Network mirrors, in the order in which they are preferred.
    pub mirrors: Vec<NetworkMirror>,
    /// The registries themselves; `None` when the CLI configuration does not allow them.
    pub direct: Option<Selection>,
    /// Tokens by host.
    pub tokens: BTreeMap<String, String>,
    /// `linux_amd64`
    pub platform: String,
    /// Where providers are unpacked to, in the layout of a filesystem mirror.
    pub into: PathBuf,
}

/// A network mirror.
#[derive(Clone, Debug, Default)]
pub struct NetworkMirror {
    /// Its base URL; HTTPS, with a slash at the end.
    pub url: String,
    /// For which providers it is.
    pub selection: Selection,
}

/// For which providers a method of installation is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Patterns such as `hashicorp/*`; all when empty.
    pub include: Vec<String>,
    /// Patterns of those that are left out.
    pub exclude: Vec<String>,
}

/// A provider that was downloaded and unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Its version.
    pub version: Version,
    /// What the lock file should know of it: `h1:` of this package, and `zh:` of all whose sums were signed.
    pub hashes: Vec<String>,
    /// The key that has signed it; `None` from a mirror, which signs nothing.
    pub signed_by: Option<String>,
}

/// A provider package that was downloaded and checked, packed as it came.
#[derive(Debug)]
pub struct Package {
    /// Its version.
    pub version: Version,
    /// The zip file; gone when dropped.
    pub file: NamedTempFile,
    /// Its own hashes, `h1:` first.
    own: Vec<String>,
    /// What the lock file should know of it.
    pub hashes: Vec<String>,
    /// The key that has signed it; `None` from a mirror, which signs nothing.
    pub signed_by: Option<String>,
}

impl Package {
    /// `h1:` of its content.
    pub fn content_hash(&self) -> &str {
        self.own.first().map_or("", String::as_str)
    }

    /// Unpacks it to where providers are kept.
    fn unpack(self, addr: &ProviderAddr, remote: &Remote) -> Result<Downloaded, Fault> {
        let Self { version, file, own, hashes, signed_by } = self;
        let local = |error: std::io::Error| Fault::error("Provider package cannot be unpacked", format!("{} {version}: {error}.", addr.for_display()));
        let folder = remote.into.join(&*addr.host).join(&*addr.namespace).join(&*addr.name).join(version.to_string()).join(&remote.platform);
        if folder.is_dir() && !own.contains(&hash_folder(&folder).map_err(local)?) {
            // What was there before is another package of that version.
            std::fs::remove_dir_all(&folder).map_err(local)?;
        }
        unpack(file.path(), &folder).map_err(local)?;
        Ok(Downloaded { version, hashes, signed_by })
    }
}

impl Selection {
    pub(super) fn takes(&self, addr: &ProviderAddr) -> bool {
        let matches = |patterns: &[String]| patterns.iter().any(|pattern| mirror::matches(pattern, addr));
        (self.include.is_empty() || matches(&self.include)) && !matches(&self.exclude)
    }
}

#[derive(Deserialize)]
struct Versions {
    versions: Vec<Offered>,
}

#[derive(Deserialize)]
struct Offered {
    version: String,
    #[serde(default)]
    platforms: Vec<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    arch: String,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    protocols: Vec<String>,
    filename: String,
    download_url: String,
    shasum: String,
    shasums_url: String,
    shasums_signature_url: String,
    signing_keys: SigningKeys,
}

#[derive(Deserialize)]
struct SigningKeys {
    gpg_public_keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct PublicKey {
    ascii_armor: String,
}

#[derive(Deserialize)]
struct Index {
    versions: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Archives {
    archives: BTreeMap<String, Archive>,
}

#[derive(Deserialize)]
struct Archive {
    url: String,
    #[serde(default)]
    hashes: Vec<String>,
}

/// Gets JSON and files over HTTPS.
pub(crate) struct Web<'a> {
    client: Client,
    tokens: &'a BTreeMap<String, String>,
}

pub(crate) fn failed(url: &Url, why: impl std::fmt::Display) -> Fault {
    Fault::error("Provider cannot be downloaded", format!("{url}: {why}."))
}

impl<'a> Web<'a> {
    pub(crate) fn new(tokens: &'a BTreeMap<String, String>) -> Result<Self, Fault> {
        // The library takes the process's crypto provider; whoever set one before us is content with it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().https_only(true).connect_timeout(Duration::from_secs(10)).read_timeout(Duration::from_secs(60)).build();
        Ok(Self { client: client.map_err(|error| Fault::error("Provider cannot be downloaded", error.to_string()))?, tokens })
    }

    /// What is at a URL; `None` when nothing is.
    pub(crate) async fn get(&self, url: &Url) -> Result<Option<Vec<u8>>, Fault> {
        let Some(answer) = self.answer(url).await? else { return Ok(None) };
        Ok(Some(answer.bytes().await.map_err(|error| failed(url, chain(error)))?.to_vec()))
    }

    /// The answer of a URL with its head; `None` when nothing is there.
    pub(crate) async fn answer(&self, url: &Url) -> Result<Option<Response>, Fault> {
        if url.scheme() != "https" {
            return Err(failed(url, "only HTTPS is trusted"));
        }
        let host = url.host_str().map(|host| url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))).unwrap_or_default();
        let mut request = self.client.get(url.clone());
        if let Some(token) = self.tokens.get(&host) {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.map_err(|error| failed(url, chain(error)))?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(failed(
                url,
                format!("the host refuses it ({}); give a token for it, as a credentials block of the CLI configuration or as {}", answer.status(), variable(&host)),
            )),
            status if !status.is_success() => Err(failed(url, format!("the host answers {status}"))),
            _ => Ok(Some(answer)),
        }
    }

    async fn needed(&self, url: &Url) -> Result<Vec<u8>, Fault> {
        self.get(url).await?.ok_or_else(|| failed(url, "there is nothing"))
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, url: &Url) -> Result<Option<T>, Fault> {
        let Some(bytes) = self.get(url).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(url, format!("the answer is not what the protocol says ({error})")))
    }
}

/// An error with what has caused it.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// The environment variable that holds the token for a host.
fn variable(host: &str) -> String {
    format!("TF_TOKEN_{}", host.replace('-', "__").replace('.', "_"))
}

pub(crate) fn join(base: &Url, path: &str) -> Result<Url, Fault> {
    base.join(path).map_err(|error| failed(base, format!("\"{path}\" is no URL: {error}")))
}

pub(crate) fn newest(versions: impl Iterator<Item = Version>, constraints: &[Constraint]) -> (Option<Version>, Vec<Version>) {
    let mut all: Vec<Version> = versions.collect();
    all.sort();
    let fits = |version: &&Version| constraints.iter().all(|constraint| constraint.allows(version)) && (!constraints.is_empty() || version.pre.is_empty());
    (all.iter().rev().find(fits).cloned(), all)
}

/// Downloads and unpacks the newest version that meets all constraints, or the one that is locked. `None` when nobody who may be asked has the provider.
pub async fn download(addr: &ProviderAddr, constraints: &[Constraint], locked: Option<&Version>, remote: &Remote) -> Result<Option<Downloaded>, Fault> {
    fetch(addr, constraints, locked, remote).await?.map(|package| package.unpack(addr, remote)).transpose()
}

/// Downloads what [`download`] does and leaves it packed.
pub async fn fetch(addr: &ProviderAddr, constraints: &[Constraint], locked: Option<&Version>, remote: &Remote) -> Result<Option<Package>, Fault> {
    let web = Web::new(&remote.tokens)?;
    let job = Job { web: &web, addr, constraints, locked, remote };
    for mirror in remote.mirrors.iter().filter(|mirror| mirror.selection.takes(addr)) {
        if let Some(done) = job.in_mirror(&mirror.url).await? {
            return Ok(Some(done));
        }
    }
    if remote.direct.as_ref().is_some_and(|direct| direct.takes(addr)) { job.in_registry().await } else { Ok(None) }
}

struct Job<'a> {
    web: &'a Web<'a>,
    addr: &'a ProviderAddr,
    constraints: &'a [Constraint],
    locked: Option<&'a Version>,
    remote: &'a Remote,
}

impl Job<'_> {
    fn choose(&self, versions: impl Iterator<Item = Version>, place: &Url) -> Result<Version, Fault> {
        let (chosen, all) = newest(versions, self.constraints);
        let chosen = match self.locked {
            Some(locked) => all.iter().find(|version| *version == locked).cloned(),
            None => chosen,
        };
        chosen.ok_or_else(|| {
            let wanted: Vec<String> = match self.locked {
                Some(locked) => vec![format!("{locked} (of .terraform.lock.hcl)")],
                None => self.constraints.iter().map(ToString::to_string).collect(),
            };
            let shown: Vec<String> = all.iter().rev().take(10).map(ToString::to_string).collect();
            let detail = format!(
                "No version of {} for {} at {place} is {}. The newest there are: {}.",
                self.addr.for_display(),
                self.remote.platform,
                wanted.join(", "),
                if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
            );
            Fault::error("No suitable provider version", detail)
        })
    }

    async fn in_registry(&self) -> Result<Option<Package>, Fault> {
        let addr = self.addr;
        let host = Url::parse(&format!("https://{}/", addr.host)).map_err(|error| Fault::error("Invalid registry host", format!("{}: {error}.", addr.host)))?;
        let discovery = join(&host, ".well-known/terraform.json")?;
        let services: Option<BTreeMap<String, serde_json::Value>> = self.web.json(&discovery).await?;
        let base = services.as_ref().and_then(|services| services.get("providers.v1")?.as_str());
        let Some(base) = base else { return Err(failed(&discovery, "the host offers no provider registry")) };
        let base = join(&discovery, &format!("{}/", base.trim_end_matches('/')))?;
        let list = join(&base, &format!("{}/{}/versions", addr.namespace, addr.name))?;
        let Some(offered) = self.web.json::<Versions>(&list).await? else { return Ok(None) };
        let (os, arch) = self.remote.platform.split_once('_').unwrap_or_default();
        let here = |offered: &Offered| offered.platforms.is_empty() || offered.platforms.iter().any(|platform| platform.os == os && platform.arch == arch);
        let version = self.choose(offered.versions.iter().filter(|offered| here(offered)).filter_map(|offered| offered.version.parse().ok()), &list)?;
        let place = join(&base, &format!("{}/{}/{version}/download/{os}/{arch}", addr.namespace, addr.name))?;
        let package: Place = self.web.json(&place).await?.ok_or_else(|| failed(&place, "there is nothing"))?;
        if !package.protocols.is_empty() && !package.protocols.iter().any(|protocol| ["5", "6"].contains(&protocol.split('.').next().unwrap_or_default())) {
            return Err(failed(&place, format!("version {version} speaks only version {} of the plugin protocol, and Weir 5 and 6", package.protocols.join(", "))));
        }
        let sums = self.web.needed(&join(&place, &package.shasums_url)?).await?;
        let signature = self.web.needed(&join(&place, &package.shasums_signature_url)?).await?;
        let keys: Vec<String> = package.signing_keys.gpg_public_keys.into_iter().map(|key| key.ascii_armor).collect();
        let Some(signed_by) = signature::signer(&sums, &signature, &keys) else {
            return Err(Fault::error(
                "Provider is not signed",
                format!("The checksums of {} {version} are not signed by any of the keys that {} names for it. Nothing was installed.", addr.for_display(), addr.host),
            ));
        };
        let sums = String::from_utf8_lossy(&sums);
        let lines: Vec<(&str, &str)> =
            sums.lines().filter_map(|line| line.split_once(char::is_whitespace)).map(|(sum, file)| (sum, file.trim_start_matches([' ', '*']))).collect();
        let expected = lines.iter().find(|(_, file)| *file == package.filename).map(|(sum, _)| *sum);
        let Some(expected) = expected.filter(|sum| sum.eq_ignore_ascii_case(&package.shasum)) else {
            return Err(failed(&place, format!("the signed checksums do not name {} with the sum that the registry gives", package.filename)));
        };
        let zip = self.web.needed(&join(&place, &package.download_url)?).await?;
        let zh = lines.iter().filter(|(_, file)| file.ends_with(".zip")).map(|(sum, _)| format!("zh:{}", sum.to_lowercase())).collect();
        self.checked(version, &zip, &[format!("zh:{}", expected.to_lowercase())], zh, Some(signed_by))
    }

    async fn in_mirror(&self, base: &str) -> Result<Option<Package>, Fault> {
        let addr = self.addr;
        let invalid = |error: &dyn std::fmt::Display| Fault::error("Invalid network mirror", format!("{base}: {error}."));
        let base = Url::parse(&format!("{}/", base.trim_end_matches('/'))).map_err(|error| invalid(&error))?;
        let index = join(&base, &format!("./{}/{}/{}/index.json", addr.host, addr.namespace, addr.name))?;
        let Some(found) = self.web.json::<Index>(&index).await? else { return Ok(None) };
        let version = self.choose(found.versions.keys().filter_map(|version| version.parse().ok()), &index)?;
        let place = join(&index, &format!("{version}.json"))?;
        let archives: Archives = self.web.json(&place).await?.ok_or_else(|| failed(&place, "there is nothing"))?;
        let Some(archive) = archives.archives.get(&self.remote.platform) else {
            return Err(failed(&place, format!("version {version} is not there for {}", self.remote.platform)));
        };
        let zip = self.web.needed(&join(&place, &archive.url)?).await?;
        self.checked(version, &zip, &archive.hashes, Vec::new(), None)
    }

    /// Checks a package against the sums that it must have: one of them, if there are any.
    fn checked(&self, version: Version, zip: &[u8], expected: &[String], mut hashes: Vec<String>, signed_by: Option<String>) -> Result<Option<Package>, Fault> {
        let addr = self.addr;
        let local = |error: std::io::Error| Fault::error("Provider package cannot be unpacked", format!("{} {version}: {error}.", addr.for_display()));
        let file = NamedTempFile::new().map_err(local)?;
        std::fs::write(file.path(), zip).map_err(local)?;
        let own = hash_zip(file.path()).map_err(local)?;
        if !expected.is_empty() && !own.iter().any(|hash| expected.contains(hash)) {
            let sum: String = Sha256::digest(zip).iter().map(|byte| format!("{byte:02x}")).collect();
            return Err(Fault::error(
                "Provider package is not what it should be",
                format!("The package of {} {version} has the SHA-256 sum {sum}, and {} was expected. Nothing was installed.", addr.for_display(), expected.join(" or ")),
            ));
        }
        hashes.extend(own.iter().filter(|hash| hash.starts_with("h1:")).cloned());
        hashes.sort();
        hashes.dedup();
        Ok(Some(Package { version, file, own, hashes, signed_by }))
    }
}
