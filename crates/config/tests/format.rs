//! The canonical style, case by case: the files in `format/` hold texts and what becomes of them.
//!
//! A case begins with `=== name`; the text and what becomes of it are divided by `--->`. What could get lost in an editor is written out: `<TAB>`, `<CR>`, `<BOM>`, and
//! `<END>` behind a text that does not end with a newline. All but `deviations.txt` is also what the incumbents make of the text.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::path::Path;

use weir_config::format;
use weir_diag::Sources;

struct Case {
    name: String,
    text: String,
    expected: String,
}

fn cases() -> Vec<Case> {
    let mut files: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let content = std::fs::read_to_string(&file).unwrap();
        let family = file.file_stem().unwrap().to_string_lossy();
        for case in content.strip_prefix("=== ").unwrap().strip_suffix('\n').unwrap().split("\n=== ") {
            let (name, rest) = case.split_once('\n').unwrap();
            let (text, expected) = rest.split_once("--->\n").unwrap();
            // The newline before the next case was taken by the split.
            cases.push(Case { name: format!("{family}: {name}"), text: read(text), expected: read(&format!("{expected}\n")) });
        }
    }
    cases
}

fn read(text: &str) -> String {
    let text = text.replace("<TAB>", "\t").replace("<CR>", "\r").replace("<BOM>", "\u{feff}");
    text.strip_suffix("<END>\n").map(ToOwned::to_owned).unwrap_or(text)
}

fn errors(text: &str) -> usize {
    let mut sources = Sources::new();
    let id = sources.add("main.tf", text);
    weir_config::syntax::parse(&sources, id).1.len()
}

#[test]
fn cases_hold() {
    let cases = cases();
    assert!(cases.len() >= 60, "only {} cases were found", cases.len());
    let mut wrong = String::new();
    for Case { name, text, expected } in &cases {
        let found = format(text);
        if found != *expected {
            writeln!(wrong, "{name}\nexpected {expected:?}\n   found {found:?}").unwrap();
        }
        if (errors(text), errors(&found)) != (0, 0) {
            writeln!(wrong, "{name}: is not the language before or after").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_second_time_changes_nothing() {
    for Case { name, expected, .. } in cases() {
        // A string in a string loses one pair of quotes each time, as with the incumbents.
        if !name.ends_with("a string within") {
            assert_eq!(format(&expected), expected, "{name}");
        }
    }
}

#[test]
fn the_repository_is_in_the_style() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("stacks"), root.join("modules"), root.join("examples")];
    let (mut seen, mut wrong) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if weir_config::is_formatted(&path.to_string_lossy()) {
                let text = std::fs::read_to_string(&path).unwrap();
                seen += 1;
                if format(&text) != text {
                    wrong.push(path);
                }
            }
        }
    }
    assert!(seen > 10, "only {seen} files were found");
    assert!(wrong.is_empty(), "not in the canonical style: {wrong:?}");
}
