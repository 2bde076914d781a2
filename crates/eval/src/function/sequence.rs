//! Lists and tuples.

use std::collections::HashSet;
use std::sync::Arc;

use weir_value::{Marks, Number, Refinement, Type, Unknown, Value};

use super::args::Args;
use super::equality::equal;
use super::error::{fail, refuse};
use super::{Answer, Function, MarkRule, Parameter, any_list, because, text_list, unknown_text_list};

const LIST: Parameter = Parameter::any("list");
const ANY_LIST: Parameter = Parameter::new("list", any_list);
const TEXTS: Parameter = Parameter::new("list", text_list);

/// Elements are looked at, marks of them must not decide anything unseen.
const SEEN: Parameter = {
    let mut list = ANY_LIST.shallow();
    list.marks = MarkRule::None;
    list
};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("chunklist", &[ANY_LIST.shallow(), Parameter::number("size")], unknown_chunks, chunk),
    Function::new("compact", &[TEXTS], unknown_text_list, |args| {
        let kept = args.items(0)?.into_iter().filter(|item| item.as_str().is_some_and(|text| !text.is_empty()));
        Ok(Value::list(Type::String, kept))
    }),
    Function::new("concat", &[], |_| Ok(Value::unknown_not_null(Type::Dynamic)), concat).variadic(SEQS),
    Function::new("distinct", &[SEEN], unknown_same, distinct),
    Function::new("element", &[LIST.shallow(), Parameter::number("index")], unknown_element, element),
    Function::new("flatten", &[LIST.shallow()], |_| Ok(Value::unknown_not_null(Type::Dynamic)), flatten),
    Function::new("range", &[], |_| Ok(Value::unknown_not_null(Type::list(Type::Number))), range).variadic(Parameter::number("params")),
    Function::new("reverse", &[LIST.shallow()], unknown_reverse, reverse),
    Function::new("slice", &[LIST.shallow(), Parameter::number("start_index"), Parameter::number("end_index")], unknown_slice, slice),
    Function::new("sort", &[TEXTS], |args| unknown_sized(text_list(), args), sort),
];

const SEQS: Parameter = {
    let mut seqs = Parameter::any("seqs").unknown();
    seqs.marks = MarkRule::Inside;
    seqs
};

fn marks_inside(args: &[Value]) -> Marks {
    args.iter().fold(Marks::NONE, |marks, arg| marks.union(arg.marks_deep()))
}

/// An unknown list of as many elements as the argument has.
fn unknown_sized(ty: Type, args: &[Value]) -> Answer {
    let bounds = match args.first() {
        Some(Value::Unknown(unknown)) => (unknown.refinement.min_length, unknown.refinement.max_length),
        // Elements of a set may turn out equal.
        Some(Value::Set(set)) => (u64::from(!set.items.is_empty()), Some(set.items.len() as u64)),
        Some(value) => value.length().map_or((0, None), |length| (length as u64, Some(length as u64))),
        None => (0, None),
    };
    let refinement = Refinement { not_null: true, min_length: bounds.0, max_length: bounds.1, ..Refinement::default() };
    Ok(Value::Unknown(Arc::new(Unknown { ty, refinement, cause: None })))
}

/// A list or tuple as `list` is, of other elements.
fn like(list: &Value, items: Vec<Value>) -> Value {
    match list {
        Value::List(element, _) => Value::list(element.clone(), items),
        _ => Value::tuple(items),
    }
}

fn chunk(args: &Args<'_>) -> Answer {
    let list = args.value(0)?;
    let size = args.whole(1).or_else(|error| fail(format!("invalid size: {}", error.message)))?;
    if size < 0 {
        return fail("the size argument must be positive");
    }
    let ty = list.ty();
    let Value::List(element, items) = list else { return refuse(0, "list required") };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let size = if size == 0 { items.len().max(1) } else { size };
    Ok(Value::list(ty, items.chunks(size).map(|chunk| Value::list(element.clone(), chunk.iter().cloned()))))
}

