//! Providers that are not part of Weir: found on this machine and run as plugins.

mod description;
mod packages;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_addr::ProviderAddr;
use weir_config::syntax::{Body, parse};
use weir_diag::{Diagnostic, Diagnostics, Sources};
use weir_eval::Evaluator;
use weir_plan::{Catalog, DiskHost, Node, Nodes};
use weir_plugin::install::{Constraint, Folders, Found, LockEntry, Mirror, NetworkMirror, Remote, Selection, download, find, hash_folder, lock_file};
use weir_plugin::{Plugin, Program};
use weir_provider::Fault;
use weir_value::Value;

use crate::context::Context;

pub(crate) use description::describe;
pub(crate) use packages::{Source, lock, mirror, platform_name};

/// What the modules of a configuration want of one provider.
struct Need {
    local: Arc<str>,
    constraints: Vec<Constraint>,
    used: bool,
    native: bool,
}

/// Adds the providers that a configuration uses and the catalog has not, or shall not have natively. What is not there is noted in the catalog, which tells it where it is used.
pub(crate) fn add(context: &Context, nodes: &Nodes, catalog: &mut Catalog, sources: &mut Sources) -> Diagnostics {
    let mut diags = Diagnostics::new();
    let needs = needs(context, nodes, catalog, &mut diags);
    let wanted: Vec<(ProviderAddr, Need)> = needs.into_iter().filter(|(addr, need)| need.used && (!need.native || catalog.get(addr).is_none())).collect();
    if wanted.is_empty() {
        return diags;
    }
    let mut reader = Reader { sources, diags: &mut diags };
    let folders = installation(context, &mut reader).folders;
    let lock = reader.lock(Path::new(LOCK_FILE));
    let patience = patience(context, &mut diags);
    for (addr, need) in wanted {
        let found = find(&addr, &need.constraints, lock.get(&addr), &folders).map_err(|fault| vec![fault]);
        match found.and_then(|found| Plugin::start(program(context, &addr, found, patience))) {
            Ok(plugin) => catalog.add(addr, &need.local, Arc::new(plugin)),
            // What is native would otherwise serve unasked.
            Err(faults) if catalog.get(&addr).is_some() => diags.extend(faults.into_iter().map(|fault| Diagnostic::error(fault.summary, fault.detail))),
            Err(faults) => {
                if let Some(fault) = faults.into_iter().next() {
                    catalog.miss(addr, fault);
                }
            }
        }
    }
    diags
}

/// A provider that was found, as it is run. What it offers is remembered as long as its package is the same; a build of one's own is another one every time.
fn program(context: &Context, addr: &ProviderAddr, found: Found, patience: Duration) -> Program {
    let program = Program::new(&addr.for_display(), found.program).within(patience);
    match found.hash {
        Some(hash) => program.remembered_in(memory(context).join(hex::encode(hash)).with_extension("schemas")),
        None => program,
    }
}

/// The folder in which is kept what is known of providers.
fn memory(context: &Context) -> PathBuf {
    context.data_dir().join("known-providers")
}

/// How long a plugin may take to start.
fn patience(context: &Context, diags: &mut Diagnostics) -> Duration {
    let Some(text) = context.env.get("WEIR_PLUGIN_TIMEOUT") else { return Program::PATIENCE };
    crate::stored::duration(text).unwrap_or_else(|error| {
        diags.push(Diagnostic::error("Invalid WEIR_PLUGIN_TIMEOUT", format!("{error}.")));
        Program::PATIENCE
    })
}

