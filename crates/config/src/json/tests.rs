use proptest::prelude::*;
use weir_diag::Sources;

use super::{nested_blocks, parse, parse_assignments};
use crate::syntax::{Block, Body, ExprKind, for_each_variable};

fn read(text: &str) -> (Body, Sources, Vec<String>) {
    let mut sources = Sources::new();
    let id = sources.add("main.tf.json", text);
    let (body, diags) = parse(&sources, id);
    let errors =
        diags.iter().map(|diagnostic| format!("{} {:?}: {}", sources.place(diagnostic.span.unwrap()), sources.text(diagnostic.span.unwrap()), diagnostic.summary));
    let errors = errors.collect();
    (body, sources, errors)
}

/// Blocks with their labels, arguments and blocks.
fn show(body: &Body) -> String {
    let mut parts: Vec<String> = body
        .attributes
        .iter()
        .map(|attribute| {
            let kind = match &attribute.expr.kind {
                ExprKind::Literal(value) => format!("{value:?}"),
                ExprKind::Template(_) => "template".into(),
                ExprKind::Tuple(items) => format!("tuple of {}", items.len()),
                ExprKind::Object(items) => format!("object of {}", items.len()),
                ExprKind::Call { name, .. } => format!("call of {}", name.name),
                ExprKind::Variable(name) => format!("name {}", name.name),
                ExprKind::GetAttr { name, .. } => format!("access of {}", name.name),
                other => format!("{other:?}"),
            };
            format!("{}={kind}", attribute.name.name)
        })
        .collect();
    parts.extend(body.blocks.iter().map(show_block));
    parts.join(", ")
}

fn show_block(block: &Block) -> String {
    let labels: Vec<&str> = block.labels.iter().map(|label| &*label.name).collect();
    format!("{}({})<{}>", block.kind.name, labels.join(" "), show(&block.body))
}

fn check(text: &str, expected: &str) {
    let (body, _, errors) = read(text);
    assert_eq!(errors, Vec::<String>::new(), "{text}");
    assert_eq!(show(&body), expected, "{text}");
}

fn check_errors(text: &str, expected: &[&str]) {
    assert_eq!(read(text).2, expected, "{text}");
}