fn unknown_chunks(args: &[Value]) -> Answer {
    let ty = args.first().map_or_else(any_list, Value::ty);
    Ok(Value::unknown_not_null(Type::list(ty)).with_marks(marks_inside(args)))
}

fn concat(args: &Args<'_>) -> Answer {
    let Some(first) = args.values.first() else { return fail("at least one argument is required") };
    for (at, value) in args.values.iter().enumerate() {
        let ty = value.ty();
        if !matches!(ty, Type::List(_) | Type::Tuple(_)) && (ty != Type::Dynamic || value.is_known()) {
            return refuse(at, format!("all arguments must be lists or tuples; got {}", ty.friendly_name()));
        }
    }
    // Lists make a list if their elements have one type; with a tuple among them the result is a tuple.
    let types: Vec<Type> = args.values.iter().map(Value::ty).collect();
    let lists: Option<Vec<Type>> = types.iter().map(|ty| if let Type::List(element) = ty { Some((**element).clone()) } else { None }).collect();
    let element = lists.and_then(|elements| weir_value::unify(&elements));
    let mut items = Vec::new();
    let (mut open, mut least, mut most) = (None, 0, Some(0));
    for value in args.values {
        match (value, value.ty()) {
            (Value::Unknown(_), Type::Tuple(elements)) => {
                items.extend(elements.iter().map(|ty| because(Value::unknown(ty.clone()), value.cause())));
            }
            (Value::Unknown(unknown), _) => {
                open = open.or(Some(value));
                least += unknown.refinement.min_length;
                most = most.zip(unknown.refinement.max_length).map(|(a, b)| a + b);
            }
            _ => items.extend(value.elements().cloned()),
        }
    }
    if let Some(open) = open {
        let length = items.len() as u64;
        let known = Refinement { not_null: true, min_length: least + length, max_length: most.map(|most| most + length), ..Refinement::default() };
        let unknown = match element {
            Some(element) => Unknown { ty: Type::list(element), refinement: known, cause: open.cause() },
            None => Unknown { ty: Type::Dynamic, refinement: Refinement { not_null: true, ..Refinement::default() }, cause: open.cause() },
        };
        return Ok(Value::Unknown(Arc::new(unknown)).with_marks(marks_inside(&items)));
    }
    let Some(element) = element else { return Ok(Value::tuple(items)) };
    if first.ty() == Type::list(element.clone()) && types.iter().all(|ty| *ty == types[0]) {
        return Ok(Value::list(element, items));
    }
    let converted: Result<Vec<Value>, _> = items.iter().map(|item| weir_value::convert(item, &element)).collect();
    converted.map(|items| Value::list(element, items)).or_else(|error| fail(error.to_string()))
}

fn distinct(args: &Args<'_>) -> Answer {
    let list = args.value(0)?;
    let mut kept: Vec<Value> = Vec::new();
    let mut texts: HashSet<Arc<str>> = HashSet::new();
    for item in list.elements() {
        // Texts are the usual case, and may be many.
        if let Value::String(text) = item {
            if texts.insert(text.clone()) {
                kept.push(item.clone());
            }
            continue;
        }
        let mut new = true;
        for other in &kept {
            match equal(item, other) {
                Some(true) => new = false,
                Some(false) => {}
                None => return unknown_same(args.values).map(|value| because(value, list.cause())),
            }
        }
        if new {
            kept.push(item.clone());
        }
    }
    // A known text may follow an unknown one that turns out equal.
    if kept.len() > 1 && !list.is_wholly_known() && kept.iter().any(|item| matches!(item, Value::Unknown(_))) {
        return unknown_same(args.values).map(|value| because(value, list.cause()));
    }
    Ok(like(list, kept))
}