fn needs(context: &Context, nodes: &Nodes, catalog: &Catalog, diags: &mut Diagnostics) -> BTreeMap<ProviderAddr, Need> {
    let mut needs: BTreeMap<ProviderAddr, Need> = BTreeMap::new();
    let entry = |local: &Arc<str>| Need { local: local.clone(), constraints: Vec::new(), used: false, native: true };
    for module in &nodes.modules {
        for (local, required) in &module.required_providers {
            let need = needs.entry(catalog.resolve(module, local)).or_insert_with(|| entry(local));
            need.native &= required.native;
            match required.version.as_deref().map(str::parse::<Constraint>) {
                Some(Ok(constraint)) => need.constraints.push(constraint),
                // Versions of native providers never mattered, so there it stays so.
                Some(Err(error)) if catalog.get(&catalog.resolve(module, local)).is_none() => {
                    diags.push(Diagnostic::error("Invalid version constraint", format!("{error}.")).at(required.span));
                }
                _ => {}
            }
        }
    }
    for node in &nodes.nodes {
        let Node::Provider { module, of } = node else { continue };
        needs.entry(catalog.resolve(&nodes.modules[*module], &of.name)).or_insert_with(|| entry(&of.name)).used = true;
    }
    for text in context.env.get("WEIR_PLUGINS").unwrap_or_default().split([',', ' ']).filter(|text| !text.is_empty()) {
        match text.parse::<ProviderAddr>() {
            Ok(addr) => {
                if let Some(need) = needs.get_mut(&addr) {
                    need.native = false;
                }
            }
            Err(error) => diags.push(Diagnostic::error(
                "Invalid provider address",
                format!("WEIR_PLUGINS names \"{text}\", which is none: {error}. It is a list such as \"hashicorp/aws\"."),
            )),
        }
    }
    needs
}

/// Where providers are looked for, and where they may be downloaded from.
struct Installation {
    folders: Folders,
    /// Those of the folders that hold what was downloaded before.
    downloaded: Vec<PathBuf>,
    remote: Remote,
}

/// What the CLI configuration says, or what is usual.
fn installation(context: &Context, reader: &mut Reader<'_>) -> Installation {
    let data = context.data_dir().join("providers");
    let platform = platform();
    let mut folders = Folders {
        overrides: BTreeMap::new(),
        mirrors: Vec::new(),
        unpacked: data.clone(),
        platform: platform.clone(),
        memory: Some(memory(context).join("hashes.json")),
    };
    let mut remote = Remote { platform, into: data.clone(), tokens: tokens(context, home(context).as_deref()), ..Remote::default() };
    let home = home(context);
    let named = context.env.get("TF_CLI_CONFIG_FILE").or_else(|| context.env.get("TERRAFORM_CONFIG")).map(PathBuf::from);
    let named = named.filter(|path| {
        let there = path.exists();
        if !there {
            let detail = format!("{} does not exist, though TF_CLI_CONFIG_FILE names it. Nothing is set by it.", path.display());
            reader.diags.push(Diagnostic::warning("Unable to open CLI configuration file", detail));
        }
        there
    });
    let usual = || [".tofurc", ".terraformrc"].iter().filter_map(|name| Some(home.as_ref()?.join(name))).find(|path| path.is_file());
    let mut cache = context.env.get("TF_PLUGIN_CACHE_DIR").map(PathBuf::from);
    let mut installation = None;
    if let Some(path) = named.or_else(usual)
        && let Some((body, quoted)) = reader.cli_configuration(&path)
    {
        folders.overrides = quoted;
        cache = cache.or_else(|| reader.text(&body, "plugin_cache_dir").map(PathBuf::from));
        for block in body.blocks.iter().filter(|block| &*block.kind.name == "credentials") {
            if let (Some(host), Some(token)) = (block.labels.first(), reader.text(&block.body, "token")) {
                // What the environment says goes before the file.
                remote.tokens.entry(host.name.to_string()).or_insert(token);
            }
        }
        installation = body.blocks.iter().find(|block| &*block.kind.name == "provider_installation").map(|block| block.body.clone());
    }
    match installation {
        Some(body) => {
            for block in &body.blocks {
                let selection = Selection { include: reader.texts(&block.body, "include"), exclude: reader.texts(&block.body, "exclude") };
                match &*block.kind.name {
                    "filesystem_mirror" => match reader.text(&block.body, "path") {
                        Some(path) => folders.mirrors.push(Mirror { path: path.into(), include: selection.include, exclude: selection.exclude }),
                        None => reader.diags.error(block.span, "Missing mirror path", "A filesystem_mirror block needs a path."),
                    },
                    "dev_overrides" => {}
                    "direct" => remote.direct = Some(selection),
                    "network_mirror" => match reader.text(&block.body, "url") {
                        Some(url) if url.starts_with("https://") => remote.mirrors.push(NetworkMirror { url, selection }),
                        _ => reader.diags.error(block.span, "Invalid mirror URL", "A network_mirror block needs a url that begins with https://."),
                    },
                    other => reader.diags.error(
                        block.span,
                        "Invalid provider_installation block",
                        format!("\"{other}\" is not known here: filesystem_mirror, network_mirror, direct and dev_overrides are."),
                    ),
                }
            }
        }
        None => {
            let mut usual = vec![PathBuf::from("terraform.d/plugins")];
            if let Some(home) = &home {
                usual.push(home.join(".terraform.d/plugins"));
                usual.push(home.join(".local/share/terraform/plugins"));
            }
            usual.extend(["/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"].map(PathBuf::from));
            folders.mirrors.extend(usual.into_iter().map(Mirror::new));
            remote.direct = Some(Selection::default());
        }
    }
    if let Some(cache) = &cache {
        remote.into.clone_from(cache);
    }
    let downloaded: Vec<PathBuf> = cache.into_iter().chain([data]).collect();
    folders.mirrors.extend(downloaded.iter().map(Mirror::new));
    Installation { folders, downloaded, remote }
}

