//! Maps, objects, and questions about any collection.

use std::collections::BTreeMap;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;
use weir_value::{Refinement, Type, Unknown, Value, convert, unify};

use super::args::Args;
use super::equality::equal;
use super::error::{fail, refuse};
use super::{Answer, Function, MarkRule, Parameter, any_list, because, text_list, unknown_bool, unknown_number};

const LIST: Parameter = Parameter::any("list");
const BOOLS: Parameter = Parameter::new("list", || Type::list(Type::Bool)).unknown();
const VALS: Parameter = Parameter::any("vals").nullable().unknown();

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("alltrue", &[BOOLS], unknown_bool, |args| all_or_any(args, true)),
    Function::new("anytrue", &[BOOLS], unknown_bool, |args| all_or_any(args, false)),
    Function::new("coalesce", &[], |_| Ok(Value::unknown(Type::Dynamic)), coalesce).variadic(VALS),
    Function::new("coalescelist", &[], |_| Ok(Value::unknown(Type::Dynamic)), coalesce_list).variadic(VALS),
    Function::new("contains", &[LIST.unknown(), Parameter::any("value").unknown()], unknown_bool, contains),
    Function::new("index", &[LIST.unknown(), Parameter::any("value").unknown()], unknown_number, index),
    Function::new("keys", &[Parameter::any("inputMap").shallow()], unknown_keys, |args| keys(args.value(0)?)),
    Function::new("length", &[Parameter::any("value").shallow()], unknown_length, |args| length(args.value(0)?)),
    Function::new("lookup", &[Parameter::any("inputMap").shallow(), Parameter::text("key")], unknown_lookup, lookup)
        .variadic(Parameter::any("default").nullable().unknown().marked()),
    Function::new("matchkeys", &[Parameter::new("values", any_list), KEYS, Parameter::new("searchset", any_list)], unknown_match, match_keys),
    Function::new("merge", &[], |_| Ok(Value::unknown_not_null(Type::Dynamic)), merge).variadic(MAPS),
    Function::new("one", &[ONE], unknown_one, one),
    Function::new("sum", &[LIST], unknown_number, sum),
    Function::new("transpose", &[Parameter::new("values", || Type::map(text_list()))], |_| Ok(Value::unknown_not_null(Type::map(text_list()))), transpose),
    Function::new("values", &[Parameter::any("mapping").shallow()], unknown_values, |args| values(args.value(0)?)),
    Function::new("zipmap", &[Parameter::new("keys", text_list), Parameter::any("values").shallow()], unknown_zip, zip),
];

const KEYS: Parameter = Parameter::new("keys", any_list);
const MAPS: Parameter = {
    let mut maps = Parameter::any("maps").nullable().unknown();
    maps.marks = MarkRule::Inside;
    maps
};
const ONE: Parameter = {
    let mut list = LIST.shallow();
    list.marks = MarkRule::None;
    list
};

/// An unknown value that waits for the same as the one it comes from.
fn unknown_like(ty: Type, refinement: Refinement, of: &Value) -> Value {
    Value::Unknown(Arc::new(Unknown { ty, refinement, cause: of.cause() }))
}

fn refinement(value: &Value) -> Refinement {
    if let Value::Unknown(unknown) = value { unknown.refinement.clone() } else { Refinement::default() }
}

fn all_or_any(args: &Args<'_>, all: bool) -> Answer {
    let list = args.value(0)?;
    let waiting = || Ok(because(Value::unknown_not_null(Type::Bool), list.cause()));
    if !list.is_known() {
        return waiting();
    }
    // Null counts as false.
    if list.elements().any(|item| item.is_known() && (*item == Value::Bool(true)) != all) {
        return Ok(Value::Bool(!all));
    }
    if list.is_wholly_known() { Ok(Value::Bool(all)) } else { waiting() }
}