/// An unknown list of the type of the first argument.
fn unknown_same(args: &[Value]) -> Answer {
    let least = match args.first() {
        Some(Value::Unknown(unknown)) => unknown.refinement.min_length.min(1),
        Some(value) => u64::from(value.length().is_some_and(|length| length > 0)),
        None => 0,
    };
    let ty = args.first().map_or_else(any_list, Value::ty);
    let refinement = Refinement { not_null: true, min_length: least, ..Refinement::default() };
    Ok(Value::Unknown(Arc::new(Unknown { ty, refinement, cause: None })))
}

const EMPTY: &str = "cannot use element function with an empty list";

fn element(args: &Args<'_>) -> Answer {
    let list = args.value(0)?;
    let (Value::List(..) | Value::Tuple(_)) = list else {
        return fail(format!("cannot read elements from {}", list.ty().friendly_name()));
    };
    let at = args.whole(1).or_else(|error| fail(format!("invalid index: {}", error.message)))?;
    let length = list.length().and_then(|length| i64::try_from(length).ok()).unwrap_or(0);
    let Some(at) = at.checked_rem_euclid(length) else { return fail(EMPTY) };
    let at = usize::try_from(at).unwrap_or(0);
    list.elements().nth(at).map_or_else(|| fail(EMPTY), |item| Ok(item.clone()))
}

fn unknown_element(args: &[Value]) -> Answer {
    let Some(list) = args.first() else { return Ok(Value::unknown(Type::Dynamic)) };
    let marks = marks_inside(args);
    let ty = match list.ty() {
        Type::List(element) => (*element).clone(),
        Type::Tuple(elements) if elements.is_empty() => return fail(EMPTY),
        Type::Tuple(elements) => match args.get(1).and_then(Value::as_i64) {
            Some(at) => at.checked_rem_euclid(elements.len() as i64).and_then(|at| elements.get(usize::try_from(at).ok()?)).cloned(),
            None => elements.iter().all(|ty| *ty == elements[0]).then(|| elements[0].clone()),
        }
        .unwrap_or(Type::Dynamic),
        Type::Dynamic => Type::Dynamic,
        other => return fail(format!("cannot read elements from {}", other.friendly_name())),
    };
    Ok(Value::unknown(ty).with_marks(marks))
}

fn flatten(args: &Args<'_>) -> Answer {
    let list = args.value(0)?;
    if !matches!(list, Value::List(..) | Value::Tuple(_) | Value::Set(_)) {
        return fail("can only flatten lists, sets and tuples");
    }
    let mut flat = Vec::new();
    let mut marks = Marks::NONE;
    // Elements of a set have no place before all of them are known.
    let mut open = (matches!(list, Value::Set(_)) && !list.is_wholly_known()).then(|| list.cause());
    flatten_into(list, &mut flat, &mut marks, &mut open);
    let result = match open {
        Some(cause) => {
            marks = marks.union(marks_inside(&flat));
            because(Value::unknown_not_null(Type::Dynamic), cause)
        }
        None => Value::tuple(flat),
    };
    Ok(result.with_marks(marks))
}

/// `open` is set where something may become a list of unknown length.
fn flatten_into(list: &Value, flat: &mut Vec<Value>, marks: &mut Marks, open: &mut Option<Option<Arc<str>>>) {
    for item in list.elements() {
        match item.unmarked() {
            Value::List(..) | Value::Tuple(_) | Value::Set(_) => {
                // A mark on a list tells of its length, so it is on the whole.
                *marks = marks.union(item.marks());
                if matches!(item.unmarked(), Value::Set(_)) && !item.is_wholly_known() {
                    *open = open.take().or(Some(item.cause()));
                }
                flatten_into(item.unmarked(), flat, marks, open);
            }
            Value::Unknown(unknown) => match &unknown.ty {
                Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_) => {
                    *marks = marks.union(item.marks());
                    *open = open.take().or(Some(unknown.cause.clone()));
                }
                _ => flat.push(item.clone()),
            },
            _ => flat.push(item.clone()),
        }
    }
}

const LONGEST: usize = 1024;

