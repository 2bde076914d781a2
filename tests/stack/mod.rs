//! A stack in a folder of its own, and the binary run in it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

/// A stack in a folder of its own.
pub struct Stack {
    pub dir: tempfile::TempDir,
}

impl Stack {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let stack = Self { dir: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            stack.write(name, text);
        }
        stack
    }
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.args(arguments).current_dir(self.dir.path()).env("NO_COLOR", "1").env_remove("TF_CLI_CONFIG_FILE").stdin(Stdio::null());
        command
    }
    pub fn run(&self, arguments: &[&str]) -> (i32, String) {
        told(&self.command(arguments).output().unwrap())
    }
    pub fn ok(&self, arguments: &[&str]) -> String {
        let (code, text) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {text}");
        text
    }
    /// Ends with that code and says all of these.
    pub fn says(&self, arguments: &[&str], wanted: i32, parts: &[&str]) -> String {
        let (code, text) = self.run(arguments);
        assert_eq!(code, wanted, "{arguments:?}: {text}");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(flat.contains(part), "{arguments:?} does not say {part:?}: {text}");
        }
        text
    }
    pub fn state(&self) -> Json {
        serde_json::from_slice(&fs::read(self.path("terraform.tfstate")).unwrap()).unwrap()
    }
    pub fn objects(&self) -> Vec<String> {
        self.ok(&["state", "list"]).lines().map(str::to_owned).collect()
    }
}

/// Exit code and all that was said.
pub fn told(output: &Output) -> (i32, String) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("panicked"), "{text}");
    (output.status.code().unwrap_or(-1), text)
}
