//! What holds for every expression, on random well-typed ones.
//!
//! - Evaluation ends and never panics.
//! - What is said with inputs unknown is true whatever they turn out to be: an error, a known part, a refinement.
//! - Who sees the result without its marks can tell nothing about a marked input.
#![allow(clippy::unwrap_used, reason = "tests")]

mod nowhere;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use weir_config::syntax::{Ident, parse_expression};
use weir_diag::{Diagnostic, Sources, Span};
use weir_eval::{Evaluator, Found, Scope};
use weir_value::{Marks, Type, Value};

use nowhere::Nowhere;

/// The inputs, by name: `var.NAME`.
type Inputs = BTreeMap<&'static str, Value>;

struct Names<'a>(&'a Inputs);

impl Scope for Names<'_> {
    fn lookup(&self, root: &Ident, names: &[(&Arc<str>, Span)]) -> Result<Found, Diagnostic> {
        let value = names.first().and_then(|(name, _)| self.0.get(&***name)).cloned();
        value.map(|value| Found { value, used: 1 }).ok_or_else(|| Diagnostic::error("unknown name", "").at(root.span))
    }
}

/// The value of an expression; nothing when it is an error.
fn eval(text: &str, inputs: &Inputs) -> Option<Value> {
    let mut sources = Sources::new();
    let id = sources.add("expression", text);
    let (expr, diags) = parse_expression(&sources, id);
    assert!(!diags.has_errors(), "{text}: {diags:?}");
    let scope = Names(inputs);
    let mut evaluator = Evaluator::new(&scope, &Nowhere);
    let value = evaluator.eval(&expr);
    (!evaluator.diags.has_errors()).then_some(value)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Number,
    Text,
    Bool,
    Texts,
    Numbers,
    Map,
    Object,
    TextSet,
}

const INPUTS: &[(&str, Kind)] = &[
    ("n", Kind::Number),
    ("m", Kind::Number),
    ("s", Kind::Text),
    ("t", Kind::Text),
    ("b", Kind::Bool),
    ("texts", Kind::Texts),
    ("numbers", Kind::Numbers),
    ("map", Kind::Map),
    ("object", Kind::Object),
    ("set", Kind::TextSet),
];

fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Number => Type::Number,
        Kind::Text => Type::String,
        Kind::Bool => Type::Bool,
        Kind::Texts => Type::list(Type::String),
        Kind::Numbers => Type::list(Type::Number),
        Kind::Map => Type::map(Type::String),
        Kind::Object => Type::object([("n", Type::Number), ("s", Type::String), ("l", Type::list(Type::String))]),
        Kind::TextSet => Type::set(Type::String),
    }
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![Just(""), Just("a"), Just("ab"), Just("ba"), Just("1"), Just("x y")].prop_map(Value::from)
}

fn value_of(kind: Kind) -> BoxedStrategy<Value> {
    let texts = || proptest::collection::vec(text(), 0..4);
    match kind {
        Kind::Number => (-3_i64..6).prop_map(Value::from).boxed(),
        Kind::Text => text().boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Texts => texts().prop_map(|items| Value::list(Type::String, items)).boxed(),
        Kind::Numbers => proptest::collection::vec((-3_i64..6).prop_map(Value::from), 0..4).prop_map(|items| Value::list(Type::Number, items)).boxed(),
        Kind::Map => proptest::collection::btree_map("[abn]", text(), 0..3).prop_map(|entries| Value::map(Type::String, entries)).boxed(),
        Kind::Object => {
            ((-3_i64..6), text(), texts()).prop_map(|(n, s, l)| Value::object([("n", Value::from(n)), ("s", s), ("l", Value::list(Type::String, l))])).boxed()
        }
        Kind::TextSet => texts().prop_map(|items| Value::set(Type::String, items)).boxed(),
    }
}

fn inputs() -> impl Strategy<Value = Inputs> {
    INPUTS.iter().map(|(_, kind)| value_of(*kind)).collect::<Vec<_>>().prop_map(|values| INPUTS.iter().map(|(name, _)| *name).zip(values).collect())
}

/// Random choices, taken one by one; when they are used up, always the first.
struct Choices<'a> {
    bytes: std::slice::Iter<'a, u8>,
    /// Whether `try` and `can` are among the expressions: what they give follows from an error, of which a value says nothing.
    guessing: bool,
}

impl Choices<'_> {
    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let at = self.bytes.next().map_or(0, |byte| usize::from(*byte));
        all[at % all.len()]
    }
}

