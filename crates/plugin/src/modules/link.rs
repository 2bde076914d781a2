//! Symbolic links in packages.

use std::path::{Component, Path};

use weir_provider::Fault;

use super::fault;

/// Refuses a package with a link that leads out of it.
pub(super) fn check(package: &Path) -> Result<(), Fault> {
    let root = package.canonicalize().map_err(|error| fault(format!("{}: {error}.", package.display())))?;
    walk(&root, &root)
}

fn walk(root: &Path, folder: &Path) -> Result<(), Fault> {
    let unreadable = |error: std::io::Error| fault(format!("{}: {error}.", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
        // Git's own files are no part of the module.
        if kind.is_dir() && entry.file_name() != ".git" {
            walk(root, &path)?;
        } else if kind.is_symlink() {
            let target = std::fs::read_link(&path).map_err(unreadable)?;
            let stays = match path.canonicalize() {
                Ok(real) => real.starts_with(root),
                Err(_) => stays(path.strip_prefix(root).unwrap_or(&path), &target),
            };
            if !stays {
                return Err(fault(format!(
                    "The package has a symbolic link that leads out of it: {} to {}. Nothing was installed.",
                    path.strip_prefix(root).unwrap_or(&path).display(),
                    target.display()
                )));
            }
        }
    }
    Ok(())
}

/// Whether a link to nothing at least points into the package, as it is written.
fn stays(link: &Path, target: &Path) -> bool {
    let mut depth = link.components().count() - 1;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_stay_in_the_package() {
        let case = |links: &[(&str, &str)], well: bool| {
            let folder = tempfile::tempdir().unwrap();
            let package = folder.path().join("p");
            std::fs::create_dir_all(package.join("a/b")).unwrap();
            std::fs::write(package.join("x"), "").unwrap();
            std::fs::write(folder.path().join("outside"), "").unwrap();
            for (name, target) in links {
                symlink(target, package.join(name)).unwrap();
            }
            assert_eq!(check(&package).is_ok(), well, "{links:?}");
        };
        case(&[("l", "x"), ("a/l", "../x"), ("a/b/l", "../../a"), ("none", "a/none")], true);
        case(&[("l", "../outside")], false);
        case(&[("a/l", "../../none")], false);
        case(&[("l", "/etc/passwd")], false);
        // As it is written it stays, through the other link it does not.
        case(&[("d", "."), ("l", "d/../outside")], false);
    }
}
