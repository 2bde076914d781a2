//! Packages that are git repositories, got with the git of this machine, its keys and its settings.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;
use weir_provider::Fault;

use super::fault;

/// Where a repository is and what of it is wanted.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    url: String,
    reference: Option<String>,
    depth: Option<u32>,
}

fn wanted(source: &str) -> Result<Wanted, Fault> {
    let (url, query) = source.split_once('?').unwrap_or((source, ""));
    let mut wanted = Wanted { url: url.to_owned(), reference: None, depth: None };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "ref" => {
                let value = decode(value);
                if value.starts_with('-') || value.is_empty() {
                    return Err(fault(format!("\"{value}\" cannot be a ref: name a branch, a tag or a commit.")));
                }
                wanted.reference = Some(value);
            }
            "depth" => {
                let depth = value.parse().ok().filter(|depth| *depth > 0);
                wanted.depth = Some(depth.ok_or_else(|| fault(format!("depth must be a number from 1, and not \"{value}\".")))?);
            }
            "sshkey" => return Err(fault("\"sshkey\" would put a private key into the configuration. Use an ssh agent, or GIT_SSH_COMMAND.")),
            _ => kept.push(pair),
        }
    }
    if !kept.is_empty() {
        wanted.url = format!("{url}?{}", kept.join("&"));
    }
    // Others of git's transports run programs.
    if !["https://", "http://", "ssh://", "file://", "git://"].iter().any(|scheme| wanted.url.starts_with(scheme)) {
        return Err(fault(format!("{url} is no URL of a repository: https, ssh and file are known.")));
    }
    Ok(wanted)
}

/// `%2F` is `/`.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten().and_then(|code| u8::from_str_radix(code, 16).ok());
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Clones a repository with its submodules into a new folder.
pub(super) async fn clone(source: &str, into: &Path) -> Result<(), Fault> {
    let Wanted { url, reference, depth } = wanted(source)?;
    let folder = into.display().to_string();
    let depth = depth.map(|depth| format!("--depth={depth}"));
    match &depth {
        None => {
            git(None, &["clone", "--quiet", "--", &url, &folder]).await?;
            if let Some(reference) = &reference {
                git(Some(into), &["checkout", "--quiet", reference, "--"]).await?;
            }
        }
        // What is fetched by its name can also be a commit, which a shallow clone cannot.
        Some(depth) => {
            git(None, &["init", "--quiet", "--", &folder]).await?;
            git(Some(into), &["remote", "add", "--", "origin", &url]).await?;
            git(Some(into), &["fetch", "--quiet", depth, "--", "origin", reference.as_deref().unwrap_or("HEAD")]).await?;
            git(Some(into), &["checkout", "--quiet", "--detach", "FETCH_HEAD", "--"]).await?;
        }
    }
    if into.join(".gitmodules").is_file() {
        let mut arguments = vec!["submodule", "--quiet", "update", "--init", "--recursive"];
        arguments.extend(depth.as_deref());
        git(Some(into), &arguments).await?;
    }
    Ok(())
}

async fn git(within: Option<&Path>, arguments: &[&str]) -> Result<(), Fault> {
    let mut command = Command::new("git");
    if let Some(folder) = within {
        command.arg("-C").arg(folder);
    }
    // A repository that this runs in, as in a hook, is not meant.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fault("The module is in a git repository, and git is not installed, or not in PATH."),
        _ => fault(format!("git cannot be run: {error}.")),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(fault(format!("git {} ended with {}:\n{}", arguments[0], output.status, said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_stands_in_the_query() {
        let check = |source: &str, url: &str, reference: Option<&str>, depth: Option<u32>| {
            assert_eq!(wanted(source).unwrap(), Wanted { url: url.to_owned(), reference: reference.map(str::to_owned), depth }, "{source}");
        };
        check("https://example.com/a.git", "https://example.com/a.git", None, None);
        check("ssh://git@example.com/a.git?ref=release%2F1&depth=2", "ssh://git@example.com/a.git", Some("release/1"), Some(2));
        check("https://example.com/a?project=x&ref=v1", "https://example.com/a?project=x", Some("v1"), None);
    }

    #[test]
    fn nothing_is_run_by_a_source() {
        for (source, part) in [
            ("https://example.com/a?ref=--upload-pack=x", "cannot be a ref"),
            ("ext::sh -c x", "no URL of a repository"),
            ("-x", "no URL of a repository"),
            ("https://example.com/a?depth=0", "from 1"),
            ("https://example.com/a?sshkey=abc", "ssh agent"),
        ] {
            assert!(wanted(source).unwrap_err().detail.contains(part), "{source}");
        }
    }
}