fn coalesce(args: &Args<'_>) -> Answer {
    let types: Vec<Type> = args.values.iter().map(Value::ty).collect();
    let Some(ty) = unify(&types).filter(|_| !types.is_empty()) else {
        return fail("all arguments must have the same type");
    };
    // The type of what is not known yet may change that of the others.
    if let Some(open) = args.values.iter().find(|value| !value.is_known() && value.ty() == Type::Dynamic) {
        let ty = if ty == Type::String { ty } else { Type::Dynamic };
        return Ok(because(Value::unknown_not_null(ty), open.cause()));
    }
    for (at, value) in args.values.iter().enumerate() {
        if value.is_null() {
            continue;
        }
        let value = match convert(value, &ty) {
            Ok(value) => value,
            Err(error) => return refuse(at, error.to_string()),
        };
        if !value.is_known() {
            return Ok(because(Value::unknown_not_null(ty), value.cause()));
        }
        if value.as_str() != Some("") {
            return Ok(value);
        }
    }
    fail("no non-null, non-empty-string arguments")
}

fn coalesce_list(args: &Args<'_>) -> Answer {
    if args.values.is_empty() {
        return fail("at least one argument is required");
    }
    let types: Vec<Type> = args.values.iter().map(Value::ty).collect();
    for value in args.values {
        match (value, value.ty()) {
            (Value::Unknown(_), Type::Dynamic) | (_, Type::List(_) | Type::Tuple(_)) => {}
            _ => return fail("coalescelist arguments must be lists or tuples"),
        }
    }
    for value in args.values {
        match value {
            Value::Null(_) => {}
            Value::Unknown(unknown) => {
                if unknown.refinement.not_null && unknown.refinement.min_length > 0 {
                    return Ok(value.clone());
                }
                let ty = if types.iter().all(|ty| *ty == types[0]) { types[0].clone() } else { Type::Dynamic };
                return Ok(because(Value::unknown_not_null(ty), value.cause()));
            }
            _ if value.length() != Some(0) => return Ok(value.clone()),
            _ => {}
        }
    }
    fail("no non-null arguments")
}

fn contains(args: &Args<'_>) -> Answer {
    let (list, value) = (args.value(0)?, args.value(1)?);
    let cause = list.cause().or_else(|| value.cause());
    let waiting = Ok(because(Value::unknown_not_null(Type::Bool), cause));
    match list.ty() {
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => {}
        Type::Dynamic if !list.is_known() => return waiting,
        _ => return fail("argument must be list, tuple, or set"),
    }
    if !list.is_known() {
        return waiting;
    }
    let mut sure = true;
    for item in list.elements() {
        match equal(item, value) {
            Some(true) => return Ok(true.into()),
            Some(false) => {}
            None => sure = false,
        }
    }
    if sure { Ok(false.into()) } else { waiting }
}

fn index(args: &Args<'_>) -> Answer {
    let (list, value) = (args.value(0)?, args.value(1)?);
    let cause = list.cause().or_else(|| value.cause());
    let waiting = Ok(because(Value::unknown_not_null(Type::Number), cause));
    match list.ty() {
        Type::List(_) | Type::Tuple(_) => {}
        Type::Dynamic if !list.is_known() => return waiting,
        _ => return fail("argument must be a list or tuple"),
    }
    if !list.is_known() {
        return waiting;
    }
    if list.length() == Some(0) {
        return fail("cannot search an empty list");
    }
    for (at, item) in list.elements().enumerate() {
        match equal(item, value) {
            Some(true) => return Ok((at as u64).into()),
            Some(false) => {}
            None => return waiting,
        }
    }
    fail("item not found")
}

fn length(value: &Value) -> Answer {
    match value {
        Value::String(text) => Ok((text.graphemes(true).count() as u64).into()),
        Value::Set(set) if set.items.len() > 1 && !value.is_wholly_known() => {
            // Elements that are not known yet may turn out equal.
            Ok(because(Value::unknown_not_null(Type::Number), value.cause()))
        }
        _ => match value.length() {
            Some(length) => Ok((length as u64).into()),
            None => fail("argument must be a string, a collection type, or a structural type"),
        },
    }
}

