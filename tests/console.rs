//! `weir console` with expressions piped in. The golden answers are in `console/answers.txt`, the stack that they are about in `console/stack`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What is printed, what is said on standard error, and the exit code.
fn ask(input: &str) -> (String, String, Option<i32>) {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/stack");
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.arg("console").current_dir(stack).env("NO_COLOR", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap(), output.status.code())
}

#[test]
fn answers() {
    let content = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/answers.txt")).unwrap();
    let mut wrong = String::new();
    let mut count = 0;
    for case in content.strip_prefix("> ").unwrap().split("\n> ") {
        let (expression, expected) = case.split_once('\n').unwrap();
        let (found, errors, code) = ask(&format!("{expression}\n"));
        if found.trim_end_matches('\n') != expected.trim_end_matches('\n') || code != Some(0) {
            wrong.push_str(&format!("> {expression}\nexpected\n{expected}\nfound ({code:?})\n{found}{errors}\n"));
        }
        count += 1;
    }
    assert!(count > 50, "only {count} expressions were found");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn only_the_last_answer_is_printed() {
    assert_eq!(ask("1\n2\n").0, "2\n");
    assert_eq!(ask("1\nexit\n2\n"), (String::new(), String::new(), Some(0)));
    assert_eq!(ask(""), (String::new(), String::new(), Some(0)));
}

#[test]
fn an_expression_may_have_several_lines() {
    assert_eq!(ask("upper(\n  \"x\"\n)\n").0, "\"X\"\n");
    assert_eq!(ask("[\n  1,\n  2\n]").0, "[\n  1,\n  2,\n]\n");
    assert_eq!(ask("<<EOT\na ${var.name}\nEOT\n").0, "<<EOT\na n\n\nEOT\n");
}

#[test]
fn the_first_error_ends_it() {
    for (input, summary) in [
        ("1\nlocal.nope\n2\n", "Reference to undeclared local value"),
        ("1 +\n", "Missing expression"),
        ("[1\n", "Missing item separator"),
        ("[type(1)]\n", "Invalid use of type function"),
        ("upper([])\n", "Invalid function argument"),
    ] {
        let (out, errors, code) = ask(input);
        assert_eq!((out.as_str(), code), ("", Some(1)), "{input}");
        assert!(errors.contains(&format!("Error: {summary}")), "{input}: {errors}");
        assert!(errors.contains("on <console-input> line"), "{input}: {errors}");
    }
}
