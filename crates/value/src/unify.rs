//! The one type that several values can share.

use crate::Type;
use crate::convert::possible;

/// The type that all of these can be converted to without loss; `None` when there is none. Of no types: `any`.
pub fn unify(types: &[Type]) -> Option<Type> {
    let (first, rest) = match types {
        [] => return Some(Type::Dynamic),
        [first, rest @ ..] => (first, rest),
    };
    if rest.iter().all(|ty| ty == first) {
        return Some(first.clone());
    }
    if types.contains(&Type::Dynamic) {
        // A bare null or an unknown of unknown type: it takes the type of the others where that is one collection type.
        let known: Vec<Type> = types.iter().filter(|ty| **ty != Type::Dynamic).cloned().collect();
        return unify(&known);
    }
    if types.iter().all(Type::is_primitive) {
        return types.contains(&Type::String).then_some(Type::String);
    }
    let all = |test: fn(&Type) -> bool| types.iter().all(test);
    if all(|ty| matches!(ty, Type::Object(_))) {
        return unify_objects(types);
    }
    if all(|ty| matches!(ty, Type::Tuple(_))) {
        return unify_tuples(types);
    }
    if all(|ty| matches!(ty, Type::Object(_) | Type::Map(_))) {
        return unify(&inner(types)).map(Type::map);
    }
    if all(|ty| matches!(ty, Type::Tuple(_) | Type::List(_))) {
        return unify(&inner(types)).map(Type::list);
    }
    if all(|ty| matches!(ty, Type::Set(_))) {
        return unify(&inner(types)).map(Type::set);
    }
    if all(|ty| matches!(ty, Type::Tuple(_) | Type::Set(_))) {
        // The sets say what the elements are; whether those of a tuple are such is found out when it is taken.
        let sets: Vec<Type> = types.iter().filter(|ty| matches!(ty, Type::Set(_))).cloned().collect();
        let set = unify(&sets)?;
        return types.iter().all(|ty| possible(ty, &set)).then_some(set);
    }
    if all(|ty| matches!(ty, Type::Tuple(_) | Type::List(_) | Type::Set(_))) {
        return unify(&inner(types)).map(Type::list);
    }
    None
}

/// The types of everything inside these containers.
fn inner(types: &[Type]) -> Vec<Type> {
    let mut found = Vec::new();
    for ty in types {
        match ty {
            Type::List(element) | Type::Set(element) | Type::Map(element) => found.push((**element).clone()),
            Type::Tuple(elements) => found.extend(elements.iter().cloned()),
            Type::Object(object) => found.extend(object.attributes.values().cloned()),
            _ => {}
        }
    }
    found
}

fn unify_objects(types: &[Type]) -> Option<Type> {
    let objects: Vec<_> = types.iter().filter_map(|ty| if let Type::Object(object) = ty { Some(object) } else { None }).collect();
    let first = objects.first()?;
    if objects.iter().all(|object| object.attributes.keys().eq(first.attributes.keys())) {
        let mut attributes = Vec::new();
        for name in first.attributes.keys() {
            let each: Vec<Type> = objects.iter().filter_map(|object| object.attributes.get(name).cloned()).collect();
            attributes.push((name.clone(), unify(&each)?));
        }
        return Some(Type::object(attributes));
    }
    unify(&inner(types)).map(Type::map)
}

fn unify_tuples(types: &[Type]) -> Option<Type> {
    let tuples: Vec<_> = types.iter().filter_map(|ty| if let Type::Tuple(elements) = ty { Some(elements) } else { None }).collect();
    let length = tuples.first()?.len();
    if tuples.iter().all(|tuple| tuple.len() == length) {
        let each: Option<Vec<Type>> = (0..length).map(|at| unify(&tuples.iter().map(|tuple| tuple[at].clone()).collect::<Vec<_>>())).collect();
        return each.map(Type::tuple);
    }
    unify(&inner(types)).map(Type::list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(types: &[Type], expected: Option<&str>) {
        assert_eq!(unify(types).map(|ty| ty.to_string()).as_deref(), expected);
    }

    #[test]
    fn rules() {
        check(&[Type::Number, Type::String], Some("string"));
        check(&[Type::Number, Type::Bool], None);
        check(&[Type::Dynamic, Type::Bool], Some("bool"));
        check(&[Type::tuple([Type::Number]), Type::tuple([])], Some("list(number)"));
        check(&[Type::tuple([Type::Number]), Type::tuple([Type::String])], Some("tuple([string])"));
        check(&[Type::object([("a", Type::Number)]), Type::object([("b", Type::String)])], Some("map(string)"));
        check(&[Type::list(Type::Number), Type::Bool], None);
        check(&[Type::set(Type::Number), Type::tuple([Type::String])], Some("set(number)"));
        check(&[Type::set(Type::Number), Type::tuple([Type::list(Type::Number)])], None);
    }
}