fn unknown_length(args: &[Value]) -> Answer {
    let Some(Value::Unknown(unknown)) = args.first() else { return unknown_number(args) };
    match &unknown.ty {
        Type::Tuple(elements) => Ok((elements.len() as u64).into()),
        Type::Object(object) => Ok((object.attributes.len() as u64).into()),
        Type::Bool | Type::Number => fail("argument must be a string, a collection type, or a structural type"),
        Type::List(_) | Type::Set(_) | Type::Map(_) if unknown.refinement.max_length == Some(unknown.refinement.min_length) => Ok(unknown.refinement.min_length.into()),
        _ => unknown_number(args),
    }
}

fn keys(value: &Value) -> Answer {
    match value {
        Value::Map(_, entries) => Ok(Value::list(Type::String, entries.keys().cloned().map(Value::String))),
        Value::Object(entries) => Ok(Value::tuple(entries.keys().cloned().map(Value::String))),
        _ => refuse(0, "must have map or object type"),
    }
}

fn unknown_keys(args: &[Value]) -> Answer {
    let Some(Value::Unknown(unknown)) = args.first() else { return Ok(Value::unknown(Type::Dynamic)) };
    match &unknown.ty {
        Type::Map(_) => {
            let refinement = Refinement { not_null: true, ..unknown.refinement.clone() };
            Ok(unknown_like(text_list(), refinement, &args[0]))
        }
        Type::Object(object) => Ok(Value::tuple(object.attributes.keys().cloned().map(Value::String))),
        Type::Dynamic => Ok(Value::unknown_not_null(Type::Dynamic)),
        _ => refuse(0, "must have map or object type"),
    }
}

fn values(value: &Value) -> Answer {
    match value {
        Value::Map(element, entries) => Ok(Value::list(element.clone(), entries.values().cloned())),
        Value::Object(entries) => Ok(Value::tuple(entries.values().cloned())),
        _ => fail("values() requires a map as the first argument"),
    }
}

fn unknown_values(args: &[Value]) -> Answer {
    let Some(Value::Unknown(unknown)) = args.first() else { return Ok(Value::unknown(Type::Dynamic)) };
    match &unknown.ty {
        Type::Map(element) => {
            let refinement = Refinement { not_null: true, ..unknown.refinement.clone() };
            Ok(unknown_like(Type::List(element.clone()), refinement, &args[0]))
        }
        Type::Object(object) => Ok(Value::tuple(object.attributes.values().cloned().map(Value::unknown))),
        Type::Dynamic => Ok(Value::unknown_not_null(Type::Dynamic)),
        _ => fail("values() requires a map as the first argument"),
    }
}

fn check_lookup(args: &[Value]) -> Result<(), super::FunctionError> {
    if args.len() > 3 {
        return fail(format!("lookup() takes two or three arguments, got {}", args.len()));
    }
    match args.first().map(Value::ty) {
        Some(Type::Map(_) | Type::Object(_) | Type::Dynamic) => Ok(()),
        _ => refuse(0, "lookup() requires a map as the first argument"),
    }
}

/// The default as an element of the map.
fn lookup_default(element: &Type, default: &Value) -> Answer {
    convert(default, element).or_else(|_| refuse(2, "the default value must have the same type as the map elements"))
}

fn lookup(args: &Args<'_>) -> Answer {
    check_lookup(args.values)?;
    let key = args.text(1)?;
    let default = args.values.get(2);
    match args.value(0)? {
        Value::Map(element, entries) => {
            let default = default.map(|default| lookup_default(element, default)).transpose()?;
            match entries.get(key).cloned().or(default) {
                Some(value) => Ok(value),
                None => fail(format!("lookup failed to find key {}", weir_value::json_string(key))),
            }
        }
        Value::Object(entries) => match entries.get(key).or(default) {
            Some(value) => Ok(value.clone()),
            None => refuse(0, format!("the given object has no attribute {}", weir_value::json_string(key))),
        },
        _ => refuse(0, "lookup() requires a map as the first argument"),
    }
}

