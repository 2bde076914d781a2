//! `remote-exec` and `file`

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokio::process::Command;
use weir_plan::ProvisionerArguments;

use super::process::{self, Ended};
use super::ssh::{Connection, quote};
use super::{Failed, Given, Lines};
use crate::Stop;

/// Runs scripts on the machine.
pub(super) async fn execute(arguments: &ProvisionerArguments, lines: &Lines<'_>, stop: &Stop) -> Result<(), Failed> {
    let failed = |why: String| Failed::new("remote-exec provisioner error", "The commands failed.").with_output(why);
    let given = Given::own(arguments)?;
    let mut scripts: Vec<Vec<u8>> = Vec::new();
    let inline = given.texts("inline");
    if !inline.is_empty() {
        scripts.push(format!("#!/bin/sh\n{}\n", inline.join("\n")).into_bytes());
    }
    for path in given.text("script").into_iter().chain(given.texts("scripts")) {
        let content = std::fs::read(&path).map_err(|error| failed(format!("The script {path} cannot be read: {error}.")))?;
        scripts.push(content);
    }
    let connection = Connection::of(arguments)?;
    connection.connect(lines, stop).await.map_err(&failed)?;
    for script in scripts {
        let path = quote(&connection.script_path());
        // The script goes when it has run; what it answers is what counts.
        let remote = format!("cat > {path} && chmod 0700 {path} && {path} < /dev/null; weir_code=$?; rm -f {path}; exit $weir_code");
        done(connection.run(&remote, Some(script), Some(lines), stop).await).map_err(|why| failed(format!("Error executing a script: {why}.")))?;
    }
    Ok(())
}

/// Copies a file, a folder or a text to the machine.
pub(super) async fn copy(arguments: &ProvisionerArguments, lines: &Lines<'_>, stop: &Stop) -> Result<(), Failed> {
    let failed = |why: String| Failed::new("file provisioner error", "The upload failed.").with_output(why);
    let given = Given::own(arguments)?;
    let Some(destination) = given.text("destination").filter(|path| !path.is_empty()) else {
        return Err(Failed::new("Invalid file provisioner destination", "The destination must be a non-empty string."));
    };
    let (content, remote) = match (given.text("content"), given.text("source")) {
        (Some(content), _) => (content.into_bytes(), receive(&destination, "weir-content", 0o644)),
        (None, Some(source)) => from(&source, &destination, stop).await.map_err(&failed)?,
        (None, None) => return Err(Failed::new("Invalid file provisioner source", "The source is not set.")),
    };
    let connection = Connection::of(arguments)?;
    connection.connect(lines, stop).await.map_err(&failed)?;
    done(connection.run(&remote, Some(content), Some(lines), stop).await).map_err(|why| failed(format!("Upload failed: {why}.")))
}

/// The shell's command that takes a file from its input. Into a folder it goes by its own name.
fn receive(destination: &str, name: &str, mode: u32) -> String {
    let into = quote(destination);
    let within = quote(&format!("{}/{name}", destination.trim_end_matches('/')));
    format!("if [ -d {into} ]; then weir_to={within}; else weir_to={into}; fi; cat > \"$weir_to\" && chmod {mode:o} \"$weir_to\"")
}

/// What is sent of a local path, and what takes it.
async fn from(source: &str, destination: &str, stop: &Stop) -> Result<(Vec<u8>, String), String> {
    let path = Path::new(source);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let about = std::fs::metadata(path).map_err(|error| format!("{source} cannot be read: {error}."))?;
    if !about.is_dir() {
        let content = std::fs::read(path).map_err(|error| format!("{source} cannot be read: {error}."))?;
        return Ok((content, receive(destination, &name, about.permissions().mode() & 0o777)));
    }
    // With a slash at its end the content of the folder is meant, and else the folder itself.
    let into = if source.ends_with('/') { destination.to_owned() } else { format!("{}/{name}", destination.trim_end_matches('/')) };
    let packed = tempfile::NamedTempFile::new().map_err(|error| format!("No temporary file: {error}."))?;
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(path).arg("-cf").arg(packed.path()).arg(".");
    done(process::run(tar, None, None, stop).await.map_err(|error| format!("tar cannot be run: {error}"))).map_err(|why| format!("{source} cannot be packed: {why}."))?;
    let content = std::fs::read(packed.path()).map_err(|error| format!("{source} cannot be packed: {error}."))?;
    let into = quote(&into);
    Ok((content, format!("mkdir -p {into} && tar -C {into} -xf -")))
}

fn done(ended: Result<Ended, String>) -> Result<(), String> {
    match ended? {
        Ended { status: Some(status), .. } if status.success() => Ok(()),
        Ended { status: Some(status), output } => Err(format!("{}. Output: {}", process::shown(status), output.trim_end())),
        Ended { status: None, .. } => Err("it was interrupted".to_owned()),
    }
}
