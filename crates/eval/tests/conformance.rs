//! The golden answers in `expressions/`: one file per family, one expression per line.
//!
//! A line is `expression --> answer`; the answer is what `jsonencode` makes of the value, or `!` where the expression is an error.

mod nowhere;

use std::path::Path;

use weir_config::syntax::parse_expression;
use weir_diag::Sources;
use weir_eval::Evaluator;
use weir_value::Value;

use nowhere::Nowhere;

fn answer(expression: &str) -> String {
    let mut sources = Sources::new();
    let id = sources.add("expression", format!("jsonencode({expression})"));
    let (expr, diags) = parse_expression(&sources, id);
    if diags.has_errors() {
        return "!".to_owned();
    }
    let mut evaluator = Evaluator::new(&(), &Nowhere);
    match evaluator.eval(&expr) {
        _ if evaluator.diags.has_errors() => "!".to_owned(),
        Value::String(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expressions");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut count = 0;
    let mut wrong = Vec::new();
    for file in files {
        let content = std::fs::read_to_string(&file).unwrap();
        for (at, line) in content.lines().enumerate() {
            let (expression, expected) = line.rsplit_once(" --> ").unwrap();
            let found = answer(expression);
            count += 1;
            if found != expected {
                wrong.push(format!("{}:{}: {expression}\n  expected {expected}\n  found    {found}", file.file_stem().unwrap().to_string_lossy(), at + 1));
            }
        }
    }
    assert!(count >= 500, "only {count} expressions were found");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