fn unknown_lookup(args: &[Value]) -> Answer {
    check_lookup(args)?;
    // The result may be the default or, where the key is not known, any element: it has the marks of all.
    let marks = args.iter().fold(weir_value::Marks::NONE, |marks, arg| marks.union(arg.marks_deep()));
    let ty = match args.first().map(Value::ty) {
        Some(Type::Map(element)) => {
            if let Some(default) = args.get(2) {
                lookup_default(&element, default)?;
            }
            (*element).clone()
        }
        Some(Type::Object(object)) => args.get(1).and_then(Value::as_str).and_then(|key| object.attributes.get(key)).cloned().unwrap_or(Type::Dynamic),
        _ => Type::Dynamic,
    };
    Ok(Value::unknown(ty).with_marks(marks))
}

fn match_keys(args: &Args<'_>) -> Answer {
    let element = |at: usize| args.value(at).map(|value| value.ty().element().cloned().unwrap_or(Type::Dynamic));
    let (values, keys, wanted) = (args.items(0)?, args.items(1)?, args.items(2)?);
    let Some(common) = unify(&[element(1)?, element(2)?]) else {
        return fail("keys and searchset must be of the same type");
    };
    if keys.len() != values.len() {
        return fail("length of keys and values should be equal");
    }
    let as_common =
        |at: usize, items: Vec<Value>| items.iter().map(|item| convert(item, &common)).collect::<Result<Vec<_>, _>>().or_else(|error| refuse(at, error.to_string()));
    let (keys, wanted) = (as_common(1, keys)?, as_common(2, wanted)?);
    let found = values.into_iter().zip(keys).filter(|(_, key)| wanted.contains(key)).map(|(value, _)| value);
    Ok(Value::list(element(0)?, found))
}

fn unknown_match(args: &[Value]) -> Answer {
    Ok(Value::unknown_not_null(args.first().map_or_else(any_list, Value::ty)))
}

fn merge(args: &Args<'_>) -> Answer {
    let given: Vec<&Value> = args.values.iter().filter(|value| !value.is_null()).collect();
    let mut types: Vec<Type> = Vec::with_capacity(given.len());
    for value in &given {
        let ty = value.ty();
        if !matches!(ty, Type::Map(_) | Type::Object(_)) && (ty != Type::Dynamic || value.is_known()) {
            return fail(format!("arguments must be maps or objects, got \"{}\"", ty.friendly_name()));
        }
        types.push(ty);
    }
    let same_map = match types.first() {
        Some(Type::Map(element)) if types.iter().all(|ty| *ty == types[0]) => Some((**element).clone()),
        _ => None,
    };
    let mut merged: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    let mut open: Option<&Value> = None;
    for value in given {
        match (value, value.ty()) {
            (Value::Map(_, entries) | Value::Object(entries), _) => merged.extend(entries.iter().map(|(key, item)| (key.clone(), item.clone()))),
            (_, Type::Object(object)) => {
                let item = |ty: &Type| unknown_like(ty.clone(), Refinement::default(), value);
                merged.extend(object.attributes.iter().map(|(name, ty)| (name.clone(), item(ty))));
            }
            _ => open = open.or(Some(value)),
        }
    }
    let Some(open) = open else {
        return Ok(match same_map {
            Some(element) => Value::Map(element, Arc::new(merged)),
            None => Value::Object(Arc::new(merged)),
        });
    };
    // Marks of elements are on the whole, since nothing is left of them in an unknown value.
    let marks = merged.values().fold(weir_value::Marks::NONE, |marks, item| marks.union(item.marks_deep()));
    let known = Refinement { not_null: true, min_length: merged.len() as u64, ..Refinement::default() };
    let result = match same_map {
        Some(element) => unknown_like(Type::map(element), known, open),
        None => unknown_like(Type::Dynamic, Refinement { not_null: true, ..Refinement::default() }, open),
    };
    Ok(result.with_marks(marks))
}

const ONE_ONLY: &str = "must be a list, set, or tuple value with either zero or one elements";

