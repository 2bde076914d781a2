//! The binary as its users meet it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Output};

/// Every file in `cases/` is a session of commands, with what they print and how they end.
#[test]
fn transcripts() {
    trycmd::TestCases::new().register_bin("weir", trycmd::cargo::cargo_bin("weir")).env("NO_COLOR", "1").env("TF_CLI_CONFIG_FILE", "").case("tests/cases/*.md");
}

fn weir(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
}

/// What goes into `$(…)` of a shell, or to a program that counts bytes.
#[test]
fn raw_output_has_no_line_break() {
    assert_eq!(weir(&["output", "-raw", "-state=tests/cases/state.in/terraform.tfstate", "address"]).stdout, b"10.0.0.1");
}

/// The command gets the sandbox's environment, Weir first in its search path, and nothing of the user's own accounts; its exit code is ours.
#[test]
fn sandbox_runs_a_command() {
    let script = "test -z \"$AWS_PROFILE\" && test \"$(command -v weir)\" = \"$WEIR\" && echo $AWS_REGION $AWS_ENDPOINT_URL -x && exit 7";
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.args(["sandbox", "-nodes=false", "-region=eu-west-1", "-exec", "sh", "-c", script]).env("AWS_PROFILE", "mine");
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(7), "{err}");
    assert!(out.starts_with("eu-west-1 http://127.0.0.1:") && out.ends_with(" -x\n"), "{out}");
    assert!(err.contains("sandbox: AWS emulator ready at http://127.0.0.1:") && err.contains("sandbox: its logs are in "), "{err}");
}

/// `weir vault` on a real server; the script says what has to hold.
#[test]
fn vault_is_initialised_once() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vault-init");
    let output = weir(&["sandbox", "-nodes=false", "-exec", script]);
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
