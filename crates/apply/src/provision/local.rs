//! `local-exec`

use tokio::process::Command;
use weir_plan::ProvisionerArguments;

use super::process::{self, Ended};
use super::{Failed, Given, Lines};
use crate::Stop;

/// Runs the command.
pub(super) async fn run(arguments: &ProvisionerArguments, lines: &Lines<'_>, stop: &Stop) -> Result<(), Failed> {
    let given = Given::own(arguments)?;
    let command = given.text("command").filter(|command| !command.is_empty());
    let Some(command) = command else { return Err(Failed::new("Invalid local-exec provisioner command", "The command must be a non-empty string.")) };
    let mut words = given.texts("interpreter");
    if words.is_empty() {
        words = vec!["/bin/sh".to_owned(), "-c".to_owned()];
    }
    words.push(command.clone());
    if given.truth("quiet") == Some(true) {
        lines.tell("local-exec: Executing: Suppressed by quiet=true");
    } else {
        let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        lines.tell(&format!("Executing: [{}]", quoted.join(" ")));
    }
    let failed = |why: String, output: String| {
        Err(Failed::new("local-exec provisioner error", "The command failed.").with_output(format!("Error running command '{command}': {why}. Output: {output}")))
    };
    let mut process = Command::new(&words[0]);
    process.args(&words[1..]).envs(given.entries("environment"));
    if let Some(folder) = given.text("working_dir").filter(|folder| !folder.is_empty()) {
        if !std::path::Path::new(&folder).is_dir() {
            return failed(format!("the working directory {folder} does not exist"), String::new());
        }
        process.current_dir(folder);
    }
    match process::run(process, None, Some(lines), stop).await {
        Ok(Ended { status: Some(status), .. }) if status.success() => Ok(()),
        Ok(Ended { status: Some(status), output }) => failed(process::shown(status), output),
        Ok(Ended { status: None, output }) => failed("it was interrupted".to_owned(), output),
        Err(error) => failed(format!("{}: {error}", words[0]), String::new()),
    }
}

/// As Go quotes a string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            letter if letter.is_control() => out.push_str(&format!("\\x{:02x}", letter as u32)),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted() {
        assert_eq!(quoted("echo 'a\"b\\c'\n\té\u{1}"), r#""echo 'a\"b\\c'\n\té\x01""#);
    }
}
