//! What holds for every function, on random arguments.

use proptest::prelude::*;
use weir_value::{Marks, Type, Value};

use super::testing::Files;
use super::{Function, lookup, names};

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just(""),
        Just("a"),
        Just("b"),
        Just("/a(b)/"),
        Just("%s %d"),
        Just("10.0.0.0/8"),
        Just("2020-01-02T03:04:05Z"),
        Just("é\u{301}\n "),
        Just("YYYY"),
        Just("1h"),
        Just("utf-8"),
        Just("a: [1]"),
        Just("{\"a\":1}"),
        Just("aGk="),
        Just("[a-")
    ];
    let leaf = prop_oneof![
        4 => text.prop_map(Value::from),
        2 => (-3_i64..9).prop_map(Value::from),
        1 => Just(Value::Number(weir_value::Number::parse("2.5").unwrap_or(weir_value::Number::ZERO))),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::null()),
        1 => Just(Value::Null(Type::String)),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        let texts = proptest::collection::vec("[ab1]{0,2}", 0..4);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::tuple),
            texts.clone().prop_map(Value::strings),
            texts.prop_map(|texts| Value::set(Type::String, texts.into_iter().map(Value::from))),
            proptest::collection::btree_map("[ab]", "[ab1]{0,2}".prop_map(Value::from), 0..3).prop_map(|map| Value::map(Type::String, map)),
            proptest::collection::btree_map("[ab]", inner, 0..3).prop_map(Value::object),
        ]
    })
}

fn function() -> impl Strategy<Value = &'static Function> {
    // Passwords take long by design.
    let all: Vec<&'static Function> = names().into_iter().filter(|name| *name != "bcrypt").filter_map(lookup).collect();
    proptest::sample::select(all)
}

fn call() -> impl Strategy<Value = (&'static Function, Vec<Value>)> {
    function().prop_flat_map(|function| {
        let least = function.parameters.len();
        let most = least + if function.variadic.is_some() { 3 } else { 0 };
        (Just(function), proptest::collection::vec(value(), least..=most))
    })
}

/// The value with the part at a random place changed.
fn change_part(value: &Value, at: usize, change: &dyn Fn(Value) -> Value) -> Value {
    let mut seen = 0;
    let count = {
        let mut count = 0;
        let _ = value.transform(&mut |_, part| {
            count += 1;
            part
        });
        count
    };
    value.transform(&mut |_, part| {
        seen += 1;
        if seen == at % count + 1 { change(part) } else { part }
    })
}

/// Another value of the same type.
fn another(value: Value) -> Value {
    match value {
        Value::Bool(truth) => Value::Bool(!truth),
        Value::Number(number) => Value::Number(number.add(&weir_value::Number::from(1_i64))),
        Value::String(text) => Value::from(format!("{text}b")),
        Value::List(element, _) => Value::list(element, []),
        Value::Set(set) => Value::set(set.element, []),
        Value::Map(element, _) => Value::map::<&str>(element, []),
        other => other,
    }
}

/// Whether a value with unknown parts can become the other.
fn admits(partial: &Value, full: &Value) -> bool {
    let all = |a: &Value, b: &Value| a.length() == b.length() && a.elements().zip(b.elements()).all(|(a, b)| admits(a, b));
    match (partial.unmarked(), full.unmarked()) {
        (Value::Unknown(unknown), full) => {
            let known = &unknown.refinement;
            let length = full.length().map(|length| length as u64);
            let fits = length.is_none_or(|length| length >= known.min_length && known.max_length.is_none_or(|max| length <= max));
            let starts = full.as_str().is_none_or(|text| text.starts_with(&*known.prefix));
            !(known.not_null && full.is_null()) && fits && starts
        }
        (Value::Set(a), Value::Set(b)) => !partial.is_wholly_known() || a == b,
        (a @ (Value::List(..) | Value::Tuple(_) | Value::Map(..) | Value::Object(_)), b) => all(a, b),
        (a, b) => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// An answer given before all is known must still be right afterwards.
    #[test]
    fn unknown_arguments_give_no_wrong_answer((function, args) in call(), which in any::<usize>(), part in any::<usize>()) {
        let files = Files([("a", b"x".to_vec())].into());
        let full = function.call(&files, &args);
        let mut partial = args.clone();
        if let Some(arg) = partial.get_mut(which % args.len().max(1)) {
            *arg = change_part(arg, part, &|value| Value::unknown(value.ty()));
        }
        if let (Ok(full), Ok(partial)) = (full, function.call(&files, &partial)) {
            prop_assert!(admits(&partial, &full), "{}({args:?}) = {full:?}, but with less known {partial:?}", function.name);
        }
    }

    /// Where a mark is not in the result, what was marked has not influenced the result either.
    #[test]
    fn marks_are_not_lost((function, args) in call(), which in any::<usize>(), part in any::<usize>()) {
        let files = Files([("a", b"x".to_vec())].into());
        let with = |change: &dyn Fn(Value) -> Value| {
            let mut changed = args.clone();
            if let Some(arg) = changed.get_mut(which % args.len().max(1)) {
                *arg = change_part(arg, part, change);
            }
            function.call(&files, &changed)
        };
        let (marked, plain, other) = (with(&|value| value.with_marks(Marks::EPHEMERAL)), with(&|value| value), with(&another));
        // What is ephemeral becomes null there: that is its purpose.
        if let (Ok(marked), Ok(plain), true) = (marked, plain, function.name != "ephemeralasnull") {
            let bare = |value: Value| value.unmark_deep().0;
            prop_assert_eq!(bare(marked.clone()), bare(plain.clone()), "{}({:?})", function.name, args);
            if let Ok(other) = other && !marked.marks_deep().is_ephemeral() {
                prop_assert_eq!(bare(plain), bare(other), "{}({:?})", function.name, args);
            }
        }
    }
}