fn range(args: &Args<'_>) -> Answer {
    let given: Vec<&Number> = (0..args.values.len()).map(|at| args.number(at)).collect::<Result<_, _>>()?;
    let one = Number::from(1_i64);
    let step_to = |start: &Number, end: &Number| if end < start { one.negate() } else { one.clone() };
    let (start, end, step) = match given.as_slice() {
        [end] => (Number::ZERO, (*end).clone(), step_to(&Number::ZERO, end)),
        [start, end] => ((*start).clone(), (*end).clone(), step_to(start, end)),
        [start, end, step] => ((*start).clone(), (*end).clone(), (*step).clone()),
        _ => return fail("must have one, two, or three arguments"),
    };
    let down = step.is_negative();
    if start != end && step != Number::ZERO && down != (end < start) {
        return refuse(
            1,
            match down {
                true => "end must be less than start when step is negative",
                false => "end must be greater than start when step is positive",
            },
        );
    }
    let mut items = Vec::new();
    let mut number = start;
    while if down { number > end } else { number < end } {
        if items.len() >= LONGEST {
            return fail(format!("more than {LONGEST} values were generated; either decrease the difference between start and end or use a smaller step"));
        }
        items.push(Value::Number(number.clone()));
        number = number.add(&step);
    }
    Ok(Value::list(Type::Number, items))
}

fn reverse(args: &Args<'_>) -> Answer {
    let list = args.value(0)?;
    let mut items = args.items(0)?;
    items.reverse();
    match list {
        Value::Set(_) if !list.is_wholly_known() => unknown_reverse(args.values).map(|value| because(value, list.cause())),
        Value::Set(set) => Ok(Value::list(set.element.clone(), items)),
        Value::List(..) | Value::Tuple(_) => Ok(like(list, items)),
        other => refuse(0, format!("can only reverse list or tuple values, not {}", other.ty().friendly_name())),
    }
}

fn unknown_reverse(args: &[Value]) -> Answer {
    let Some(list) = args.first() else { return Ok(Value::unknown(Type::Dynamic)) };
    match list.ty() {
        Type::List(element) | Type::Set(element) => unknown_sized(Type::List(element), args),
        Type::Tuple(elements) => Ok(Value::tuple(elements.iter().rev().cloned().map(|ty| because(Value::unknown(ty), list.cause())))),
        Type::Dynamic => Ok(Value::unknown_not_null(Type::Dynamic)),
        other => refuse(0, format!("can only reverse list or tuple values, not {}", other.friendly_name())),
    }
}

const NO_SET: &str = "cannot slice a set, because its elements do not have indices; explicitly convert to a list if the ordering of the result is not important";

fn bounds(args: &Args<'_>, length: Option<usize>) -> Result<(usize, usize), super::FunctionError> {
    let whole = |at: usize, name: &str| {
        let number = args.whole(at).or_else(|error| refuse(at, format!("invalid {name} index: {}", error.message)))?;
        usize::try_from(number).or_else(|_| refuse(at, format!("{name} index must not be less than zero")))
    };
    let (start, end) = (whole(1, "start")?, whole(2, "end")?);
    if length.is_some_and(|length| start > length) {
        return refuse(1, "start index must not be greater than the length of the list");
    }
    if length.is_some_and(|length| end > length) {
        return refuse(2, "end index must not be greater than the length of the list");
    }
    if start > end {
        return refuse(1, "start index must not be greater than end index");
    }
    Ok((start, end))
}

fn slice(args: &Args<'_>) -> Answer {
    let list = args.value(0)?;
    match list {
        Value::List(..) | Value::Tuple(_) => {}
        Value::Set(_) => return refuse(0, NO_SET),
        _ => return refuse(0, "must be a list or tuple value"),
    }
    let (start, end) = bounds(args, list.length())?;
    Ok(like(list, list.elements().skip(start).take(end - start).cloned().collect()))
}