#[test]
fn blocks_with_labels() {
    check(r#"{"output": {"a": {"value": 1}, "b": {"value": true}}}"#, "output(a)<value=1>, output(b)<value=true>");
    check(r#"{"resource": {"t": {"x": {"a": 1}, "y": {}}, "u": {"x": {}}}}"#, "resource(t x)<a=1>, resource(t y)<>, resource(u x)<>");
    check(r#"{"locals": {"a": "x"}, "moved": [{"from": "t.a", "to": "t.b"}]}"#, "locals()<a=\"x\">, moved()<from=access of a, to=access of b>");
}

#[test]
fn arrays_stand_for_several_blocks_at_each_level() {
    check(r#"{"resource": [{"t": [{"x": {}}, {"y": {}}]}, {"u": {"z": [{}]}}]}"#, "resource(t x)<>, resource(t y)<>, resource(u z)<>");
    check(r#"[{"locals": {"a": 1}}, {"locals": [{"b": 2}, {"c": 3}]}]"#, "locals()<a=1>, locals()<b=2>, locals()<c=3>");
    check(r#"{"provider": {"aws": [{"region": "x"}, {"alias": "e"}]}}"#, "provider(aws)<region=\"x\">, provider(aws)<alias=\"e\">");
    check(
        r#"{"variable": {"a": {"validation": [{"condition": "${var.a > 1}", "error_message": "m"}]}}}"#,
        "variable(a)<validation()<condition=template, error_message=\"m\">>",
    );
}

#[test]
fn comments_and_nulls() {
    check(r#"{"//": "x", "locals": {"//": 1, "a": null}, "output": null, "resource": {"//": "y"}}"#, "locals()<a=null:any>");
}

#[test]
fn what_strings_are() {
    check(
        r#"{"variable": {"a": {"type": "list(string)", "default": "${x}", "description": "%{y}"}}}"#,
        "variable(a)<type=call of list, default=\"${x}\", description=\"%{y}\">",
    );
    check(r#"{"output": {"a": {"value": "${x}", "depends_on": ["t.x"]}}}"#, "output(a)<value=template, depends_on=tuple of 1>");
    check(r#"{"module": {"m": {"source": "./${x}", "providers": {"aws": "aws.e"}, "v": "$${x}"}}}"#, "module(m)<source=\"./${x}\", providers=object of 1, v=\"${x}\">");
    check(
        r#"{"resource": {"t": {"x": {"provider": "aws.e", "lifecycle": {"ignore_changes": "all"}}}}}"#,
        "resource(t x)<provider=access of e, lifecycle()<ignore_changes=name all>>",
    );
    check(r#"{"terraform": {"required_version": ">= 1", "backend": {"local": {"path": "x"}}}}"#, "terraform()<required_version=\">= 1\", backend(local)<path=\"x\">>");
    check(
        r#"{"locals": {"a": 12345678901234567890.5, "b": -1e2, "c": [1, "x"], "d": {"${k}": 1}}}"#,
        "locals()<a=12345678901234567890.5, b=-100, c=tuple of 2, d=object of 1>",
    );
}

#[test]
fn places_point_into_the_file() {
    let text = r#"{"locals": {"a": "\u00e9\n${var.x + var.y}", "b": "é ${z}"}}"#;
    let (body, sources, _) = read(text);
    let mut found = Vec::new();
    for attribute in &body.blocks[0].body.attributes {
        for_each_variable(&attribute.expr, &mut |traversal| found.push(sources.text(traversal.span).to_owned()));
    }
    assert_eq!(found, ["var.x", "var.y", "z"]);
    check_errors(r#"{"locals": {"a": "\t${1 +}"}}"#, &["main.tf.json:1:26 \"}\": Invalid expression"]);
    check_errors("{\"output\": {\"a\": {\"value\": \"x\",\n\"depends_on\": [\"1 2\"]}}}", &["main.tf.json:2:19 \"2\": Extra characters after expression"]);
}

#[test]
fn nested_blocks_are_found_by_who_knows_the_schema() {
    let (body, ..) = read(r#"{"resource": {"t": {"x": {"b": [{"c": 1, "//": 2}, {"d": {"e": 1}}], "m": {"k": {"v": 1}}, "s": "x"}}}}"#);
    let attributes = &body.blocks[0].body.attributes;
    let mut diags = weir_diag::Diagnostics::new();
    let mut blocks = |at: usize, labels| nested_blocks(&attributes[at], labels, &mut diags).iter().map(show_block).collect::<Vec<_>>();
    assert_eq!(blocks(0, 0), ["b()<c=1>", "b()<d=object of 1>"]);
    assert_eq!(blocks(1, 1), ["m(k)<v=1>"]);
    assert_eq!(blocks(2, 0), Vec::<String>::new());
    assert_eq!(diags.iter().map(|diagnostic| &*diagnostic.summary).collect::<Vec<_>>(), ["Incorrect JSON value type"]);
}

#[test]
fn dynamic_blocks() {
    check(
        r#"{"resource": {"t": {"x": {"dynamic": {"b": {"for_each": ["x"], "iterator": "i", "content": {"c": "${i.value}"}}}}}}}"#,
        "resource(t x)<dynamic(b)<for_each=tuple of 1, iterator=name i, content()<c=template>>>",
    );
    check(
        r#"{"resource": {"t": {"x": {"o": {"dynamic": {"b": {"for_each": [], "content": {}}}}}}}}"#,
        "resource(t x)<o()<dynamic(b)<for_each=tuple of 0, content()<>>>>",
    );
}

#[test]
fn wrong_shapes() {
    check_errors(
        r#"{"output": {"a": 1}, "locals": ["x"]}"#,
        &["main.tf.json:1:18 \"1\": Incorrect JSON value type", "main.tf.json:1:33 \"\\\"x\\\"\": Incorrect JSON value type"],
    );
    check_errors(r#""x""#, &["main.tf.json:1:1 \"\\\"x\\\"\": Incorrect JSON value type"]);
}

#[test]
fn wrong_json() {
    for (text, expected) in [
        ("", "1:1 \"\": Missing JSON value"),
        ("{", "1:1 \"{\": Unclosed bracket"),
        ("{\"a\": [1, 2", "1:7 \"[\": Unclosed bracket"),
        ("{\"a\": 1,}", "1:8 \",\": Trailing comma in object"),
        ("{\"a\": [1,]}", "1:9 \",\": Trailing comma in array"),
        ("{\"a\" 1}", "1:6 \"1\": Missing property value colon"),
        ("{\"a\": 1 \"b\": 2}", "1:9 \"\\\"\": Missing comma or \"}\""),
        ("{\"a\": ture}", "1:7 \"ture\": Invalid JSON keyword"),
        ("{\"a\": 01}", "1:7 \"01\": Invalid JSON number"),
        ("{\"a\": 1.e}", "1:7 \"1.e\": Invalid JSON number"),
        ("{\"a\": \"x\n\"}", "1:7 \"\\\"\": Unterminated string"),
        ("{\"a\": \"\\q\"}", "1:8 \"\\\\q\": Invalid escape sequence"),
        ("{\"a\": \"\\u12\"}", "1:8 \"\\\\u\": Invalid escape sequence"),
        ("{} é", "1:4 \"é\": Extraneous data after value"),
        ("// x\n{}", "1:1 \"/\": Invalid JSON value"),
    ] {
        check_errors(text, &[&format!("main.tf.json:{expected}")]);
    }
    check_errors(
        "{\"a\": [1 2, ,3], \"b\": tru, , \"c\" 1, \"d\": {\"e\": 01}, \"f\": [1, 2}",
        &[
            "main.tf.json:1:10 \"2\": Missing comma or \"]\"",
            "main.tf.json:1:13 \",\": Invalid JSON value",
            "main.tf.json:1:23 \"tru\": Invalid JSON keyword",
            "main.tf.json:1:28 \",\": Invalid property name",
            "main.tf.json:1:34 \"1\": Missing property value colon",
            "main.tf.json:1:48 \"01\": Invalid JSON number",
            "main.tf.json:1:63 \"}\": Missing comma or \"]\"",
        ],
    );
    let deep = "[".repeat(100_000);
    assert!(read(&deep).2[0].ends_with("Nested too deeply"));
}

#[test]
fn values() {
    let mut sources = Sources::new();
    let id = sources.add("x.tfvars.json", r#"{"a": "${b}", "//": 0, "c": {"d": [null, "\ud83d\ude00"]}}"#);
    let (found, diags) = parse_assignments(&sources, id);
    assert!(diags.is_empty(), "{diags:?}");
    assert_eq!(found.iter().map(|assignment| &*assignment.name).collect::<Vec<_>>(), ["a", "c"]);
    assert!(matches!(&found[0].expr.kind, ExprKind::Literal(value) if value.as_str() == Some("${b}")));
    let id = sources.add("y.tfvars.json", "[1]");
    assert!(parse_assignments(&sources, id).1.has_errors());
}

const PIECES: &[&str] =
    &["{", "}", "[", "]", ",", ":", "\"a\"", "\"resource\"", "\"locals\"", "\"dynamic\"", "\"${b}\"", "\"\\n%{ if\"", "1", "null", "\"", "\\u00e9", "é", " "];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the text is, each error has a place in it.
    #[test]
    fn any_text(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
        let mut sources = Sources::new();
        let text = pieces.concat();
        let id = sources.add("main.tf.json", text.as_str());
        let (_, diags) = parse(&sources, id);
        for diagnostic in diags.iter() {
            let span = diagnostic.span.unwrap();
            prop_assert!(text.get(span.start as usize..span.end as usize).is_some(), "{:?}", diagnostic);
        }
    }
}
