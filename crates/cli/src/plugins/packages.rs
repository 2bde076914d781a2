//! Packages for other machines: their hashes in the lock file, and themselves in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weir_addr::ProviderAddr;
use weir_diag::{Diagnostic, Diagnostics, Sources};
use weir_plan::{Catalog, Nodes};
use weir_plugin::install::{Folders, LockEntry, Mirror, NetworkMirror, Package, Remote, Selection, fetch, lock_file, look_up, publish};
use weir_provider::Fault;

use super::{LOCK_FILE, Need, Reader, installation, needs, platform, told};
use crate::context::Context;

/// Where packages are taken from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Each from the registry in its address.
    Registry,
    /// A network mirror.
    Mirror(String),
    /// A filesystem mirror.
    Folder(PathBuf),
}

/// Checks the name of a platform.
pub(crate) fn platform_name(text: &str) -> Result<String, String> {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    match text.split_once('_') {
        Some((os, arch)) if is_word(os) && is_word(arch) => Ok(text.to_owned()),
        _ => Err(format!("\"{text}\" is no platform: write it as OS_ARCH, such as linux_amd64 or darwin_arm64")),
    }
}

/// Where packages come from, for each platform in turn.
struct Shop {
    source: Source,
    tokens: BTreeMap<String, String>,
}

impl Shop {
    fn remote(&self, platform: &str) -> Remote {
        let mirrors = match &self.source {
            Source::Mirror(url) => vec![NetworkMirror { url: url.clone(), selection: Selection::default() }],
            Source::Registry | Source::Folder(_) => Vec::new(),
        };
        let direct = matches!(self.source, Source::Registry).then(Selection::default);
        Remote { mirrors, direct, tokens: self.tokens.clone(), platform: platform.to_owned(), into: PathBuf::new() }
    }

    fn package(&self, context: &Context, addr: &ProviderAddr, need: &Need, locked: Option<&LockEntry>, platform: &str) -> Result<Package, Fault> {
        let missing = || {
            let place = match &self.source {
                Source::Mirror(url) => url.clone(),
                Source::Registry | Source::Folder(_) => format!("the registry {}", addr.host),
            };
            Fault::error("Provider not found", format!("There is no provider {} at {place}.", addr.for_display()))
        };
        let remote = self.remote(platform);
        let fetched = context.block_on(fetch(addr, &need.constraints, locked.map(|locked| &locked.version), &remote));
        fetched.map_err(|_| Fault::error("Provider cannot be downloaded", "No threads can be started for it."))??.ok_or_else(missing)
    }

    /// What the lock file shall say of one provider for one platform, and who vouches for it.
    fn entry(&self, context: &Context, addr: &ProviderAddr, need: &Need, locked: Option<&LockEntry>, platform: &str) -> Result<(LockEntry, String), Fault> {
        let constraints = wanted(need);
        if let Source::Folder(path) = &self.source {
            let folders = Folders { mirrors: vec![Mirror::new(path)], platform: platform.to_owned(), ..Folders::default() };
            let (version, hashes) = look_up(addr, &need.constraints, locked.map(|locked| &locked.version), &folders)?;
            return Ok((LockEntry { version, constraints, hashes }, format!("unsigned, from {}", path.display())));
        }
        let package = self.package(context, addr, need, locked, platform)?;
        Ok((LockEntry { version: package.version.clone(), constraints, hashes: package.hashes.clone() }, vouched(&package)))
    }
}

fn vouched(package: &Package) -> String {
    package.signed_by.as_ref().map_or_else(|| "unsigned, from a mirror".to_owned(), |key| format!("signed, key id {key}"))
}

/// The constraints of a provider as one text, in which nothing depends on the order of modules.
pub(super) fn wanted(need: &Need) -> String {
    let mut wanted: Vec<String> = need.constraints.iter().map(ToString::to_string).collect();
    wanted.sort();
    wanted.dedup();
    wanted.join(", ")
}

/// The providers to work on: what runs as a plugin, or those that are `named`.
fn chosen(context: &Context, nodes: &Nodes, catalog: &Catalog, named: &[ProviderAddr], diags: &mut Diagnostics) -> BTreeMap<ProviderAddr, Need> {
    let mut needs = needs(context, nodes, catalog, diags);
    for addr in named.iter().filter(|addr| !needs.contains_key(addr)) {
        let detail = format!("{} is given, and nothing in the configuration requires it.", addr.for_display());
        diags.push(Diagnostic::error("Provider is not required", detail));
    }
    needs.retain(|addr, need| if named.is_empty() { !need.native || catalog.get(addr).is_none() } else { named.contains(addr) });
    needs
}

