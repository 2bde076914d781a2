//! Finds the program of a provider in folders on disk, and downloads what is not there.

mod constraint;
mod hash;
mod lock;
mod mirror;
mod publish;
pub(crate) mod remote;
mod seen;
mod signature;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use semver::Version;
use weir_addr::ProviderAddr;
use weir_provider::Fault;

pub use constraint::{Constraint, ConstraintError};
pub use hash::{hash_folder, hash_zip};
pub use lock::{LockEntry, lock_file};
pub use mirror::Mirror;
pub use publish::publish;
pub use remote::{Downloaded, NetworkMirror, Package, Remote, Selection, download, fetch};

use mirror::{Shape, Stored};

/// Where providers are looked for.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    /// Programs that stand for a provider whatever its version (`dev_overrides`), or the folders that hold them.
    pub overrides: BTreeMap<ProviderAddr, PathBuf>,
    /// Folders in the layout of a filesystem mirror, in the order in which they are preferred; caches are among them.
    pub mirrors: Vec<Mirror>,
    /// Where packed providers are unpacked to, in the same layout.
    pub unpacked: PathBuf,
    /// `linux_amd64`
    pub platform: String,
    /// The file that remembers hashes, so that what has not changed is not hashed again.
    pub memory: Option<PathBuf>,
}

/// A provider that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its version; none of an override.
    pub version: Option<Version>,
    /// Its folder; none of an override.
    pub folder: Option<PathBuf>,
    /// Its program.
    pub program: PathBuf,
    /// `h1:` of its package, where that was needed or is remembered.
    pub hash: Option<String>,
}

/// Finds the newest version that meets all constraints, or the one that the lock file names. What is found must be what the lock file says.
pub fn find(addr: &ProviderAddr, constraints: &[Constraint], lock: Option<&LockEntry>, folders: &Folders) -> Result<Found, Fault> {
    if let Some(path) = folders.overrides.get(addr) {
        return overridden(addr, path);
    }
    let packages: Vec<Stored> = folders.mirrors.iter().flat_map(|mirror| mirror.packages(addr, &folders.platform)).collect();
    let locked = lock.map(|lock| &lock.version);
    let chosen = chosen(&packages, constraints, locked);
    let Some(package) = chosen else { return Err(not_found(addr, constraints, locked, &packages, folders)) };
    let hashes = match lock {
        Some(lock) if !lock.hashes.is_empty() => check(addr, package, lock, folders.memory.as_deref())?,
        _ if folders.memory.is_some() => package.hashes(folders.memory.as_deref())?,
        _ => Vec::new(),
    };
    let folder = match package.shape {
        Shape::Folder => package.path.clone(),
        Shape::Zip => {
            let folder = folders.unpacked.join(&*addr.host).join(&*addr.namespace).join(&*addr.name).join(package.version.to_string()).join(&folders.platform);
            unpack(&package.path, &folder)
                .map_err(|error| Fault::error("Provider package cannot be unpacked", format!("{} into {}: {error}.", package.path.display(), folder.display())))?;
            folder
        }
    };
    let program = program(&folder, &addr.name)
        .ok_or_else(|| Fault::error("Provider package has no program", format!("{} holds no executable file terraform-provider-{}.", folder.display(), addr.name)))?;
    Ok(Found { version: Some(package.version.clone()), folder: Some(folder), program, hash: hashes.into_iter().find(|hash| hash.starts_with("h1:")) })
}

/// Version and hashes of a provider in a folder, the newest that meets all constraints or the one that is locked; nothing is unpacked.
pub fn look_up(addr: &ProviderAddr, constraints: &[Constraint], locked: Option<&Version>, folders: &Folders) -> Result<(Version, Vec<String>), Fault> {
    let packages: Vec<Stored> = folders.mirrors.iter().flat_map(|mirror| mirror.packages(addr, &folders.platform)).collect();
    let package = chosen(&packages, constraints, locked).ok_or_else(|| not_found(addr, constraints, locked, &packages, folders))?;
    Ok((package.version.clone(), package.hashes(folders.memory.as_deref())?))
}

/// The newest that meets all constraints or, if it does, the one that is locked.
fn chosen<'a>(packages: &'a [Stored], constraints: &[Constraint], locked: Option<&Version>) -> Option<&'a Stored> {
    let fits = |package: &&Stored| constraints.iter().all(|constraint| constraint.allows(&package.version));
    match locked {
        Some(version) => packages.iter().find(|package| package.version == *version).filter(fits),
        // The first of the newest: mirrors are listed in order of preference.
        None => packages.iter().filter(fits).filter(|package| !constraints.is_empty() || package.version.pre.is_empty()).rev().max_by(|a, b| a.version.cmp(&b.version)),
    }
}

