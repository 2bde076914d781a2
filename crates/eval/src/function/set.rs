//! Sets.

use std::sync::Arc;

use weir_value::{Refinement, Type, Unknown, Value, convert, unify};

use super::args::Args;
use super::error::{fail, refuse};
use super::{Answer, Function, FunctionError, Parameter};

fn any_set() -> Type {
    Type::set(Type::Dynamic)
}

const FIRST: Parameter = Parameter::new("first_set", any_set);
const OTHERS: Parameter = Parameter::new("other_sets", any_set);

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("setintersection", &[FIRST], unknown_set, |args| {
        let (element, sets) = sets(args)?;
        let Some((first, others)) = sets.split_first() else { return fail("at least one set is required") };
        Ok(Value::set(element, first.iter().filter(|item| others.iter().all(|set| set.contains(item))).cloned()))
    })
    .variadic(OTHERS),
    Function::new("setproduct", &[], unknown_product, product).variadic(Parameter::any("sets").shallow()),
    Function::new("setsubtract", &[Parameter::new("a", any_set), Parameter::new("b", any_set)], unknown_set, |args| {
        let (element, sets) = sets(args)?;
        let Some((first, others)) = sets.split_first() else { return fail("at least one set is required") };
        Ok(Value::set(element, first.iter().filter(|item| !others.iter().any(|set| set.contains(item))).cloned()))
    }),
    Function::new("setunion", &[FIRST], unknown_set, |args| {
        let (element, sets) = sets(args)?;
        Ok(Value::set(element, sets.into_iter().flatten()))
    })
    .variadic(OTHERS),
];

fn common(values: &[Value]) -> Result<Type, FunctionError> {
    let types: Vec<Type> = values.iter().filter_map(|value| value.ty().element().cloned()).collect();
    unify(&types).map_or_else(|| fail("given sets must all have compatible element types"), Ok)
}

/// The sets with elements of one type, which is the first of the answer.
fn sets(args: &Args<'_>) -> Result<(Type, Vec<Vec<Value>>), FunctionError> {
    let element = common(args.values)?;
    let mut sets = Vec::with_capacity(args.values.len());
    for (at, value) in args.values.iter().enumerate() {
        let converted = convert(value, &Type::set(element.clone())).or_else(|error| refuse(at, error.to_string()))?;
        sets.push(converted.elements().cloned().collect());
    }
    Ok((element, sets))
}

fn unknown_set(args: &[Value]) -> Answer {
    Ok(Value::unknown_not_null(Type::set(common(args)?)))
}

/// The type of a product and of the elements of each part.
fn product_type(values: &[Value]) -> Result<Option<(Type, Vec<Type>)>, FunctionError> {
    if values.len() < 2 {
        return fail("at least two arguments are required");
    }
    let mut elements = Vec::with_capacity(values.len());
    let mut all_sets = true;
    for (at, value) in values.iter().enumerate() {
        all_sets &= matches!(value.ty(), Type::Set(_));
        elements.push(match value.ty() {
            Type::Set(element) | Type::List(element) => (*element).clone(),
            Type::Tuple(types) => match unify(&types) {
                Some(element) => element,
                None => return refuse(at, "all elements must be of the same type"),
            },
            Type::Dynamic if !value.is_known() => return Ok(None),
            _ => return refuse(at, "a set or a list is required"),
        });
    }
    let element = Type::tuple(elements.iter().cloned());
    Ok(Some((if all_sets { Type::set(element) } else { Type::list(element) }, elements)))
}

/// More would only exhaust the memory.
const LARGEST: usize = 1 << 22;

fn product(args: &Args<'_>) -> Answer {
    let Some((ty, elements)) = product_type(args.values)? else {
        return Ok(Value::unknown_not_null(Type::Dynamic));
    };
    if let Some(set) = args.values.iter().find(|value| matches!(value, Value::Set(_)) && !value.is_wholly_known()) {
        // Its elements may turn out equal.
        return unknown_product(args.values).map(|value| super::because(value, set.cause()));
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for (at, (value, element)) in args.values.iter().zip(elements).enumerate() {
        let items: Vec<Value> = value.elements().map(|item| convert(item, &element)).collect::<Result<_, _>>().or_else(|error| refuse(at, error.to_string()))?;
        if rows.len().saturating_mul(items.len()) > LARGEST {
            return fail(format!("the product has more than {LARGEST} elements"));
        }
        rows = rows.iter().flat_map(|row| items.iter().map(move |item| row.iter().chain([item]).cloned().collect())).collect();
    }
    let element = ty.element().cloned().unwrap_or(Type::Dynamic);
    let rows = rows.into_iter().map(Value::tuple);
    Ok(if matches!(ty, Type::Set(_)) { Value::set(element, rows) } else { Value::list(element, rows) })
}

fn unknown_product(args: &[Value]) -> Answer {
    if args.is_empty() {
        return Ok(Value::unknown_not_null(Type::Dynamic));
    }
    let marks = args.iter().fold(weir_value::Marks::NONE, |marks, arg| marks.union(arg.marks_deep()));
    let Some((ty, _)) = product_type(args)? else { return Ok(Value::unknown_not_null(Type::Dynamic).with_marks(marks)) };
    let sizes: Vec<u64> = args.iter().filter_map(Value::length).map(|length| length as u64).collect();
    let max = if sizes.len() == args.len() || sizes.contains(&0) { sizes.iter().try_fold(1_u64, |product, size| product.checked_mul(*size)) } else { None };
    let refinement = Refinement { not_null: true, max_length: max, ..Refinement::default() };
    Ok(Value::Unknown(Arc::new(Unknown { ty, refinement, cause: None })).with_marks(marks))
}

#[cfg(test)]
mod tests {
    use crate::function::testing::check;

    #[test]
    fn algebra() {
        check("setunion", r#"[["a"], [1], ["a"]]"#, r#"{"1", "a"}"#);
        check("setunion", r#"[["a"], [{}]]"#, "! given sets must all have compatible element types");
        check("setunion", "[[], []]", "{}");
        check("setintersection", r#"[["a", "b"], ["b"], ["b", "c"]]"#, r#"{"b"}"#);
        check("setsubtract", r#"[["a", 1], ["1"]]"#, r#"{"a"}"#);
        check("setsubtract", r#"[["a"], null]"#, "!1 argument must not be null");
    }

    #[test]
    fn products() {
        check("setproduct", r#"[["a", "b"], ["c", 1]]"#, r#"[["a", "c"], ["a", "1"], ["b", "c"], ["b", "1"]]"#);
        check("setproduct", r#"[["a"], []]"#, "[]");
        check("setproduct", r#"[["a"]]"#, "! at least two arguments are required");
        check("setproduct", r#"[["a"], "b"]"#, "!1 a set or a list is required");
        check("setproduct", r#"[["a", {}], [1]]"#, "!0 all elements must be of the same type");
    }
}