/// The expressions of a kind, with the kinds of what stands for `$1`, `$2` and `$3` in them.
fn templates(kind: Kind) -> &'static [(&'static str, &'static [Kind])] {
    use Kind::{Bool, Map, Number, Numbers, Object, Text, TextSet, Texts};
    match kind {
        Number => &[
            ("($1 + $2)", &[Number, Number]),
            ("($1 - $2)", &[Number, Number]),
            ("($1 * $2)", &[Number, Number]),
            ("($1 / $2)", &[Number, Number]),
            ("-$1", &[Number]),
            ("length($1)", &[Texts]),
            ("length($1)", &[Text]),
            ("length($1)", &[Map]),
            ("length($1)", &[TextSet]),
            ("$1.n", &[Object]),
            ("max($1, $2)", &[Number, Number]),
            ("abs($1)", &[Number]),
            ("sum(concat([0], $1))", &[Numbers]),
            ("$1[$2]", &[Numbers, Number]),
            ("index($1, $2)", &[Texts, Text]),
        ],
        Text => &[
            ("\"${$1}-${$2}\"", &[Text, Number]),
            ("\"a${$1}${$2}\"", &[Text, Text]),
            ("upper($1)", &[Text]),
            ("join($1, $2)", &[Text, Texts]),
            ("replace($1, $2, $3)", &[Text, Text, Text]),
            ("$1.s", &[Object]),
            ("$1[$2]", &[Texts, Number]),
            ("element($1, $2)", &[Texts, Number]),
            ("lookup($1, $2, \"none\")", &[Map, Text]),
            ("$1[$2]", &[Map, Text]),
            ("jsonencode($1)", &[Texts]),
            ("jsonencode($1)", &[Object]),
            ("format(\"%s|%v\", $1, $2)", &[Text, Number]),
            ("tostring($1)", &[Bool]),
            ("coalesce($1, $2)", &[Text, Text]),
            ("\"%{ if $1 }yes%{ else }${$2}%{ endif }\"", &[Bool, Text]),
            ("\"%{ for v in $1 }<${v}>%{ endfor }\"", &[Texts]),
            ("substr($1, $2, $3)", &[Text, Number, Number]),
            ("trimspace($1)", &[Text]),
            ("one($1)", &[TextSet]),
        ],
        Bool => &[
            ("($1 == $2)", &[Text, Text]),
            ("($1 != $2)", &[Texts, Texts]),
            ("($1 == $2)", &[Object, Object]),
            ("($1 == $2)", &[Map, Map]),
            ("($1 < $2)", &[Number, Number]),
            ("($1 >= $2)", &[Number, Number]),
            ("($1 && $2)", &[Bool, Bool]),
            ("($1 || $2)", &[Bool, Bool]),
            ("!$1", &[Bool]),
            ("contains($1, $2)", &[Texts, Text]),
            ("contains($1, $2)", &[TextSet, Text]),
            ("startswith($1, $2)", &[Text, Text]),
            ("endswith($1, $2)", &[Text, Text]),
            ("strcontains($1, $2)", &[Text, Text]),
            ("($1 == null)", &[Text]),
            ("($1 != null)", &[Object]),
            ("can($1)", &[Text]),
            ("can($1)", &[Number]),
            ("alltrue([for v in $1 : v != \"\"])", &[Texts]),
            ("anytrue([for k, v in $1 : k == v])", &[Map]),
        ],
        Texts => &[
            ("[$1, $2]", &[Text, Text]),
            ("concat($1, $2)", &[Texts, Texts]),
            ("[for v in $1 : \"${v}${$2}\"]", &[Texts, Text]),
            ("[for v in $1 : v if v != $2]", &[Texts, Text]),
            ("keys($1)", &[Map]),
            ("values($1)", &[Map]),
            ("distinct($1)", &[Texts]),
            ("sort($1)", &[Texts]),
            ("reverse($1)", &[Texts]),
            ("tolist($1)", &[TextSet]),
            ("split($1, $2)", &[Text, Text]),
            ("slice($1, $2, $3)", &[Texts, Number, Number]),
            ("compact($1)", &[Texts]),
            ("[for o in [$1] : o.s]", &[Object]),
            ("$1.l", &[Object]),
            ("flatten([$1, [[\"z\"]]])", &[Texts]),
        ],
        Numbers => &[
            ("[$1, $2]", &[Number, Number]),
            ("concat($1, $2)", &[Numbers, Numbers]),
            ("[for v in $1 : v * 2]", &[Numbers]),
            ("[for v in $1 : length(v)]", &[Texts]),
            ("range($1)", &[Number]),
            ("reverse($1)", &[Numbers]),
        ],
        Map => &[
            ("merge($1, $2)", &[Map, Map]),
            ("tomap({ a = $1, b = $2 })", &[Text, Text]),
            ("{ for k, v in { for k, v in $1 : v => k... } : k => join(\",\", v) }", &[Texts]),
            ("{ for k, v in $1 : k => \"${v}${$2}\" }", &[Map, Text]),
            ("{ for k, v in $1 : k => v if v != $2 }", &[Map, Text]),
            ("zipmap(distinct($1), [for v in distinct($1) : $2])", &[Texts, Text]),
        ],
        Object => {
            &[("{ n = $1, s = $2, l = $3 }", &[Number, Text, Texts]), ("jsondecode(jsonencode($1))", &[Object]), ("merge({ n = 1, s = \"m\", l = [] }, $1)", &[Object])]
        }
        TextSet => &[
            ("toset($1)", &[Texts]),
            ("setunion($1, $2)", &[TextSet, TextSet]),
            ("setintersection($1, $2)", &[TextSet, TextSet]),
            ("setsubtract($1, $2)", &[TextSet, TextSet]),
            ("toset(keys($1))", &[Map]),
        ],
    }
}