fn one(args: &Args<'_>) -> Answer {
    let value = args.value(0)?;
    match value {
        Value::List(..) | Value::Tuple(_) | Value::Set(_) => {}
        _ => return refuse(0, ONE_ONLY),
    }
    match value.length() {
        Some(0) => Ok(Value::Null(value.ty().element().cloned().unwrap_or(Type::Dynamic))),
        Some(1) => Ok(value.elements().next().cloned().unwrap_or_else(Value::null)),
        // Elements of a set that are not known yet may turn out equal.
        _ if matches!(value, Value::Set(_)) && !value.is_wholly_known() => {
            Ok(because(Value::unknown(value.ty().element().cloned().unwrap_or(Type::Dynamic)), value.cause()))
        }
        _ => refuse(0, ONE_ONLY),
    }
}

fn unknown_one(args: &[Value]) -> Answer {
    let Some(value) = args.first() else { return Ok(Value::unknown(Type::Dynamic)) };
    match value.ty() {
        Type::List(element) | Type::Set(element) if refinement(value).min_length < 2 => Ok(Value::unknown((*element).clone())),
        Type::Tuple(elements) if elements.is_empty() => Ok(Value::null()),
        Type::Tuple(elements) if elements.len() == 1 => Ok(Value::unknown(elements[0].clone())),
        Type::Dynamic => Ok(Value::unknown(Type::Dynamic)),
        _ => refuse(0, ONE_ONLY),
    }
}

fn sum(args: &Args<'_>) -> Answer {
    let value = args.value(0)?;
    match value.length() {
        None => return refuse(0, "cannot sum noniterable"),
        Some(0) => return refuse(0, "cannot sum an empty list"),
        Some(_) => {}
    }
    if matches!(value, Value::Map(..) | Value::Object(_)) {
        return refuse(0, format!("argument must be list, set, or tuple. Received {}", value.ty().friendly_name()));
    }
    let mut total = weir_value::Number::ZERO;
    for item in value.elements() {
        match convert(item, &Type::Number) {
            Ok(Value::Number(number)) => total = total.add(&number),
            _ => return refuse(0, "argument must be list, set, or tuple of number values"),
        }
    }
    Ok(total.into())
}

fn transpose(args: &Args<'_>) -> Answer {
    let mut turned: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, list) in args.entries(0)? {
        if list.is_null() {
            return fail("input must not contain null list");
        }
        for item in list.elements() {
            let Value::String(item) = item else { return fail("input list must not contain null string") };
            turned.entry(item.clone()).or_default().push(Value::String(key.clone()));
        }
    }
    Ok(Value::map(text_list(), turned.into_iter().map(|(key, keys)| (key, Value::list(Type::String, keys)))))
}

fn zip(args: &Args<'_>) -> Answer {
    let (keys, values) = (args.value(0)?, args.value(1)?);
    if !matches!(values, Value::List(..) | Value::Tuple(_)) {
        return fail("values argument must be a list or tuple value");
    }
    let (count, given) = (keys.length().unwrap_or(0), values.length().unwrap_or(0));
    if count != given {
        return fail(format!("number of keys ({count}) does not match number of values ({given})"));
    }
    let mut entries = BTreeMap::new();
    for (at, (key, value)) in keys.elements().zip(values.elements()).enumerate() {
        let Value::String(key) = key else { return fail(format!("keys list has null value at index {at}")) };
        entries.insert(key.clone(), value.clone());
    }
    Ok(match values {
        Value::List(element, _) => Value::Map(element.clone(), Arc::new(entries)),
        _ => Value::Object(Arc::new(entries)),
    })
}

fn unknown_zip(args: &[Value]) -> Answer {
    // Marks of elements are on the whole, since nothing is left of them in an unknown value.
    let marks = args.get(1).map_or(weir_value::Marks::NONE, Value::marks_deep);
    let result = match args.get(1).map(Value::ty) {
        Some(Type::List(element)) => Value::unknown_not_null(Type::Map(element)),
        Some(Type::Tuple(_) | Type::Dynamic) | None => Value::unknown_not_null(Type::Dynamic),
        Some(_) => return fail("values argument must be a list or tuple value"),
    };
    Ok(result.with_marks(marks))
}