/// Tokens for hosts, from the environment, the CLI configuration and what `login` of the incumbents has left.
pub(crate) fn credentials(context: &Context) -> BTreeMap<String, String> {
    let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
    // What is wrong in the file is said when providers are looked for.
    installation(context, &mut Reader { sources: &mut sources, diags: &mut diags }).remote.tokens
}

fn home(context: &Context) -> Option<PathBuf> {
    context.env.get("HOME").map(PathBuf::from)
}

/// Tokens for hosts: `TF_TOKEN_example_com` (`__` for a dash), and what `login` of the incumbents has left.
fn tokens(context: &Context, home: Option<&Path>) -> BTreeMap<String, String> {
    let file = home.map(|home| home.join(".terraform.d/credentials.tfrc.json")).and_then(|path| std::fs::read(path).ok());
    let saved: Option<serde_json::Value> = file.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let saved = saved.as_ref().and_then(|saved| saved["credentials"].as_object()).into_iter().flatten();
    let mut tokens: BTreeMap<String, String> = saved.filter_map(|(host, entry)| Some((host.clone(), entry["token"].as_str()?.to_owned()))).collect();
    let named = context.env.iter().filter_map(|(name, token)| Some((name.strip_prefix("TF_TOKEN_")?, token)));
    tokens.extend(named.map(|(host, token)| (host.replace("__", "-").replace('_', "."), token.to_owned())));
    tokens
}

/// What `weir init` does with the lock file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Locking {
    /// Choose the newest versions, whatever is locked.
    pub(crate) upgrade: bool,
    /// Fail where the file would change.
    pub(crate) readonly: bool,
}

/// What was installed.
pub(crate) struct Installed {
    /// The providers that run as plugins.
    pub(crate) plugins: Vec<ProviderAddr>,
    /// What to tell about it.
    pub(crate) lines: Vec<String>,
}

const LOCK_FILE: &str = ".terraform.lock.hcl";

/// Installs what a configuration needs and the catalog does not have natively, and writes down what was chosen.
pub(crate) fn install(context: &Context, nodes: &Nodes, catalog: &Catalog, sources: &mut Sources, locking: Locking) -> Result<Installed, Diagnostics> {
    let mut diags = Diagnostics::new();
    let wanted: Vec<(ProviderAddr, Need)> =
        needs(context, nodes, catalog, &mut diags).into_iter().filter(|(addr, need)| !need.native || catalog.get(addr).is_none()).collect();
    let mut lines = Vec::new();
    let plugins = wanted.iter().map(|(addr, _)| addr.clone()).collect();
    if wanted.is_empty() {
        return if diags.has_errors() { Err(diags) } else { Ok(Installed { plugins, lines }) };
    }
    let mut reader = Reader { sources, diags: &mut diags };
    let mut installation = installation(context, &mut reader);
    if locking.upgrade {
        // What was downloaded before says nothing of what there is now.
        installation.folders.mirrors.retain(|mirror| !installation.downloaded.contains(&mirror.path));
    }
    let before = reader.lock(Path::new(LOCK_FILE));
    let mut lock = before.clone();
    for (addr, need) in &wanted {
        match one(context, addr, need, &installation, lock.get(addr).filter(|_| !locking.upgrade)) {
            Ok((told, entry)) => {
                lines.extend(told);
                lock.extend(entry.map(|entry| (addr.clone(), entry)));
            }
            Err(fault) => {
                diags.push(told(nodes, catalog, addr, fault));
            }
        }
    }
    if !diags.has_errors() && lock != before {
        if locking.readonly {
            diags.push(Diagnostic::error(
                "Lock file would change",
                format!("-lockfile=readonly is given, and {LOCK_FILE} does not say all that was installed. Run weir init without it, look at the change, and commit it."),
            ));
        } else if let Err(error) = crate::file::replace(Path::new(LOCK_FILE), lock_file(&lock).as_bytes()) {
            diags.push(error);
        } else {
            lines.push(format!("\nWeir has written down its choices in {LOCK_FILE}. Commit it, so that the same are made the next time."));
        }
    }
    if diags.has_errors() { Err(diags) } else { Ok(Installed { plugins, lines }) }
}

