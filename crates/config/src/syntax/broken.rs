//! Broken files: what is reported, where reading goes on, and that nothing makes the parser fall over.

use proptest::prelude::*;
use weir_diag::Sources;

use super::ast::Body;
use super::check::{errors, outline, show};
use super::{parse, parse_expression, parse_template};

/// Checks the errors of a text: `line:column "range" summary` each.
fn check(text: &str, expected: &[&str]) {
    assert_eq!(errors(text).lines().collect::<Vec<_>>(), expected, "{text}");
}

/// Checks a single error in the value of an argument, and that the line after it is read.
fn value(text: &str, expected: &str) {
    check(&format!("a = {text}\nb =\n"), &[expected, "2:4 \"\\n\" Invalid expression"]);
}

#[test]
fn values() {
    for (text, expected) in [
        ("", r#"1:5 "\n" Invalid expression"#),
        ("= 2", r#"1:5 "=" Invalid expression"#),
        ("2 +", r#"1:8 "\n" Invalid expression"#),
        ("!", r#"1:6 "\n" Invalid expression"#),
        (".foo", r#"1:5 "." Invalid expression"#),
        ("...", r#"1:5 "..." Invalid expression"#),
        ("(1 + 2", r#"2:1 "b" Unbalanced parentheses"#),
        ("1 2", r#"1:7 "2" Missing newline after argument"#),
        ("1, c = 2", r#"1:6 "," Unexpected comma after argument"#),
        ("x and y", r#"1:7 "and" Missing newline after argument"#),
        ("foo.bar(1)", r#"1:12 "(" Missing newline after argument"#),
        ("1 ]", r#"1:7 "]" Missing newline after argument"#),
        ("0x10", r#"1:6 "x10" Missing newline after argument"#),
        ("1.2.3", r#"1:5 "1.2.3" Invalid number literal"#),
        ("1e5.5", r#"1:5 "1e5.5" Invalid number literal"#),
        ("foo.5.6", r#"1:9 "5.6" Invalid legacy index syntax"#),
        ("b.", r#"1:7 "\n" Invalid attribute name"#),
        ("b.-1", r#"1:7 "-" Invalid attribute name"#),
        ("b.\"c\"", r#"1:7 "\"" Invalid attribute name"#),
        ("b[]", r#"1:7 "]" Invalid expression"#),
        ("b[1 2]", r#"1:9 "2" Missing close bracket on index"#),
        ("b[*.c]", r#"1:8 "." Missing close bracket on splat index"#),
        ("b.*.c.*.d", r#"1:11 "*" Nested splat expression not allowed"#),
        ("b ? c", r#"1:10 "\n" Missing false expression in conditional"#),
        ("b ? : c", r#"1:9 ":" Invalid expression"#),
        ("b ? c :", r#"1:12 "\n" Invalid expression"#),
        ("foo(1 2, 3)", r#"1:11 "2" Missing argument separator"#),
        ("foo(1, , 2)", r#"1:12 "," Invalid expression"#),
        ("foo(x... , y)", r#"1:10 "..." Missing closing parenthesis"#),
        ("foo::", r#"1:10 "\n" Missing function name"#),
        ("foo::bar", r#"1:13 "\n" Missing open parenthesis"#),
        ("[1 2]", r#"1:8 "2" Missing item separator"#),
        ("[1, 2)]", r#"1:10 ")" Missing item separator"#),
        ("{ b }", r#"1:9 "}" Missing key/value separator"#),
        ("{ b 1 }", r#"1:9 "1" Missing key/value separator"#),
        ("{ b = 1 c = 2 }", r#"1:13 "c" Missing attribute separator"#),
        ("{ b, c = 2 }", r#"1:8 "," Missing attribute value"#),
        ("{ b => 1 }", r#"1:9 "=>" Missing key/value separator"#),
        ("{ b.c = 1 }", r#"1:7 "b.c" Ambiguous attribute key"#),
        ("(1, 2)", r#"1:7 "," Unbalanced parentheses"#),
        ("[for]", r#"1:9 "]" Invalid 'for' expression"#),
        ("[for x y : z]", r#"1:12 "y" Invalid 'for' expression"#),
        ("[for x in y z]", r#"1:17 "z" Invalid 'for' expression"#),
        ("[for x in y : ]", r#"1:19 "]" Invalid expression"#),
        ("[for x in y : z => 1]", r#"1:19 "z" Invalid 'for' expression"#),
        ("[for x in y : z...]", r#"1:20 "..." Invalid 'for' expression"#),
        ("{for x in y : z}", r#"1:19 "z" Invalid 'for' expression"#),
        ("[for x in y : x foo, 1]", r#"1:21 "foo" Invalid 'for' expression"#),
        ("1 & 2", r#"1:7 "&" Unsupported operator"#),
        ("1 | 2 ^ 3", r#"1:7 "|" Unsupported operator"#),
        ("~1", r#"1:5 "~" Unsupported operator"#),
        ("'abc'", r#"1:5 "'" Invalid character"#),
        ("[1, 'a b', 2]", r#"1:9 "'" Invalid character"#),
        ("`abc`", r#"1:5 "`" Invalid character"#),
        ("“abc”", r#"1:5 "“" Invalid character"#),
        ("c; d = 2", r#"1:6 ";" Invalid character"#),
        ("x @ y", r#"1:7 "@" Invalid character"#),
        ("${x}", r#"1:5 "$" Invalid character"#),
        ("x\u{a0}", "1:6 \"\\u{a0}\" Invalid character"),
    ] {
        // `^` in an expression with another unknown operator is an error of its own.
        if text.contains('^') {
            check(&format!("a = {text}\n"), &[expected, r#"1:11 "^" Unsupported operator"#]);
        } else if text == "(1 + 2" {
            check("a = (1 + 2\nb =\n", &[expected, "2:4 \"\\n\" Invalid expression"]);
        } else {
            value(text, expected);
        }
    }
}

#[test]
fn templates() {
    for (text, expected) in [
        (r#""abc"#, r#"1:9 "\n" Unterminated template string"#),
        (r#""abc ${foo bar} x""#, r#"1:16 "bar" Extra characters after interpolation expression"#),
        (r#""abc ${foo""#, r#"1:10 "${" Unclosed template interpolation sequence"#),
        (r#""abc ${""#, r#"1:13 "\n" Unterminated template string"#),
        (r#""${}""#, r#"1:8 "}" Invalid expression"#),
        (r#""${1 + } ${x}""#, r#"1:12 "}" Invalid expression"#),
        (r#""${ foo( }""#, r#"1:14 "}" Invalid expression"#),
        (r#""%{}""#, r#"1:8 "}" Invalid template directive"#),
        (r#""%{ if }x%{ endif }""#, r#"1:12 "}" Invalid expression"#),
        (r#""%{ if x y }x%{ endif }""#, r#"1:14 "y" Extra characters in if marker"#),
        (r#""%{ foo x }abc""#, r#"1:9 "foo" Invalid template control keyword"#),
        (r#""%{ if x }abc""#, r#"1:18 "\"" Unexpected end of template"#),
        (r#""%{ endif }abc""#, r#"1:6 "%{ endif }" Unexpected endif directive"#),
        (r#""%{ for x in y }abc%{ endif }""#, r#"1:24 "%{ endif }" Unexpected endif directive"#),
        (r#""%{ if x }a%{ else }b%{ else }c%{ endif }""#, r#"1:26 "%{ else }" Unexpected else directive"#),
        (r#""%{ for x y }x%{ endfor }""#, r#"1:15 "y" Invalid 'for' directive"#),
        (r#""\q""#, r#"1:6 "\\q" Invalid escape sequence"#),
        (r#""\u12""#, r#"1:6 "\\u12" Invalid escape sequence"#),
        (r#""\UFFFFFFFF""#, r#"1:6 "\\UFFFFFFFF" Invalid escape sequence"#),
        (r#""\ud800""#, r#"1:6 "\\ud800" Invalid escape sequence"#),
        (r#""\${a}""#, r#"1:6 "\\$" Invalid escape sequence"#),
        ("<<EOT abc\nEOT", r#"1:5 "<" Invalid expression"#),
        ("<<\"EOT\"\nEOT", r#"1:5 "<" Invalid expression"#),
    ] {
        let lines = text.lines().count();
        check(&format!("a = {text}\nb =\n"), &[expected, &format!("{}:4 \"\\n\" Invalid expression", lines + 1)]);
    }
}

#[test]
fn several_in_one_value() {
    check(
        "a = \"${1 +} ${2 *}\"\nb = foo(1 +, 2 *)\n",
        &[r#"1:11 "}" Invalid expression"#, r#"1:18 "}" Invalid expression"#, r#"2:12 "," Invalid expression"#, r#"2:17 ")" Invalid expression"#],
    );
    check(
        "a = [\n  1,\n  2 +,\n  3 3,\n]\nb = {\n  x = 1 +\n  y =\n  z\n  \"q\" 5\n}\n",
        &[
            r#"3:6 "," Invalid expression"#,
            r#"4:5 "3" Missing item separator"#,
            r#"7:10 "\n" Invalid expression"#,
            r#"8:6 "\n" Invalid expression"#,
            r#"9:4 "\n" Missing attribute value"#,
            r#"10:7 "5" Missing key/value separator"#,
        ],
    );
    // Without a comma between lines, one word is enough.
    check("a = [\n  1\n  2\n  3\n]\n", &[r#"3:3 "2" Missing item separator"#]);
}

#[test]
fn open_brackets_end_at_the_next_definition() {
    check(
        "locals {\n  a = foo(1\n  b = [\n    1,\n  c = x[0\n  d = (1 +\n  e =\n}\n\nresource \"a\" \"b\" {\n  c =\n}\n",
        &[
            r#"3:3 "b" Missing argument separator"#,
            r#"5:5 "=" Missing item separator"#,
            r#"6:3 "d" Missing close bracket on index"#,
            r#"7:5 "=" Unbalanced parentheses"#,
            r#"7:6 "\n" Invalid expression"#,
            r#"11:6 "\n" Invalid expression"#,
        ],
    );
    // The bracket that comes late after all is not worth a word.
    check("a = (1 +\nb = 2\n)\nc =\n", &[r#"2:3 "=" Unbalanced parentheses"#, r#"4:4 "\n" Invalid expression"#]);
    check("locals {\n  a = [1, 2\n}\nb =\n", &[r#"3:1 "}" Missing item separator"#, r#"4:4 "\n" Invalid expression"#]);
    check("a = [\n  { b = 1,\n]\nc =\n", &[r#"3:1 "]" Invalid expression"#, r#"4:4 "\n" Invalid expression"#]);
    check("r {\n  tags = {\n    Name = 1\n\n  lifecycle {\n    x =\n  }\n}\n", &[r#"5:13 "{" Missing key/value separator"#, r#"6:8 "\n" Invalid expression"#]);
}

#[test]
fn strings_that_are_not_closed() {
    check(
        "a = \"x\nb = \"y\"\nc = [\n  \"x,\n  \"y\",\n]\nd = {\n  e = \"x\n  f = 1\n}\ng = \"${x\nh =\n",
        &[
            r#"1:7 "\n" Unterminated template string"#,
            r#"4:6 "\n" Unterminated template string"#,
            r#"8:9 "\n" Unterminated template string"#,
            r#"12:1 "h" Extra characters after interpolation expression"#,
            r#"12:4 "\n" Invalid expression"#,
        ],
    );
    // A string over several lines.
    check("a = \"x\n  some text\n  end\"\nb =\n", &[r#"1:7 "\n" Unterminated template string"#, r#"4:4 "\n" Invalid expression"#]);
    check("a { b = \"x\ny\" }\nb =\n", &[r#"1:11 "\n" Unterminated template string"#, r#"3:4 "\n" Invalid expression"#]);
    // A marker with something behind it.
    check("a = foo(<<EOT\nabc\nEOT)\nb =\n", &[r#"4:4 "\n" Invalid expression"#, r#"5:1 "" Unterminated template string"#]);
    check("a = <<EOT\nabc\nb =\n", &[r#"4:1 "" Unterminated template string"#]);
    check(
        "a = <<EOT\n${VAR:-x} ${#arr} ${x\nz\nEOT\nb =\n",
        &[r#"2:6 ":" Extra characters after interpolation expression"#, r#"4:1 "EOT" Extra characters after interpolation expression"#, r#"5:4 "\n" Invalid expression"#],
    );
    check("a = 1 /* x\nb =\n", &[r#"1:7 "/*" Unterminated comment"#]);
}

#[test]
fn bodies() {
    check(
        "foo = 1\nbar\n\"x\" = 1\n5 = 2\na : 1\nb => 2\nc 1\nd.e = 1\nf\n",
        &[
            r#"2:1 "bar" Argument or block definition required"#,
            r#"3:1 "\"" Invalid argument name"#,
            r#"4:1 "5" Argument or block definition required"#,
            r#"5:1 "a" Argument or block definition required"#,
            r#"6:1 "b" Argument or block definition required"#,
            r#"7:1 "c" Argument or block definition required"#,
            r#"8:1 "d" Argument or block definition required"#,
            r#"9:1 "f" Argument or block definition required"#,
        ],
    );
}

#[test]
fn blocks() {
    for (text, expected) in [
        ("}", r#"1:1 "}" Argument or block definition required"#),
        ("a {\n}}", r#"2:2 "}" Missing newline after block definition"#),
        ("a {} b {}", r#"1:6 "b" Missing newline after block definition"#),
        ("\"foo\" {\n}", r#"1:1 "\"" Invalid argument name"#),
        ("a \"b\"\n{\n}", r#"1:6 "\n" Invalid block definition"#),
        ("a \"b\"\n  x = 1\n}", r#"1:6 "\n" Invalid block definition"#),
        ("a \"b\"", r#"1:6 "\n" Invalid block definition"#),
        ("a \"b\" = 5", r#"1:7 "=" Invalid block definition"#),
        ("a \"b\" 5 {\n x = 1\n}", r#"1:7 "5" Invalid block definition"#),
        ("a 'b' {\n}", r#"1:3 "'" Invalid character"#),
        ("a 5 {\n}", r#"1:1 "a" Argument or block definition required"#),
        ("a \"b${c}\" {\n}", r#"1:5 "${" Invalid string literal"#),
        ("a \"é%{ if x }c%{ endif }\" {\n}", r#"1:5 "%{" Invalid string literal"#),
        ("a \"b\\q\" {\n}", r#"1:5 "\\q" Invalid escape sequence"#),
        ("a \"b {\n x = 1\n}", r#"1:7 "" Invalid multi-line string"#),
        ("a \"b\n\" \"c\" {\n x = 1\n}", r#"1:5 "" Invalid multi-line string"#),
        ("a {\n  x = 1 }", r#"2:9 "}" Missing newline after argument"#),
        ("a { x = 1 y = 2 }", r#"1:11 "y" Invalid single-argument block definition"#),
        ("a { x = 1, y = 2 }", r#"1:10 "," Invalid single-argument block definition"#),
        ("a { x = 1\ny = 2 }", r#"1:10 "\n" Invalid single-argument block definition"#),
        ("a { x {} }", r#"1:5 "x {" Argument definition required"#),
        ("a { x }", r#"1:5 "x" Argument or block definition required"#),
        ("a { 5 }", r#"1:5 "5" Argument or block definition required"#),
        ("a { x = }", r#"1:9 "}" Invalid expression"#),
        ("a {\n x = 1\n x = 2\n}", r#"3:2 "x" Attribute redefined"#),
    ] {
        let lines = text.lines().count();
        check(&format!("{text}\nb =\n"), &[expected, &format!("{}:4 \"\\n\" Invalid expression", lines + 1)]);
    }
}

#[test]
fn blocks_that_are_not_closed() {
    check("a {\n  b {\n    c {\n}\n", &[r#"2:5 "{" Unclosed configuration block"#]);
    check("a {\n  b =\n  c {\n}\n", &[r#"1:3 "{" Unclosed configuration block"#, r#"2:6 "\n" Invalid expression"#]);
    check("a { b = ", &[r#"1:9 "" Missing expression"#]);
    check("a = {\n  b = 5", &[r#"1:5 "{" Unterminated object constructor expression"#]);
    let mut sources = Sources::new();
    let id = sources.add("main.tf", "a {\n  b {\n    c = 1\n}\n\nd {\n}\n");
    let (_, diagnostics) = parse(&sources, id);
    let labels: Vec<_> = diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels).map(|label| sources.place(label.span)).collect();
    assert_eq!(labels, ["main.tf:2:5", "main.tf:4:1"]);
}

#[test]
fn what_could_be_read_is_kept() {
    let mut sources = Sources::new();
    let id = sources.add("main.tf", "a = 1 +\nb = [1, )]\nc = 3\nd \"x\" {\n  e = {\n    f =\n  }\n  g = 1\n}\nh \"x\n");
    let (body, diagnostics) = parse(&sources, id);
    assert_eq!(diagnostics.len(), 4, "{diagnostics:?}");
    assert_eq!(outline(&body), "a=!; b=!; c=3; d \"x\" {e=!; g=1}");
}

/// Every construct, in little room.
const CORPUS: &str = r#"# c
locals {
  a = [1, 2.5e3, -x, !y, "s", null] /* c */
  b = { k = 1, "l" : 2, (m) = 3
    n = "x${a.b[0]}y" }
  c = x.y.0.z[*].w["k"] ? f(1, g::h(a...)) : a.*.b[1]
  d = [for i, v in l : v if i > 1 || v == 2 && a != b]
  e = {for k, v in m : k => v... if k <= 3 % 2}
  f = "%{ if a ~} é\n\u00e9$${x} %{~ else }%{ for k, v in m }${k}%{ endfor }%{ endif }"
  g = <<EOT
a ${b} \n
  %{ for x in y ~}
  ${~ x ~}
  %{ endfor ~}
EOT
  h = <<-E
    a
      ${{ a = "}" }.a}
    E
}
resource "a" b {
  one { x = (
    1 + 2 * 3
  ) }
  two "é" {}
}
"#;

const TOKENS: &[&str] = &[
    "a",
    "b.c",
    "for",
    "in",
    "if",
    "1",
    "1.2.3",
    "\"",
    "\"x\"",
    "\"${",
    "${",
    "%{",
    "%{ if x }",
    "%{ else }",
    "%{ endif }",
    "%{ for x in y }",
    "%{ endfor }",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    "[*]",
    ".*",
    ".",
    "...",
    ",",
    "=",
    "==",
    "=>",
    ":",
    "::",
    "?",
    "+",
    "-",
    "!",
    "&",
    "|",
    "~",
    "~}",
    "<<E\n",
    "<<-E\n",
    "\nE\n",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "#",
    "//",
    "/*",
    "*/",
    "\\",
    "\\u00",
    "'",
    "`",
    ";",
    "é",
    "\u{feff}",
    "\u{301}",
    "\0",
    "“",
    "$${",
    "null",
    "true",
    "a = ",
    "a {\n",
    "\n}\n",
    "f(",
    "x ? y : z",
];

/// Whatever the text: spans lie in it, and what was read without error reads the same on its own.
fn survive(text: &str) {
    let mut sources = Sources::new();
    let id = sources.add("main.tf", text);
    let (body, diagnostics) = parse(&sources, id);
    for diagnostic in diagnostics.iter() {
        let spans = diagnostic.span.into_iter().chain(diagnostic.labels.iter().map(|label| label.span));
        for span in spans {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} of {text:?}");
        }
        assert!(!diagnostic.detail.is_empty());
    }
    if diagnostics.is_empty() {
        same_alone(&mut sources, &body);
    }
    parse_expression(&sources, id);
    parse_template(&sources, id);
}

fn same_alone(sources: &mut Sources, body: &Body) {
    for attribute in &body.attributes {
        let text = sources.text(attribute.expr.span).to_owned();
        let id = sources.add("alone", &*text);
        let (alone, diagnostics) = parse_expression(sources, id);
        assert!(diagnostics.is_empty(), "{text:?}: {diagnostics:?}");
        assert_eq!(show(&alone), show(&attribute.expr), "{text:?}");
    }
    body.blocks.iter().for_each(|block| same_alone(sources, &block.body));
}

#[test]
fn the_corpus_is_valid() {
    assert_eq!(errors(CORPUS), "");
    assert_eq!(errors(&CORPUS.replace('\n', "\r\n")), "");
    survive(CORPUS);
}

#[test]
fn truncated_anywhere() {
    for (at, _) in CORPUS.char_indices() {
        survive(&CORPUS[..at]);
        survive(&CORPUS[at..]);
    }
}

#[test]
fn mutated() {
    // A fixed sequence (xorshift), so that a failure can be repeated.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..4000 {
        let mut text: Vec<char> = CORPUS.chars().collect();
        for _ in 0..=next(3) {
            let at = next(text.len());
            let end = (at + next(8)).min(text.len());
            match next(3) {
                0 => drop(text.drain(at..end)),
                1 => drop(text.splice(at..at, TOKENS[next(TOKENS.len())].chars())),
                _ => {
                    let piece = text[at..end].to_vec();
                    let to = next(text.len());
                    text.splice(to..to, piece);
                }
            }
        }
        survive(&text.into_iter().collect::<String>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tokens(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..40)) {
        survive(&tokens.concat());
    }

    #[test]
    fn any_text(text in "\\PC{0,60}") {
        survive(&text);
    }
}