#[cfg(test)]
mod tests {
    use weir_value::{Marks, Type, Value};

    use crate::function::lookup;
    use crate::function::testing::{Nowhere, check, check_values};

    fn call(name: &str, args: &[Value]) -> Value {
        lookup(name).unwrap().call(&Nowhere, args).unwrap()
    }

    #[test]
    fn questions() {
        check("length", r#"["héllo👨‍👩‍👧"]"#, "6");
        check("length", "[5]", "! argument must be a string, a collection type, or a structural type");
        check("contains", r#"[["a", 1], 1]"#, "true");
        check("contains", r#"[[1], "1"]"#, "false");
        check("contains", r#"[{"a": 1}, 1]"#, "! argument must be list, tuple, or set");
        check("index", r#"[["a", "b"], "b"]"#, "1");
        check("index", r#"[["a"], "c"]"#, "! item not found");
        check("index", r#"[[], "c"]"#, "! cannot search an empty list");
        check("alltrue", r#"[[true, "true"]]"#, "true");
        check("alltrue", "[[true, null]]", "false");
        check("anytrue", "[[]]", "false");
        check("anytrue", "[[false, true]]", "true");
        check("sum", r#"[[1, "2.5"]]"#, "3.5");
        check("sum", "[[]]", "!0 cannot sum an empty list");
        check("sum", r#"[["a"]]"#, "!0 argument must be list, set, or tuple of number values");
        check("sum", r#"[{"a": 1}]"#, "!0 argument must be list, set, or tuple. Received object");
    }

    #[test]
    fn maps() {
        check("keys", r#"[{"b": 1, "a": 2}]"#, r#"["a", "b"]"#);
        check("keys", "[[]]", "!0 must have map or object type");
        check("values", r#"[{"b": 1, "a": "x"}]"#, r#"["x", 1]"#);
        check("lookup", r#"[{"a": 1}, "b", "x"]"#, r#""x""#);
        check("lookup", r#"[{"a": 1}, "b"]"#, r#"!0 the given object has no attribute "b""#);
        check("lookup", r#"[{"a": 1}, "b", 1, 2]"#, "! lookup() takes two or three arguments, got 4");
        check("lookup", r#"[[], "b", 1]"#, "!0 lookup() requires a map as the first argument");
        let map = Value::map(Type::String, [("a", "x".into())]);
        check_values(&Nowhere, "lookup", &[map.clone(), "b".into(), 1.into()], "\"1\"");
        check_values(&Nowhere, "lookup", &[map.clone(), "b".into()], "! lookup failed to find key \"b\"");
        let wrong = "!2 the default value must have the same type as the map elements";
        check_values(&Nowhere, "lookup", &[map, "a".into(), Value::tuple([])], wrong);
        check("merge", r#"[{"a": 1}, null, {"a": "x", "b": 2}]"#, r#"{"a": "x", "b": 2}"#);
        check("merge", "[]", "{}");
        check("merge", "[[]]", "! arguments must be maps or objects, got \"tuple\"");
        check("zipmap", r#"[["a", "b"], [1, "x"]]"#, r#"{"a": 1, "b": "x"}"#);
        check("zipmap", r#"[["a"], [1, 2]]"#, "! number of keys (1) does not match number of values (2)");
        check("zipmap", "[[null], [1]]", "! keys list has null value at index 0");
        check("transpose", r#"[{"a": ["x", "y"], "b": ["y"]}]"#, r#"{"x": ["a"], "y": ["a", "b"]}"#);
        check("transpose", r#"[{"a": [null]}]"#, "! input list must not contain null string");
        check("transpose", r#"[{"a": null}]"#, "! input must not contain null list");
    }

    #[test]
    fn choices() {
        check("coalesce", r#"["", "b"]"#, r#""b""#);
        check("coalesce", r#"[1, "a"]"#, r#""1""#);
        check("coalesce", "[null, 1]", "1");
        check("coalesce", "[[], [1]]", "[]");
        check("coalesce", "[1, true]", "! all arguments must have the same type");
        check("coalesce", "[]", "! all arguments must have the same type");
        check("coalesce", r#"[null, ""]"#, "! no non-null, non-empty-string arguments");
        check("coalescelist", r#"[[], ["a"]]"#, r#"["a"]"#);
        check("coalescelist", "[[], []]", "! no non-null arguments");
        check("coalescelist", r#"[null, ["a"]]"#, "! coalescelist arguments must be lists or tuples");
        check("matchkeys", r#"[["a", "b", "c"], ["x", "y", "z"], ["x", "z"]]"#, r#"["a", "c"]"#);
        check("matchkeys", r#"[["a", "b"], ["x"], ["x"]]"#, "! length of keys and values should be equal");
        check("matchkeys", r#"[["a"], [{}], [1]]"#, "! keys and searchset must be of the same type");
        check("one", "[[]]", "null:any");
        check("one", "[[1]]", "1");
        check("one", "[[1, 2]]", "!0 must be a list, set, or tuple value with either zero or one elements");
        check("one", "[{}]", "!0 must be a list, set, or tuple value with either zero or one elements");
    }

    #[test]
    fn what_is_known_of_the_unknown() {
        let unknown = |ty: Type| Value::unknown_because(ty, "gate.a");
        let show = |value: Value| format!("{value:?}");
        assert_eq!(show(call("length", &[unknown(Type::tuple([Type::Bool]))])), "1");
        assert_eq!(show(call("length", &[unknown(Type::list(Type::Bool))])), "unknown:number(gate.a)");
        assert_eq!(show(call("length", &[Value::set(Type::String, [unknown(Type::String), "a".into()])])), "unknown:number(gate.a)");
        assert_eq!(show(call("contains", &[Value::tuple([unknown(Type::String), "a".into()]), "a".into()])), "true");
        assert_eq!(show(call("contains", &[Value::tuple([unknown(Type::String)]), "a".into()])), "unknown:bool(gate.a)");
        assert_eq!(show(call("alltrue", &[Value::tuple([unknown(Type::Bool), false.into()])])), "false");
        assert_eq!(show(call("coalesce", &["a".into(), unknown(Type::String)])), "\"a\"");
        assert_eq!(show(call("coalesce", &[unknown(Type::String), "a".into()])), "unknown:string(gate.a)");
        let merged = call("merge", &[Value::map(Type::Bool, [("a", true.into())]), unknown(Type::map(Type::Bool))]);
        assert!(matches!(&merged, Value::Unknown(known) if known.refinement.min_length == 1 && known.ty == Type::map(Type::Bool)));
        let object = unknown(Type::object([("b", Type::Number)]));
        assert_eq!(show(call("merge", &[Value::object([("a", Value::from(1))]), object])), "{\"a\": 1, \"b\": unknown:number(gate.a)}");
    }

    #[test]
    fn marks_stay_where_they_tell_something() {
        let secret = Value::from("a").with_marks(Marks::SENSITIVE);
        let tuple = Value::tuple([secret.clone(), "b".into()]);
        let object = Value::object([("a", secret), ("b", "b".into())]);
        for (name, args) in [
            ("length", vec![tuple.clone()]),
            ("keys", vec![object.clone()]),
            ("values", vec![object.clone()]),
            ("lookup", vec![object.clone(), "b".into()]),
            ("merge", vec![object.clone()]),
        ] {
            assert!(call(name, &args).marks().is_empty(), "{name}");
            let marked = [args[0].clone().with_marks(Marks::SENSITIVE), args.get(1).cloned().unwrap_or_else(|| args[0].clone())];
            assert!(call(name, &marked[..args.len()]).marks().is_sensitive(), "{name}");
        }
        for (name, args) in [
            ("contains", vec![tuple.clone(), "b".into()]),
            ("one", vec![Value::tuple([tuple.elements().next().unwrap().clone()])]),
            ("coalesce", vec!["a".into(), tuple.elements().next().unwrap().clone()]),
        ] {
            assert!(call(name, &args).marks().is_sensitive(), "{name}");
        }
    }
}
