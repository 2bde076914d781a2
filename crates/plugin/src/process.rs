//! The process of a plugin: started under a watcher that does not let it outlive us, its output read to the last word.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tracing::Level;

use crate::handshake::{Address, COOKIE, Handshake, read_handshake};

/// A shell that starts the plugin and waits for its own input to end, which it does when we close it and when we die in whatever way. Then it kills the plugin. Its own
/// ends of the output are closed, so that those end with the plugin.
const WATCHER: &str = r#""$0" </dev/null & plugin=$!; exec >/dev/null 2>&1; read -r word; kill -KILL "$plugin"; wait "$plugin""#;

/// How long we wait for the end of a plugin that does not answer any more.
const END: Duration = Duration::from_secs(2);
/// Lines that are kept of what it says.
const KEPT: usize = 200;
/// Lines that are shown of it.
const SHOWN: usize = 12;

/// A running plugin; killed when dropped.
pub(crate) struct Process {
    name: Arc<str>,
    words: Arc<Mutex<VecDeque<String>>>,
    watcher: tokio::sync::Mutex<Watcher>,
    over: watch::Receiver<bool>,
    socket: Option<PathBuf>,
}

struct Watcher {
    child: Child,
    wire: Option<ChildStdin>,
    status: Option<i32>,
}

