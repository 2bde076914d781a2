//! A connection to another machine, by the ssh of this one: it knows all kinds of keys, agents and ciphers, and is kept safe by whoever maintains this machine.
//!
//! As with the incumbents the user's own settings do not count: what a connection is, its block says.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::Command;
use weir_plan::ProvisionerArguments;

use super::process::{self, Ended};
use super::{Failed, Given, Lines};
use crate::Stop;

/// How long is waited for a machine when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_secs(2);

/// Prints the password that ssh asks for. That of the jump host is told by its name.
const ASKPASS: &str =
    "#!/bin/sh\ncase \"$1\" in\n  *\"$WEIR_SSH_BASTION\"*) printf '%s\\n' \"$WEIR_SSH_BASTION_PASSWORD\" ;;\n  *) printf '%s\\n' \"$WEIR_SSH_PASSWORD\" ;;\nesac\n";

/// One end of a connection.
struct Hop {
    host: String,
    port: u64,
    user: String,
    password: Option<String>,
    key: Option<String>,
    certificate: Option<String>,
    host_key: Option<String>,
}

/// How a machine is reached.
pub(super) struct Connection {
    target: Hop,
    bastion: Option<Hop>,
    agent: bool,
    agent_identity: Option<String>,
    timeout: Duration,
    script_path: Option<String>,
    /// Keys, for as long as they are needed.
    folder: TempDir,
}

/// `30s`, `5m`, `1h30m`
fn duration(text: &str) -> Option<Duration> {
    let (mut total, mut digits) = (0.0, String::new());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let unit = match letter {
            '0'..='9' | '.' => {
                digits.push(letter);
                continue;
            }
            'm' if letters.peek() == Some(&'s') => {
                letters.next();
                0.001
            }
            's' => 1.0,
            'm' => 60.0,
            'h' => 3600.0,
            _ => return None,
        };
        total += digits.parse::<f64>().ok()? * unit;
        digits.clear();
    }
    (digits.is_empty() && !text.is_empty()).then(|| Duration::try_from_secs_f64(total).ok())?
}

impl Connection {
    /// Reads a connection block.
    pub(super) fn of(arguments: &ProvisionerArguments) -> Result<Self, Failed> {
        let given = Given::connection(arguments)?;
        let wrong = |detail: String| Failed::new("Invalid connection", detail);
        match given.text("type").as_deref() {
            None | Some("ssh" | "") => {}
            Some("winrm") => return Err(wrong("Connections of the type \"winrm\" are not supported: enable OpenSSH on the machine, and use \"ssh\".".to_owned())),
            Some(other) => return Err(wrong(format!("There is no connection of the type \"{other}\": ssh is."))),
        }
        if given.text("target_platform").is_some_and(|platform| platform == "windows") {
            return Err(wrong("Only machines with a POSIX shell can be reached: target_platform = \"windows\" is not supported.".to_owned()));
        }
        if given.text("proxy_host").is_some() {
            return Err(wrong("A proxy is not supported: give a bastion_host.".to_owned()));
        }
        let hop = |host: String, prefix: &str, user: String| Hop {
            host,
            port: given.number(&format!("{prefix}port")).unwrap_or(22),
            user: given.text(&format!("{prefix}user")).unwrap_or(user),
            password: given.text(&format!("{prefix}password")),
            key: given.text(&format!("{prefix}private_key")),
            certificate: given.text(&format!("{prefix}certificate")),
            host_key: given.text(&format!("{prefix}host_key")),
        };
        let host = given
            .text("host")
            .filter(|host| !host.is_empty())
            .ok_or_else(|| wrong("The connection has no \"host\": give the machine's address, such as self.public_ip.".to_owned()))?;
        let target = hop(host, "", "root".to_owned());
        let bastion = given.text("bastion_host").filter(|host| !host.is_empty()).map(|host| {
            let mut bastion = hop(host, "bastion_", target.user.clone());
            bastion.key = bastion.key.or_else(|| target.key.clone());
            bastion.password = bastion.password.or_else(|| target.password.clone());
            bastion
        });
        // Either could be taken for an option, or for something of the shell.
        for hop in [Some(&target), bastion.as_ref()].into_iter().flatten() {
            let plain = |text: &str| !text.starts_with('-') && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%' | '@' | '\\' | '+'));
            if !plain(&hop.host) || !plain(&hop.user) {
                return Err(wrong(format!("\"{}@{}\" is no user and host.", hop.user, hop.host)));
            }
        }
        let timeout = match given.text("timeout") {
            None => TIMEOUT,
            Some(text) => duration(&text).ok_or_else(|| wrong(format!("\"{text}\" is no duration: write it as 30s or 5m.")))?,
        };
        let folder = tempfile::tempdir().map_err(|error| wrong(format!("No temporary folder: {error}.")))?;
        let connection = Self {
            agent: given.truth("agent").unwrap_or(target.key.is_none() && target.password.is_none()),
            agent_identity: given.text("agent_identity"),
            script_path: given.text("script_path"),
            target,
            bastion,
            timeout,
            folder,
        };
        connection.prepare().map_err(|error| wrong(format!("The keys cannot be laid down for ssh: {error}.")))?;
        Ok(connection)
    }