fn unknown_slice(args: &[Value]) -> Answer {
    let Some(list) = args.first() else { return Ok(Value::unknown(Type::Dynamic)) };
    let indices: Option<Vec<u64>> = args.iter().skip(1).map(Value::as_u64).collect();
    let (start, end) = match indices.as_deref() {
        Some([start, end]) if start <= end => (*start, Some(*end)),
        _ => (0, None),
    };
    let result = match list.ty() {
        ty @ Type::List(_) => {
            let length = end.map(|end| end - start);
            let refinement = Refinement { not_null: true, min_length: length.unwrap_or(0), max_length: length, ..Refinement::default() };
            Value::Unknown(Arc::new(Unknown { ty, refinement, cause: None }))
        }
        Type::Tuple(elements) => match (usize::try_from(start).ok(), end.and_then(|end| usize::try_from(end).ok())) {
            (Some(start), Some(end)) if end <= elements.len() => Value::tuple(elements[start..end].iter().cloned().map(|ty| because(Value::unknown(ty), list.cause()))),
            _ => Value::unknown_not_null(Type::Dynamic),
        },
        Type::Dynamic => Value::unknown_not_null(Type::Dynamic),
        Type::Set(_) => return refuse(0, NO_SET),
        _ => return refuse(0, "must be a list or tuple value"),
    };
    Ok(result.with_marks(marks_inside(args)))
}

fn sort(args: &Args<'_>) -> Answer {
    let mut texts = Vec::new();
    for (at, item) in args.value(0)?.elements().enumerate() {
        match item {
            Value::String(text) => texts.push(text.clone()),
            _ => return fail(format!("given list element {at} is null; a null string cannot be sorted")),
        }
    }
    texts.sort();
    Ok(Value::list(Type::String, texts.into_iter().map(Value::String)))
}

#[cfg(test)]
mod tests {
    use weir_value::{Marks, Type, Value};

    use crate::function::lookup;
    use crate::function::testing::{Nowhere, check, check_values};

    fn call(name: &str, args: &[Value]) -> String {
        format!("{:?}", lookup(name).unwrap().call(&Nowhere, args).unwrap())
    }