fn literals(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Number => &["0", "1", "2", "4"],
        Kind::Text => &["\"\"", "\"a\"", "\"ab\"", "\"x y\"", "\"1\""],
        Kind::Bool => &["true", "false"],
        Kind::Texts => &["[]", "[\"a\"]", "[\"a\", \"b\"]", "tolist([\"b\", \"a\"])"],
        Kind::Numbers => &["[]", "[1]", "[3, 1, 2]"],
        Kind::Map => &["{}", "{ a = \"a\" }", "tomap({ a = \"x\", b = \"\" })"],
        Kind::Object => &["{ n = 1, s = \"a\", l = [\"q\"] }"],
        Kind::TextSet => &["toset([])", "toset([\"a\", \"ab\"])"],
    }
}

/// An expression of a kind, at most so deep.
fn expression(kind: Kind, depth: u32, choices: &mut Choices<'_>) -> String {
    let variables: Vec<&str> = INPUTS.iter().filter(|(_, own)| *own == kind).map(|(name, _)| *name).collect();
    match choices.one_of(&[0, 1, 2, 3, 4, 5, 6, 7]) {
        0 => choices.one_of(literals(kind)).to_owned(),
        1 => format!("var.{}", choices.one_of(&variables)),
        _ if depth == 0 => format!("var.{}", choices.one_of(&variables)),
        2 => {
            let (test, yes, no) = (expression(Kind::Bool, depth - 1, choices), expression(kind, depth - 1, choices), expression(kind, depth - 1, choices));
            format!("({test} ? {yes} : {no})")
        }
        3 if choices.guessing => format!("try({}, {})", expression(kind, depth - 1, choices), expression(kind, depth - 1, choices)),
        _ => {
            let all: Vec<_> = templates(kind).iter().filter(|(text, _)| choices.guessing || !text.starts_with("can(")).copied().collect();
            let (template, kinds) = choices.one_of(&all);
            let parts: Vec<String> = kinds.iter().map(|kind| expression(*kind, depth - 1, choices)).collect();
            let mut text = template.to_owned();
            for (at, part) in parts.iter().enumerate() {
                // A part has no dollar and digit of its own, except in templates, where a brace follows the dollar.
                text = text.replace(&format!("${}", at + 1), part);
            }
            text
        }
    }
}

fn any_expression(guessing: bool) -> impl Strategy<Value = String> {
    use Kind::{Bool, Map, Number, Numbers, Object, Text, TextSet, Texts};
    proptest::collection::vec(any::<u8>(), 80).prop_map(move |bytes| {
        let mut choices = Choices { bytes: bytes.iter(), guessing };
        let kind = choices.one_of(&[Number, Text, Bool, Texts, Numbers, Map, Object, TextSet]);
        expression(kind, 4, &mut choices)
    })
}