    /// Where a script is put on the machine.
    pub(super) fn script_path(&self) -> String {
        let random = self.folder.path().file_name().map(|name| name.to_string_lossy().trim_start_matches('.').to_owned()).unwrap_or_default();
        self.script_path.clone().unwrap_or_else(|| "/tmp/weir_%RAND%.sh".to_owned()).replace("%RAND%", &random)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn prepare(&self) -> std::io::Result<()> {
        let make = |name: &str, mode: u32, content: &str| -> std::io::Result<()> {
            let mut file: File = OpenOptions::new().write(true).create_new(true).mode(mode).open(self.file(name))?;
            file.write_all(content.as_bytes())
        };
        make("askpass", 0o700, ASKPASS)?;
        for (name, hop) in self.hops() {
            if let Some(key) = &hop.key {
                // ssh does not take a key without the line break at its end.
                make(&format!("{name}-key"), 0o600, &format!("{}\n", key.trim_end()))?;
            }
            if let Some(certificate) = &hop.certificate {
                make(&format!("{name}-cert"), 0o600, &format!("{}\n", certificate.trim_end()))?;
            }
            if let Some(key) = &hop.host_key {
                let host = if hop.port == 22 { hop.host.clone() } else { format!("[{}]:{}", hop.host, hop.port) };
                let words: Vec<&str> = key.split_whitespace().take(2).collect();
                make(&format!("{name}-hosts"), 0o600, &format!("{host} {}\n", words.join(" ")))?;
            }
        }
        Ok(())
    }

    fn hops(&self) -> impl Iterator<Item = (&'static str, &Hop)> {
        [("target", Some(&self.target)), ("bastion", self.bastion.as_ref())].into_iter().filter_map(|(name, hop)| Some((name, hop?)))
    }

    /// The options of ssh for one end.
    fn options(&self, name: &str, hop: &Hop) -> Vec<String> {
        let path = |kind: &str| self.file(&format!("{name}-{kind}")).display().to_string();
        let mut options = vec!["-F".to_owned(), "none".to_owned(), "-p".to_owned(), hop.port.to_string()];
        let mut set = |option: String| options.extend(["-o".to_owned(), option]);
        set("LogLevel=ERROR".to_owned());
        set("ConnectTimeout=20".to_owned());
        set("ServerAliveInterval=30".to_owned());
        set("NumberOfPasswordPrompts=1".to_owned());
        set("GlobalKnownHostsFile=/dev/null".to_owned());
        match &hop.host_key {
            Some(_) => {
                set("StrictHostKeyChecking=yes".to_owned());
                set(format!("UserKnownHostsFile={}", path("hosts")));
            }
            None => {
                set("StrictHostKeyChecking=no".to_owned());
                set("UserKnownHostsFile=/dev/null".to_owned());
            }
        }
        if hop.key.is_some() {
            set(format!("IdentityFile={}", path("key")));
        } else {
            set(format!("IdentityFile={}", self.agent_identity.as_deref().filter(|_| self.agent).unwrap_or("none")));
        }
        if hop.certificate.is_some() {
            set(format!("CertificateFile={}", path("cert")));
        }
        if hop.key.is_some() || !self.agent {
            set("IdentitiesOnly=yes".to_owned());
        }
        if !self.agent {
            set("IdentityAgent=none".to_owned());
        }
        if hop.password.is_none() {
            set("PasswordAuthentication=no".to_owned());
            set("KbdInteractiveAuthentication=no".to_owned());
        }
        options
    }

    /// ssh, about to run a command of the shell there.
    fn command(&self, remote: &str) -> Command {
        let mut command = Command::new("ssh");
        command.args(self.options("target", &self.target));
        if let Some(bastion) = &self.bastion {
            let words = self.options("bastion", bastion);
            // A folder for temporary files can have a blank in its name.
            let quoted: Vec<String> = words.iter().map(|word| quote(&word.replace('%', "%%"))).collect();
            command.arg("-o").arg(format!(
                "ProxyCommand=ssh {} -W [%h]:%p -- {}",
                quoted.join(" "),
                quote(&format!("{}@{}", bastion.user, bastion.host).replace('%', "%%"))
            ));
            command.env("WEIR_SSH_BASTION", format!("{}@{}", bastion.user, bastion.host));
            command.env("WEIR_SSH_BASTION_PASSWORD", bastion.password.as_deref().unwrap_or_default());
        } else {
            command.env("WEIR_SSH_BASTION", "no bastion");
        }
        command.env("WEIR_SSH_PASSWORD", self.target.password.as_deref().unwrap_or_default());
        command.env("SSH_ASKPASS", self.file("askpass")).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":");
        command.arg("--").arg(format!("{}@{}", self.target.user, self.target.host)).arg(remote);
        command
    }