impl Process {
    /// Starts a program and waits for its handshake, no longer than `patience`. `certificate` is what it shall accept.
    pub(crate) async fn start(name: Arc<str>, program: &Path, certificate: &str, patience: Duration) -> Result<(Self, Handshake), String> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", WATCHER])
            .arg(program)
            .env(COOKIE.0, COOKIE.1)
            .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
            .env("PLUGIN_MIN_PORT", "10000")
            .env("PLUGIN_MAX_PORT", "25000")
            .env("PLUGIN_CLIENT_CERT", certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // An interrupt from the terminal is for us: we tell the plugin.
            .process_group(0);
        if let Some(level) = log_level() {
            command.env("TF_LOG", level);
        }
        let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
        let (wire, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else { return Err("it cannot be started".to_owned()) };
        let words = Arc::new(Mutex::new(VecDeque::new()));
        let (ended, over) = watch::channel(false);
        tokio::spawn({
            let (name, words) = (name.clone(), words.clone());
            async move {
                listen(stderr, |line| hear(&name, &words, &line)).await;
                let _ = ended.send(true);
            }
        });
        let mut process = Self { name, words, watcher: tokio::sync::Mutex::new(Watcher { child, wire, status: None }), over, socket: None };
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        match tokio::time::timeout(patience, stdout.read_until(b'\n', &mut line)).await {
            Err(_) => {
                let hint = "It was ended. A slow machine may need more time: set WEIR_PLUGIN_TIMEOUT, such as to 5m.";
                return Err(format!("it has not said within {} seconds where it listens. {hint}{}", patience.as_secs(), process.last_words()));
            }
            Ok(Ok(read)) if read > 0 => {}
            Ok(_) => return Err(process.end().await),
        }
        let handshake = read_handshake(&String::from_utf8_lossy(&line)).map_err(|error| format!("{error}.{}", process.last_words()))?;
        if let Address::Unix(path) = &handshake.address {
            process.socket = Some(path.clone());
        }
        tokio::spawn({
            let (name, words) = (process.name.clone(), process.words.clone());
            async move { listen(stdout, |line| hear(&name, &words, &line)).await }
        });
        Ok((process, handshake))
    }

    /// Takes a line that the plugin has printed.
    pub(crate) fn heard(&self, text: &str) {
        for line in text.lines() {
            hear(&self.name, &self.words, line);
        }
    }

    /// Waits a moment for the process to end, as one that has closed its connection does; true when it did.
    pub(crate) async fn has_ended(&self) -> bool {
        let mut over = self.over.clone();
        tokio::time::timeout(END, over.wait_for(|over| *over)).await.is_ok_and(|ended| ended.is_ok())
    }

    /// How it ended and what it said at last. Kills it if need be.
    pub(crate) async fn end(&self) -> String {
        self.has_ended().await;
        let status = {
            let mut watcher = self.watcher.lock().await;
            watcher.wire = None;
            if watcher.status.is_none()
                && let Ok(status) = watcher.child.wait().await
            {
                watcher.status = status.code();
            }
            watcher.status
        };
        let how = match status {
            Some(127) => "its program cannot be run".to_owned(),
            Some(126) => "its program is not one that this machine can run".to_owned(),
            Some(code) if code > 128 => format!("it was ended by signal {}", code - 128),
            Some(code) => format!("it ended with exit code {code}"),
            None => "it ended".to_owned(),
        };
        format!("{how}.{}", self.last_words())
    }

    /// The last lines that it printed, as a sentence of their own; empty when there are none.
    fn last_words(&self) -> String {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = words.iter().map(String::as_str).collect();
        // A panic is followed by the stacks of everything that ran.
        let from = lines.iter().rposition(|line| ["panic: ", "fatal error: "].iter().any(|start| line.starts_with(start)));
        let shown = match from {
            Some(at) => &lines[at..lines.len().min(at + SHOWN)],
            None => &lines[lines.len().saturating_sub(SHOWN)..],
        };
        if shown.is_empty() { String::new() } else { format!(" Its last words:\n  {}", shown.join("\n  ")) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watcher's input closes with us; what is left is the file of the socket.
        if let Some(path) = &self.socket {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// How much a plugin shall log: as much as is looked at.
fn log_level() -> Option<&'static str> {
    if tracing::enabled!(target: "weir_plugin::log", Level::TRACE) {
        Some("TRACE")
    } else if tracing::enabled!(target: "weir_plugin::log", Level::DEBUG) {
        Some("DEBUG")
    } else {
        None
    }
}

async fn listen(stream: impl AsyncRead + Unpin, mut each: impl FnMut(String)) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        each(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
    }
}

/// Logs a line at the level that it says, and keeps it if it is none of the log.
fn hear(plugin: &str, words: &Mutex<VecDeque<String>>, line: impl AsRef<str>) {
    let line = line.as_ref();
    if line.is_empty() {
        return;
    }
    let (level, message, structured) = leveled(line);
    match level {
        Level::ERROR => tracing::error!(target: "weir_plugin::log", plugin, "{message}"),
        Level::WARN => tracing::warn!(target: "weir_plugin::log", plugin, "{message}"),
        Level::INFO => tracing::info!(target: "weir_plugin::log", plugin, "{message}"),
        Level::DEBUG => tracing::debug!(target: "weir_plugin::log", plugin, "{message}"),
        Level::TRACE => tracing::trace!(target: "weir_plugin::log", plugin, "{message}"),
    }
    if structured && level > Level::WARN {
        return;
    }
    let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
    if words.len() == KEPT {
        words.pop_front();
    }
    words.push_back(message);
}

/// The level and text of a line; true when it says its level itself.
fn leveled(line: &str) -> (Level, String, bool) {
    if let Ok(entry) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line)
        && let Some(level) = entry.get("@level").and_then(|level| level.as_str())
    {
        let message = entry.get("@message").and_then(|message| message.as_str()).unwrap_or(line);
        return (level_of(level).unwrap_or(Level::DEBUG), message.to_owned(), true);
    }
    let tagged = line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).and_then(|(level, _)| level_of(level));
    match tagged {
        Some(level) => (level, line.to_owned(), true),
        None => (Level::DEBUG, line.to_owned(), false),
    }
}

fn level_of(name: &str) -> Option<Level> {
    Some(match name.to_ascii_lowercase().as_str() {
        "trace" => Level::TRACE,
        "debug" => Level::DEBUG,
        "info" => Level::INFO,
        "warn" => Level::WARN,
        "error" => Level::ERROR,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_level() {
        let check = |line: &str, level: Level, message: &str, structured: bool| assert_eq!(leveled(line), (level, message.to_owned(), structured));
        check(r#"{"@level":"warn","@message":"slow","@module":"p"}"#, Level::WARN, "slow", true);
        check("2026-01-01T00:00:00 [INFO] started", Level::INFO, "2026-01-01T00:00:00 [INFO] started", true);
        check("panic: out of range [5] with length 3", Level::DEBUG, "panic: out of range [5] with length 3", false);
        check(r#"{"a":1}"#, Level::DEBUG, r#"{"a":1}"#, false);
    }
}