/// A fault of a provider, at the place that requires it.
fn told(nodes: &Nodes, catalog: &Catalog, addr: &ProviderAddr, fault: Fault) -> Diagnostic {
    let mut required = nodes.modules.iter().flat_map(|module| module.required_providers.iter().map(move |entry| (module, entry)));
    let place = required.find(|(module, (local, _))| catalog.resolve(module, local) == *addr);
    place.into_iter().fold(Diagnostic::error(fault.summary, fault.detail), |fault, (_, (_, required))| fault.at(required.span))
}

/// Finds or downloads one provider; gives what to tell and, if it has a version, what the lock file shall say.
fn one(context: &Context, addr: &ProviderAddr, need: &Need, from: &Installation, locked: Option<&LockEntry>) -> Result<(Vec<String>, Option<LockEntry>), Fault> {
    let name = addr.for_display();
    let constraints = packages::wanted(need);
    let local = match find(addr, &need.constraints, locked, &from.folders) {
        Ok(found) => {
            let Some((version, folder)) = found.version.zip(found.folder) else {
                return Ok((vec![format!("- {name} is overridden by the CLI configuration (dev_overrides)")], None));
            };
            let own = hash_folder(&folder).map_err(|error| Fault::error("Provider cannot be read", format!("{}: {error}.", folder.display())))?;
            let mut hashes = locked.map(|locked| locked.hashes.clone()).unwrap_or_default();
            if !hashes.contains(&own) {
                hashes.push(own);
                hashes.sort();
            }
            return Ok((vec![format!("- Using {name} v{version} from {}", folder.display())], Some(LockEntry { version, constraints, hashes })));
        }
        Err(fault) => fault,
    };
    let done = context.block_on(download(addr, &need.constraints, locked.map(|locked| &locked.version), &from.remote)).map_err(|_| local.clone())??;
    let Some(done) = done else { return Err(local) };
    let mut hashes = done.hashes;
    if let Some(locked) = locked.filter(|locked| !locked.hashes.is_empty()) {
        if !hashes.iter().any(|hash| locked.hashes.contains(hash)) {
            return Err(Fault::error(
                "Provider is not the one in the lock file",
                format!(
                    "What was downloaded of {name} {} has none of the hashes that {LOCK_FILE} names. If the change is meant, remove the provider from the file.",
                    done.version
                ),
            ));
        }
        hashes.extend(locked.hashes.iter().cloned());
        hashes.sort();
        hashes.dedup();
    }
    let how = done.signed_by.map_or_else(|| "unsigned, from a mirror".to_owned(), |key| format!("signed, key id {key}"));
    Ok((vec![format!("- Installed {name} v{} ({how})", done.version)], Some(LockEntry { version: done.version, constraints, hashes })))
}

/// The platform that this program is for, such as `linux_amd64`.
fn platform() -> String {
    format!("{}_{}", os(), architecture())
}

fn os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