    /// Runs a command of the shell there.
    pub(super) async fn run(&self, remote: &str, input: Option<Vec<u8>>, lines: Option<&Lines<'_>>, stop: &Stop) -> Result<Ended, String> {
        process::run(self.command(remote), input, lines, stop).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "the program ssh is not there: install the OpenSSH client on this machine".to_owned(),
            _ => format!("ssh cannot be run: {error}"),
        })
    }

    /// Waits until the machine lets us in.
    pub(super) async fn connect(&self, lines: &Lines<'_>, stop: &Stop) -> Result<(), String> {
        let began = Instant::now();
        loop {
            self.announce(lines);
            let Ended { status, output } = self.run("exit 0", None, None, stop).await?;
            match status {
                Some(status) if status.success() => {
                    lines.tell("Connected!");
                    return Ok(());
                }
                None => return Err("it was interrupted".to_owned()),
                Some(_) => {}
            }
            if output.contains("Host key verification failed") {
                return Err(format!("the host's key is not the one of \"host_key\": {}", output.trim()));
            }
            if began.elapsed() + PAUSE >= self.timeout {
                return Err(format!("timeout - last error: {}", output.trim()));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn announce(&self, lines: &Lines<'_>) {
        let hop = |hop: &Hop| {
            lines.tell(&format!("  Host: {}", hop.host));
            lines.tell(&format!("  User: {}", hop.user));
            lines.tell(&format!("  Password: {}", hop.password.is_some()));
            lines.tell(&format!("  Private key: {}", hop.key.is_some()));
            lines.tell(&format!("  Certificate: {}", hop.certificate.is_some()));
        };
        lines.tell("Connecting to remote host via SSH...");
        hop(&self.target);
        lines.tell(&format!("  SSH Agent: {}", self.agent));
        lines.tell(&format!("  Checking Host Key: {}", self.target.host_key.is_some()));
        lines.tell("  Target Platform: unix");
        if let Some(bastion) = &self.bastion {
            lines.tell("Using configured bastion host...");
            hop(bastion);
            lines.tell(&format!("  SSH Agent: {}", self.agent));
            lines.tell(&format!("  Checking Host Key: {}", bastion.host_key.is_some()));
        }
    }
}

/// A word as a POSIX shell takes it literally.
pub(super) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        let check = |text: &str, wanted: Option<f64>| assert_eq!(duration(text).map(|found| found.as_secs_f64()), wanted, "{text}");
        check("30s", Some(30.0));
        check("1h30m", Some(5400.0));
        check("1.5m", Some(90.0));
        check("250ms", Some(0.25));
        check("5", None);
        check("soon", None);
        check("", None);
    }

    #[test]
    fn words_are_literal() {
        assert_eq!(quote("it's $HOME"), "'it'\\''s $HOME'");
    }
}
