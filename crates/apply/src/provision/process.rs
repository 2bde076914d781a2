//! Programs that provisioners run: heard line by line, and ended when the run is.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use super::Lines;
use crate::Stop;

/// How much of the output an error shows.
const TAIL: usize = 8 * 1024;
/// How often it is looked whether to stop.
const BEAT: Duration = Duration::from_millis(100);
/// How long a process may take to end once asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How long what a command left behind may be silent before it is no longer listened to.
const SILENCE: Duration = Duration::from_secs(5);

/// What became of a program.
pub(super) struct Ended {
    /// How it ended; `None` when it was stopped.
    pub(super) status: Option<ExitStatus>,
    /// The end of what it has printed.
    pub(super) output: String,
}

/// Runs a program with an input, and tells what it prints.
pub(super) async fn run(mut process: Command, input: Option<Vec<u8>>, lines: Option<&Lines<'_>>, stop: &Stop) -> io::Result<Ended> {
    process.kill_on_drop(true).stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    // One pipe for both, so that lines come in the order in which they were printed.
    let (reader, writer) = io::pipe()?;
    let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
    process.stdout(writer.try_clone()?).stderr(writer);
    let mut child = process.spawn()?;
    // Ours are ends of the pipe, too.
    drop(process);
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        // What does not read its input to the end says itself what is wrong.
        tokio::spawn(async move { stdin.write_all(&input).await });
    }
    let (status, output) = follow(&mut child, reader, lines, stop).await;
    Ok(Ended { status: status.transpose()?, output })
}

/// Tells what a process prints until it has ended; `None` when it was stopped.
async fn follow(child: &mut Child, reader: pipe::Receiver, lines: Option<&Lines<'_>>, stop: &Stop) -> (Option<std::io::Result<ExitStatus>>, String) {
    let mut tail: VecDeque<u8> = VecDeque::new();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    let mut beat = tokio::time::interval(BEAT);
    let (mut status, mut open, mut quiet) = (None, true, tokio::time::Instant::now());
    while open || status.is_none() {
        tokio::select! {
            read = reader.read_until(b'\n', &mut line), if open => match read {
                Ok(count) if count > 0 => {
                    quiet = tokio::time::Instant::now();
                    tail.extend(&line);
                    tail.drain(..tail.len().saturating_sub(TAIL));
                    tell(&mut line, lines);
                }
                _ => open = false,
            },
            ended = child.wait(), if status.is_none() => {
                status = Some(ended);
                quiet = tokio::time::Instant::now();
            }
            _ = beat.tick() => {
                if stop.requested() {
                    end(child).await;
                    let _ = tokio::time::timeout(BEAT, reader.read_to_end(&mut line)).await;
                    tail.extend(&line);
                    tell(&mut line, lines);
                    return (None, text(&mut tail));
                }
                if status.is_some() && quiet.elapsed() > SILENCE {
                    // Something that was left in the background holds the pipe.
                    break;
                }
            }
        }
    }
    tell(&mut line, lines);
    (status, text(&mut tail))
}

fn text(tail: &mut VecDeque<u8>) -> String {
    String::from_utf8_lossy(tail.make_contiguous()).into_owned()
}

fn tell(line: &mut Vec<u8>, lines: Option<&Lines<'_>>) {
    let Some(lines) = lines else {
        line.clear();
        return;
    };
    if !line.is_empty() {
        for part in String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']).split('\n') {
            lines.tell(part.trim_end_matches('\r'));
        }
        line.clear();
    }
}

/// How a process ended.
pub(super) fn shown(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "it ended".to_owned(),
    }
}

/// Ends a process and those that it has started: first asks, then insists.
async fn end(child: &mut Child) {
    let Some(id) = child.id() else { return };
    let mut ids = vec![id.to_string()];
    let mut at = 0;
    while at < ids.len() {
        let below = Command::new("pgrep").args(["-P", &ids[at]]).stdin(Stdio::null()).output().await;
        ids.extend(below.map(|output| String::from_utf8_lossy(&output.stdout).split_whitespace().map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default());
        at += 1;
    }
    let signal = async |name: &str| {
        let _ = Command::new("kill").arg(name).args(&ids).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    };
    signal("-TERM").await;
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        signal("-KILL").await;
        let _ = child.kill().await;
    }
}