/// Reads files in HCL whose values are written out.
struct Reader<'a> {
    sources: &'a mut Sources,
    diags: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn body(&mut self, path: &Path) -> Option<Body> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.diags.push(Diagnostic::error("CLI configuration cannot be read", format!("{}: {error}.", path.display())));
                return None;
            }
        };
        let id = self.sources.add(path.display().to_string(), text);
        let (body, found) = parse(self.sources, id);
        self.diags.extend(found);
        Some(body)
    }

    fn value(&mut self, body: &Body, name: &str) -> Option<Value> {
        let attribute = body.attributes.iter().find(|attribute| &*attribute.name.name == name)?;
        let host = DiskHost::new(PathBuf::from("."), None, crate::stack::now());
        let mut evaluator = Evaluator::new(&(), &host);
        let value = evaluator.eval(&attribute.expr);
        self.diags.extend(evaluator.diags);
        Some(value)
    }

    fn text(&mut self, body: &Body, name: &str) -> Option<String> {
        self.value(body, name)?.as_str().map(str::to_owned)
    }

    fn texts(&mut self, body: &Body, name: &str) -> Vec<String> {
        self.value(body, name).map(|value| value.elements().filter_map(|item| item.as_str().map(str::to_owned)).collect()).unwrap_or_default()
    }

    /// The CLI configuration, and its `dev_overrides`. It is in an older form of the language: a key can be quoted, which here only `dev_overrides` needs.
    fn cli_configuration(&mut self, path: &Path) -> Option<(Body, BTreeMap<ProviderAddr, PathBuf>)> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.diags.push(Diagnostic::error("CLI configuration cannot be read", format!("{}: {error}.", path.display())));
                return None;
            }
        };
        let (plain, quoted) = without_quoted_keys(&text);
        let id = self.sources.add(path.display().to_string(), plain);
        let (body, found) = parse(self.sources, id);
        self.diags.extend(found);
        let mut overrides = BTreeMap::new();
        for (name, value) in quoted {
            match name.parse::<ProviderAddr>() {
                Ok(addr) => drop(overrides.insert(addr, PathBuf::from(value))),
                Err(error) => self
                    .diags
                    .push(Diagnostic::error("Invalid dev_overrides entry", format!("\"{name}\" in {} must be the address of a provider: {error}.", path.display()))),
            }
        }
        Some((body, overrides))
    }

    /// The entries of the dependency lock file; none when there is no such file.
    fn lock(&mut self, path: &Path) -> BTreeMap<ProviderAddr, LockEntry> {
        let mut found = BTreeMap::new();
        if !path.is_file() {
            return found;
        }
        let Some(body) = self.body(path) else { return found };
        for block in body.blocks.iter().filter(|block| &*block.kind.name == "provider") {
            let addr = block.labels.first().and_then(|label| label.name.parse::<ProviderAddr>().ok());
            let version = self.text(&block.body, "version").and_then(|version| version.parse().ok());
            match (addr, version) {
                (Some(addr), Some(version)) => {
                    let hashes = self.texts(&block.body, "hashes");
                    let constraints = self.text(&block.body, "constraints").unwrap_or_default();
                    found.insert(addr, LockEntry { version, constraints, hashes });
                }
                _ => self.diags.error(block.span, "Invalid dependency lock file", "A provider block has the address of a provider as its label, and a version."),
            }
        }
        found
    }
}

/// Takes out the lines of the form `"KEY" = "VALUE"`; blanks keep everything else in its place.
fn without_quoted_keys(text: &str) -> (String, Vec<(String, String)>) {
    let mut found = Vec::new();
    let entry = |line: &str| {
        let (key, rest) = line.trim().strip_prefix('"')?.split_once('"')?;
        let (value, rest) = rest.trim().strip_prefix('=')?.trim().strip_prefix('"')?.split_once('"')?;
        rest.trim().is_empty().then(|| (key.to_owned(), value.to_owned()))
    };
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| match entry(line) {
            Some(pair) => {
                found.push(pair);
                " ".repeat(line.len())
            }
            None => line.to_owned(),
        })
        .collect();
    (lines.join("\n"), found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_keys_are_taken_out() {
        let text = "provider_installation {\n  dev_overrides {\n    \"acme/thing\" = \"/tmp/x\"\n  }\n  direct {}\n}\n";
        let (plain, found) = without_quoted_keys(text);
        assert_eq!(found, [("acme/thing".to_owned(), "/tmp/x".to_owned())]);
        assert_eq!((plain.len(), plain.contains("acme"), plain.contains("direct {}")), (text.len(), false, true));
    }
}