fn platforms(given: &[String]) -> Vec<String> {
    if given.is_empty() { vec![platform()] } else { given.to_vec() }
}

/// Adds hashes of packages for platforms to the lock file.
pub(crate) fn lock(
    context: &Context,
    nodes: &Nodes,
    catalog: &Catalog,
    sources: &mut Sources,
    source: &Source,
    for_platforms: &[String],
    named: &[ProviderAddr],
) -> Result<(), Diagnostics> {
    let mut diags = Diagnostics::new();
    let needs = chosen(context, nodes, catalog, named, &mut diags);
    let mut reader = Reader { sources, diags: &mut diags };
    let shop = Shop { source: source.clone(), tokens: installation(context, &mut reader).remote.tokens };
    let before = reader.lock(Path::new(LOCK_FILE));
    if diags.has_errors() {
        return Err(diags);
    }
    let out = &context.out;
    if needs.is_empty() {
        out.line("All providers of this configuration are part of Weir: there is nothing to lock.");
        return Ok(());
    }
    let mut after = before.clone();
    for (addr, need) in &needs {
        for platform in platforms(for_platforms) {
            // What the first platform chose holds for the next.
            let locked = after.get(addr).cloned();
            match shop.entry(context, addr, need, locked.as_ref(), &platform) {
                Ok((mut entry, how)) => {
                    out.line(format!("- {} v{} for {platform} ({how})", addr.for_display(), entry.version));
                    entry.hashes.extend(locked.into_iter().flat_map(|locked| locked.hashes));
                    entry.hashes.sort();
                    entry.hashes.dedup();
                    after.insert(addr.clone(), entry);
                }
                Err(fault) => diags.push(told(nodes, catalog, addr, fault)),
            }
        }
    }
    if diags.has_errors() {
        return Err(diags);
    }
    if after == before {
        out.line(format!("\n{} {LOCK_FILE} already says all that.", context.paint().good("Success!")));
    } else {
        crate::file::replace(Path::new(LOCK_FILE), lock_file(&after).as_bytes())?;
        out.line(format!("\n{} {LOCK_FILE} has new hashes. Look at the change, and commit it.", context.paint().good("Success!")));
    }
    Ok(())
}

/// Copies packages for platforms into a folder.
pub(crate) fn mirror(
    context: &Context,
    nodes: &Nodes,
    catalog: &Catalog,
    sources: &mut Sources,
    folder: &Path,
    for_platforms: &[String],
    by_lock: bool,
) -> Result<(), Diagnostics> {
    let mut diags = Diagnostics::new();
    let needs = chosen(context, nodes, catalog, &[], &mut diags);
    let mut reader = Reader { sources, diags: &mut diags };
    let shop = Shop { source: Source::Registry, tokens: installation(context, &mut reader).remote.tokens };
    let lock = if by_lock { reader.lock(Path::new(LOCK_FILE)) } else { BTreeMap::new() };
    if diags.has_errors() {
        return Err(diags);
    }
    if needs.is_empty() {
        context.out.line("All providers of this configuration are part of Weir: there is nothing to mirror.");
    }
    for (addr, need) in &needs {
        let mut locked = lock.get(addr).cloned();
        for platform in platforms(for_platforms) {
            let done = shop.package(context, addr, need, locked.as_ref(), &platform).and_then(|package| {
                let known = lock.get(addr).is_none_or(|locked| locked.hashes.is_empty() || package.hashes.iter().any(|hash| locked.hashes.contains(hash)));
                if !known {
                    let detail = format!("What was downloaded of {} {} has none of the hashes that {LOCK_FILE} names.", addr.for_display(), package.version);
                    return Err(Fault::error("Provider is not the one in the lock file", detail));
                }
                let path = publish(addr, &package, &platform, folder)?;
                context.out.line(format!("- {} v{} for {platform} ({}): {}", addr.for_display(), package.version, vouched(&package), path.display()));
                Ok(package.version.clone())
            });
            match done {
                // All platforms get the same version.
                Ok(version) => locked = locked.or(Some(LockEntry { version, constraints: String::new(), hashes: Vec::new() })),
                Err(fault) => diags.push(told(nodes, catalog, addr, fault)),
            }
        }
    }
    if diags.has_errors() { Err(diags) } else { Ok(()) }
}