fn overridden(addr: &ProviderAddr, path: &Path) -> Result<Found, Fault> {
    let program = if path.is_dir() { program(path, &addr.name) } else { Some(path.to_owned()).filter(|path| path.is_file()) };
    let missing = || {
        let detail = format!(
            "dev_overrides of the CLI configuration says that {} is in {}, but no file terraform-provider-{} is there.",
            addr.for_display(),
            path.display(),
            addr.name
        );
        Fault::error("Provider not found", detail)
    };
    program.map(|program| Found { version: None, folder: None, program, hash: None }).ok_or_else(missing)
}

fn not_found(addr: &ProviderAddr, constraints: &[Constraint], locked: Option<&Version>, packages: &[Stored], folders: &Folders) -> Fault {
    let name = addr.for_display();
    let wanted: Vec<String> = constraints.iter().map(ToString::to_string).collect();
    let wanted = if wanted.is_empty() { String::new() } else { format!(" {}", wanted.join(", ")) };
    let mut detail = match (locked, packages) {
        (_, []) => format!("Weir has no provider {name} of its own, and found none to run as a plugin for {}.", folders.platform),
        (Some(version), _) => format!(
            ".terraform.lock.hcl says version {version} of {name}{}, and that is not there.",
            if wanted.is_empty() { String::new() } else { format!(", where{wanted} is required") }
        ),
        (None, _) => format!("No version of {name} that is there is{wanted}."),
    };
    if !packages.is_empty() {
        let mut versions: Vec<&Version> = packages.iter().map(|package| &package.version).collect();
        versions.sort();
        versions.dedup();
        detail.push_str(&format!(" Found: {}.", versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
    }
    detail.push_str(" It was looked for in:");
    for mirror in &folders.mirrors {
        detail.push_str(&format!("\n  {}{}", mirror.path.display(), mirror.why_not(addr)));
    }
    if folders.mirrors.is_empty() {
        detail.push_str(" no folder, as the CLI configuration names none");
    }
    let layout = format!("HOST/{}/{}/VERSION/{}", addr.namespace, addr.name, folders.platform);
    detail.push_str(&format!("\nRun `weir init` to download it, or put it into one of these folders, as {layout}/terraform-provider-{}.", addr.name));
    Fault::error("Provider not found", detail)
}

/// The package must be one that the lock file knows. Gives its hashes.
fn check(addr: &ProviderAddr, package: &Stored, lock: &LockEntry, memory: Option<&Path>) -> Result<Vec<String>, Fault> {
    let fault = |detail: String| Fault::error("Provider is not the one in the lock file", detail);
    let hashes = package.hashes(memory)?;
    if hashes.iter().any(|hash| lock.hashes.contains(hash)) {
        return Ok(hashes);
    }
    let only_zip = package.shape == Shape::Folder && !lock.hashes.iter().any(|hash| hash.starts_with("h1:"));
    let hint = if only_zip { " The file has only hashes of packed providers (zh:), and this one is unpacked: add its h1 hash with `weir providers lock`." } else { "" };
    Err(fault(format!(
        "{} in {} has the hash {}, which .terraform.lock.hcl does not name for version {}.{hint} If the change is meant, remove the provider from the lock file.",
        addr.for_display(),
        package.path.display(),
        hashes.join(" and "),
        lock.version
    )))
}

/// The program in an unpacked provider.
fn program(folder: &Path, name: &str) -> Option<PathBuf> {
    let wanted = format!("terraform-provider-{name}");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.is_file()
                && path
                    .file_name()
                    .and_then(|file| file.to_str())
                    .is_some_and(|file| file.strip_prefix(&wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '.'])))
        })
        .collect();
    found.sort();
    found.into_iter().next()
}