/// Whether what was said of a value before it was known is true of it.
fn true_of(said: &Value, value: &Value) -> bool {
    match (said, value) {
        (Value::Unknown(unknown), value) => {
            let refinement = &unknown.refinement;
            let fits = unknown.ty == Type::Dynamic
                || value.is_null()
                || weir_value::convert(value, &unknown.ty).is_ok_and(|converted| converted == *value)
                || unknown.ty.has_dynamic();
            let length = value.length().map(|length| length as u64);
            fits && (!refinement.not_null || !value.is_null())
                && value.as_str().is_none_or(|text| text.starts_with(&*refinement.prefix))
                && length.is_none_or(|length| length >= refinement.min_length && refinement.max_length.is_none_or(|most| length <= most))
        }
        // Which of the two kinds a conditional gives depends on both of its sides.
        (Value::List(_, a) | Value::Tuple(a), Value::List(_, b) | Value::Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| true_of(a, b)),
        (Value::Map(_, a) | Value::Object(a), Value::Map(_, b) | Value::Object(b)) => a.keys().eq(b.keys()) && a.iter().all(|(key, a)| true_of(a, &b[key])),
        // Elements that are not known yet may turn out to be equal to others.
        (Value::Set(a), Value::Set(b)) if !said.is_wholly_known() => a.items.iter().filter(|item| item.is_wholly_known()).all(|item| b.items.contains(item)),
        // The type of what is not there depends on both sides of a conditional too.
        (Value::Set(a), Value::Set(b)) => a.items == b.items,
        (Value::Null(_), Value::Null(_)) => true,
        (said, value) => said == value,
    }
}

/// Runs a law on the same expressions each time.
fn law<S: Strategy>(strategy: S, holds: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases: 3000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    if let Err(error) = runner.run(&strategy, holds) {
        panic!("{error}");
    }
}

#[test]
fn what_is_known_early_is_true() {
    let hidden = proptest::collection::vec(0_u8..4, INPUTS.len());
    law((any_expression(false), inputs(), hidden), |(text, inputs, hidden)| {
        let mut early = inputs.clone();
        for ((name, kind), how) in INPUTS.iter().zip(&hidden) {
            match how {
                0 => drop(early.insert(name, Value::unknown(type_of(*kind)))),
                1 => drop(early.insert(name, Value::unknown_not_null(type_of(*kind)))),
                _ => {}
            }
        }
        let (said, value) = (eval(&text, &early), eval(&text, &inputs));
        match (&said, &value) {
            (Some(said), Some(value)) => prop_assert!(true_of(said, value), "{text}\nsaid {said:?}\nis   {value:?}\nwith {early:?}"),
            (None, Some(value)) => prop_assert!(false, "{text}\nis an error with {early:?}\nand {value:?} with {inputs:?}"),
            (_, None) => {}
        }
        Ok(())
    });
}

#[test]
fn guesses_come_to_an_end() {
    let hidden = proptest::collection::vec(any::<bool>(), INPUTS.len());
    law((any_expression(true), inputs(), hidden), |(text, inputs, hidden)| {
        let early: Inputs =
            INPUTS.iter().zip(&hidden).map(|((name, kind), hidden)| (*name, if *hidden { Value::unknown(type_of(*kind)) } else { inputs[name].clone() })).collect();
        let (said, value) = (eval(&text, &early), eval(&text, &inputs));
        prop_assert!(said.is_some() || value.is_none(), "{text}\nis an error with {early:?}\nand {value:?} with {inputs:?}");
        Ok(())
    });
}

#[test]
fn no_mark_is_lost() {
    let marked = proptest::collection::vec(any::<bool>(), INPUTS.len());
    law((any_expression(false), inputs(), inputs(), marked), |(text, inputs, others, marked)| {
        let secret = |first: &Inputs, second: &Inputs| -> Inputs {
            let take = |at: usize, name: &'static str| if marked[at] { second[name].clone().with_marks(Marks::SENSITIVE) } else { first[name].clone() };
            INPUTS.iter().enumerate().map(|(at, (name, _))| (*name, take(at, name))).collect()
        };
        let (one, other) = (eval(&text, &secret(&inputs, &inputs)), eval(&text, &secret(&inputs, &others)));
        if let (Some(one), Some(other)) = (&one, &other) {
            let open = |value: &Value| value.transform(&mut |_, part| if part.marks().is_empty() { part } else { Value::null() });
            prop_assert!(true_of(&open(one), &open(other)), "{text}\ntells {one:?}\nfrom  {other:?}");
        }
        // Marks do not change what a value is.
        let (bare, with) = (eval(&text, &inputs), one);
        prop_assert_eq!(bare, with.map(|value| value.unmark_deep().0), "{}", text);
        Ok(())
    });
}
