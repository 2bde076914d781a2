//! Reading what may never have been set: the API does not tell "unset" from "empty", the state does.

/// A text: none stays none, and the empty text of an older state stays empty.
pub(crate) fn text(prior: Option<&String>, remote: Option<&str>) -> Option<String> {
    match remote {
        Some(remote) if !remote.is_empty() => Some(remote.to_owned()),
        _ => prior.filter(|prior| prior.is_empty()).cloned(),
    }
}

/// A list: empty only when the state has it empty.
pub(crate) fn list<T>(prior: Option<&Vec<T>>, remote: Vec<T>) -> Option<Vec<T>> {
    if remote.is_empty() && prior.is_none() { None } else { Some(remote) }
}

/// A switch without a default: off only when the state has it.
pub(crate) fn flag(prior: Option<bool>, remote: bool) -> Option<bool> {
    if remote || prior.is_some() { Some(remote) } else { None }
}

/// A number: zero only when the state has it.
pub(crate) fn number(prior: Option<i64>, remote: i64) -> Option<i64> {
    if remote != 0 || prior.is_some() { Some(remote) } else { None }
}