    #[test]
    fn parts() {
        for (at, expected) in [(1, "b"), (4, "b"), (-1, "c")] {
            check("element", &format!(r#"[["a", "b", "c"], {at}]"#), &format!("{expected:?}"));
        }
        check("element", "[[], 0]", "! cannot use element function with an empty list");
        check("element", "[{}, 0]", "! cannot read elements from object");
        check("slice", r#"[["a", "b", "c"], 1, 2]"#, r#"["b"]"#);
        check("slice", "[[], 0, 0]", "[]");
        check("slice", "[[1], 0, 5]", "!2 end index must not be greater than the length of the list");
        check("slice", "[[1, 2, 3], 2, 1]", "!1 start index must not be greater than end index");
        check("slice", "[[1], -1, 1]", "!1 start index must not be less than zero");
        check("slice", r#"["abc", 0, 1]"#, "!0 must be a list or tuple value");
        check("chunklist", r#"[["a", "b", "c"], 2]"#, r#"[["a", "b"], ["c"]]"#);
        check("chunklist", r#"[["a", "b"], 0]"#, r#"[["a", "b"]]"#);
        check("chunklist", "[[], 0]", "[]");
        check("chunklist", r#"[["a"], -1]"#, "! the size argument must be positive");
    }

    #[test]
    fn whole_lists() {
        check("compact", r#"[["a", "", null, 1]]"#, r#"["a", "1"]"#);
        check("concat", r#"[[1], ["a"]]"#, r#"[1, "a"]"#);
        check("concat", "[]", "! at least one argument is required");
        check("concat", r#"[[], "a"]"#, "!1 all arguments must be lists or tuples; got string");
        check_values(&Nowhere, "concat", &[Value::list(Type::Number, [1.into()]), Value::strings(["a"])], r#"["1", "a"]"#);
        check("distinct", r#"[[1, "a", 1, null, null]]"#, r#"["1", "a", null:string]"#);
        check("flatten", r#"[[[1], ["a", [2]], [[]], {"a": [1]}]]"#, r#"[1, "a", 2, {"a": [1]}]"#);
        check("flatten", r#"["a"]"#, "! can only flatten lists, sets and tuples");
        check("reverse", r#"[[1, "a"]]"#, r#"["a", 1]"#);
        check("reverse", r#"["abc"]"#, "!0 can only reverse list or tuple values, not string");
        check_values(&Nowhere, "reverse", &[Value::set(Type::Number, [1.into(), 2.into()])], "[2, 1]");
        check("sort", r#"[["b", "a", "C", 10, 9]]"#, r#"["10", "9", "C", "a", "b"]"#);
        check("sort", "[[null]]", "! given list element 0 is null; a null string cannot be sorted");
    }

    #[test]
    fn ranges() {
        check("range", "[3]", "[0, 1, 2]");
        check("range", "[-3]", "[0, -1, -2]");
        check("range", "[1, 8, 2]", "[1, 3, 5, 7]");
        check("range", "[5, 1, -2]", "[5, 3]");
        check("range", "[4, 1]", "[4, 3, 2]");
        check("range", "[0.5, 3]", "[0.5, 1.5, 2.5]");
        check("range", "[3, 3, 0]", "[]");
        check("range", "[1, 1, -1]", "[]");
        check("range", "[1, 4, -1]", "!1 end must be less than start when step is negative");
        check("range", "[4, 1, 1]", "!1 end must be greater than start when step is positive");
        let many = "! more than 1024 values were generated; either decrease the difference between start and end or use a smaller step";
        check("range", "[1, 4, 0]", many);
        check("range", "[2000]", many);
        check("range", "[]", "! must have one, two, or three arguments");
    }

    #[test]
    fn unknown_lists() {
        let list = Value::unknown(Type::list(Type::String));
        assert_eq!(call("concat", &[list.clone(), Value::strings(["a"])]), "unknown:list(string)");
        assert_eq!(call("concat", &[Value::tuple([]), Value::unknown(Type::tuple([Type::Bool]))]), "[unknown:bool]");
        assert_eq!(call("element", &[list.clone(), 1.into()]), "unknown:string");
        assert_eq!(call("flatten", &[Value::tuple([list.clone()])]), "unknown:any");
        assert_eq!(call("flatten", &[Value::tuple([Value::tuple([Value::unknown(Type::String)])])]), "[unknown:string]");
        assert_eq!(call("distinct", &[Value::tuple([Value::unknown(Type::String), "a".into()])]), "unknown:list(string)");
        assert_eq!(call("reverse", &[Value::tuple([Value::unknown(Type::Bool), 1.into()])]), "[1, unknown:bool]");
        let sorted = lookup("sort").unwrap().call(&Nowhere, &[Value::tuple([Value::unknown(Type::String), "a".into()])]).unwrap();
        assert_eq!(call("length", &[sorted]), "2");
    }

    #[test]
    fn marks_of_elements_stay_with_them() {
        let secret = Value::from("a").with_marks(Marks::SENSITIVE);
        let tuple = Value::tuple([secret, "b".into()]);
        assert_eq!(call("concat", std::slice::from_ref(&tuple)), r#"[(sensitive), "b"]"#);
        assert_eq!(call("element", &[tuple.clone(), 1.into()]), r#""b""#);
        assert_eq!(call("chunklist", &[tuple.clone(), 1.into()]), r#"[[(sensitive)], ["b"]]"#);
        assert_eq!(call("flatten", &[Value::tuple([tuple.clone()])]), r#"[(sensitive), "b"]"#);
        for name in ["distinct", "sort", "compact"] {
            assert_eq!(call(name, std::slice::from_ref(&tuple)), "(sensitive)", "{name}");
        }
    }
}