/// Unpacks beside the target and then moves there, so that a folder that is there is whole.
fn unpack(zip: &Path, folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)?;
    let made = tempfile::tempdir_in(parent)?;
    zip::ZipArchive::new(std::fs::File::open(zip)?).and_then(|mut archive| archive.extract(made.path())).map_err(std::io::Error::other)?;
    let made = made.keep();
    match std::fs::rename(&made, folder) {
        // Another run was faster.
        Err(_) if folder.is_dir() => std::fs::remove_dir_all(&made),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    fn addr() -> ProviderAddr {
        "example.com/acme/thing".parse().unwrap()
    }

    fn folder(root: &Path, version: &str) -> PathBuf {
        let folder = root.join("example.com/acme/thing").join(version).join("linux_amd64");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("terraform-provider-thing_v{version}_x5"));
        fs::write(&file, version).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn zipped(root: &Path, version: &str) -> PathBuf {
        let folder = root.join("example.com/acme/thing");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("terraform-provider-thing_{version}_linux_amd64.zip"));
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        zip.start_file(format!("terraform-provider-thing_v{version}_x5"), zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        zip.write_all(version.as_bytes()).unwrap();
        zip.finish().unwrap();
        path
    }

    fn folders(root: &Path) -> Folders {
        Folders {
            overrides: BTreeMap::new(),
            mirrors: vec![Mirror::new(root.join("mirror"))],
            unpacked: root.join("unpacked"),
            platform: "linux_amd64".to_owned(),
            memory: None,
        }
    }

    fn check_find(root: &Path, constraint: &str, lock: Option<LockEntry>, wanted: Result<&str, &str>) {
        let constraints = if constraint.is_empty() { Vec::new() } else { vec![constraint.parse().unwrap()] };
        match (find(&addr(), &constraints, lock.as_ref(), &folders(root)), wanted) {
            (Ok(found), Ok(version)) => {
                assert_eq!(found.version.unwrap().to_string(), version);
                assert_eq!(fs::read_to_string(&found.program).unwrap(), version);
                assert_eq!(fs::metadata(found.program).unwrap().permissions().mode() & 0o111, 0o111);
            }
            (Err(fault), Err(part)) => assert!(fault.to_string().contains(part), "{fault}"),
            (found, wanted) => panic!("{found:?}, not {wanted:?}"),
        }
    }

    #[test]
    fn the_newest_that_fits_is_found_in_both_layouts() {
        let root = tempfile::tempdir().unwrap();
        let mirror = root.path().join("mirror");
        folder(&mirror, "1.2.0");
        folder(&mirror, "1.10.0");
        zipped(&mirror, "2.0.0");
        folder(&mirror, "3.0.0-beta1");
        check_find(root.path(), "", None, Ok("2.0.0"));
        check_find(root.path(), "~> 1.2", None, Ok("1.10.0"));
        check_find(root.path(), "1.2.0", None, Ok("1.2.0"));
        check_find(root.path(), "3.0.0-beta1", None, Ok("3.0.0-beta1"));
        check_find(root.path(), "~> 4.0", None, Err("Found: 1.2.0, 1.10.0, 2.0.0, 3.0.0-beta1"));
        assert!(root.path().join("unpacked/example.com/acme/thing/2.0.0/linux_amd64").is_dir());
    }

    #[test]
    fn the_lock_file_decides() {
        let root = tempfile::tempdir().unwrap();
        let mirror = root.path().join("mirror");
        let (old, zip) = (folder(&mirror, "1.2.0"), zipped(&mirror, "2.0.0"));
        let lock = |version: &str, hashes: Vec<String>| Some(LockEntry { version: version.parse().unwrap(), constraints: String::new(), hashes });
        check_find(root.path(), "", lock("1.2.0", vec![hash_folder(&old).unwrap()]), Ok("1.2.0"));
        check_find(root.path(), "", lock("1.2.0", vec!["h1:other".to_owned()]), Err("which .terraform.lock.hcl does not name"));
        check_find(root.path(), "", lock("1.2.0", vec!["zh:00".to_owned()]), Err("only hashes of packed providers"));
        for hash in hash_zip(&zip).unwrap() {
            check_find(root.path(), "", lock("2.0.0", vec![hash]), Ok("2.0.0"));
        }
        check_find(root.path(), "> 1.5", lock("1.2.0", vec![]), Err("says version 1.2.0"));
        check_find(root.path(), "", lock("1.3.0", vec![]), Err("that is not there"));
    }

    #[test]
    fn where_it_was_looked_for_is_said() {
        let root = tempfile::tempdir().unwrap();
        let mut folders = folders(root.path());
        folders.mirrors.push(Mirror { include: vec!["other/*".to_owned()], ..Mirror::new("/excluded") });
        let fault = find(&addr(), &[], None, &folders).unwrap_err();
        assert!(fault.detail.contains(&format!("{}/mirror (no such folder)", root.path().display())), "{fault}");
        assert!(fault.detail.contains("/excluded (not for this provider)"), "{fault}");
    }

    #[test]
    fn an_override_has_no_version() {
        let root = tempfile::tempdir().unwrap();
        let built = folder(&root.path().join("mirror"), "9.9.9");
        let mut folders = Folders { overrides: [(addr(), built.clone())].into(), ..folders(root.path()) };
        let constraint = ["~> 1.0".parse().unwrap()];
        let found = find(&addr(), &constraint, None, &folders).unwrap();
        assert_eq!((found.version, found.program.parent()), (None, Some(&*built)));
        folders.overrides.insert(addr(), root.path().join("nowhere"));
        assert!(find(&addr(), &constraint, None, &folders).unwrap_err().detail.contains("dev_overrides"));
    }
}
