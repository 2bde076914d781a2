//! Whatever bytes a file holds, reading it ends: without a panic, with places that lie in the file.

use weir_config::syntax::{parse, parse_expression};
use weir_config::{format, parse_assignments, parse_test_file};
use weir_diag::{Diagnostics, Sources};

/// Numbers that look random and are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or(0)
    }
    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// What is likely to hit on the edges of the grammar.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "${",
    "%{",
    "~}",
    "$${",
    "%%{",
    "<<EOT\n",
    "<<-EOT\n",
    "EOT\n",
    "\n",
    "\r\n",
    "=",
    "=>",
    ":",
    "?",
    ",",
    ".",
    "...",
    "[*]",
    ".*",
    "/*",
    "*/",
    "//",
    "#",
    "&&",
    "||",
    "!",
    "!=",
    "==",
    "<=",
    "-",
    "+",
    "%",
    "for",
    " in ",
    " if ",
    "else",
    "endif",
    "endfor",
    "\\",
    "\\u12",
    "\\U0001F600",
    "0x1",
    "1e",
    "1e9",
    "1.5",
    "null",
    "true",
    "a",
    "é",
    "\u{feff}",
    "\u{0}",
    "👩‍👩‍👧",
    "provider::a::b(",
    "run \"x\" {",
    "variable \"v\" {",
    "\t",
    " ",
    ";",
    "'",
    "`",
    "@",
];

/// Places must be inside of the text and on the borders of characters: whoever shows them slices the text.
fn inside(text: &str, diags: &Diagnostics) {
    for diagnostic in diags.iter() {
        let places = diagnostic.span.iter().chain(diagnostic.labels.iter().map(|label| &label.span));
        for span in places {
            let (start, end) = (span.start as usize, span.end as usize);
            assert!(text.get(start..end).is_some(), "{}: {start}..{end} of {text:?}", diagnostic.summary);
        }
    }
}

fn read(text: &str) {
    for name in ["a.tf", "a.tf.json"] {
        let mut sources = Sources::new();
        let id = sources.add(name, text);
        inside(text, &parse_assignments(&sources, id).1);
        inside(text, &parse_test_file(&sources, id).1);
        if name == "a.tf" {
            inside(text, &parse(&sources, id).1);
            inside(text, &parse_expression(&sources, id).1);
        }
    }
    let _ = weir_config::continues(text);
}

#[test]
fn random_bytes() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for _ in 0..4_000 {
        let bytes: Vec<u8> = (0..numbers.below(60)).map(|_| u8::try_from(numbers.next() & 0xFF).unwrap_or(0)).collect();
        read(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn random_pieces() {
    let mut numbers = Numbers(0xD1B5_4A32_D192_ED03);
    for _ in 0..12_000 {
        let text: String = (0..numbers.below(24)).map(|_| *numbers.pick(PIECES)).collect();
        read(&text);
    }
}

/// Good files from which a piece was cut, or into which one was put.
#[test]
fn damaged_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/format");
    let mut numbers = Numbers(0x2545_F491_4F6C_DD1D);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder}: {error}")).filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    assert!(files.len() >= 8, "{folder}");
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        for _ in 0..300 {
            let (mut from, mut to) = (*numbers.pick(&borders), *numbers.pick(&borders));
            if from > to {
                (from, to) = (to, from);
            }
            to = to.min(text.len());
            let damaged = match numbers.below(3) {
                0 => format!("{}{}", &text[..from], &text[to..]),
                1 => format!("{}{}{}", &text[..from], numbers.pick(PIECES), &text[from..]),
                _ => text[from..to].to_owned(),
            };
            read(&damaged);
        }
    }
}

/// What is formatted stays as it is when it is formatted again.
#[test]
fn formatting_settles() {
    let mut numbers = Numbers(0xA076_1D64_78BD_642F);
    let mut formatted = 0;
    for _ in 0..12_000 {
        let text: String = (0..numbers.below(16)).map(|_| *numbers.pick(PIECES)).collect();
        let mut sources = Sources::new();
        let id = sources.add("a.tf", text.as_str());
        if parse(&sources, id).1.has_errors() {
            continue;
        }
        let once = format(&text);
        assert_eq!(format(&once), once, "of {text:?}");
        formatted += 1;
    }
    assert!(formatted > 100, "only {formatted} texts were good");
}
