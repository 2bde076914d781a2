//! The plan that follows from a schema alone, and the hook's view of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_value::{Path, PathStep, Value};

use crate::{Block, NestedBlock, Nesting, Planned, Schema};

/// A plan in the making, as a resource's `plan` hook sees it. Values are unmarked; attributes may be unknown.
pub struct ResourcePlan<'a> {
    prior: Option<&'a Value>,
    config: &'a Value,
    planned: BTreeMap<Arc<str>, Value>,
    schema: &'a Schema,
    replace: Vec<Path>,
    warnings: Vec<crate::Fault>,
}

impl<'a> ResourcePlan<'a> {
    pub(crate) fn new(schema: &'a Schema, prior: Option<&'a Value>, config: &'a Value) -> Self {
        let planned = match propose(&schema.block, prior, config) {
            Value::Object(entries) => Arc::unwrap_or_clone(entries),
            _ => BTreeMap::new(),
        };
        Self { prior, config, planned, schema, replace: Vec::new(), warnings: Vec::new() }
    }

    /// True when there is no object yet.
    pub fn creating(&self) -> bool {
        self.prior.is_none()
    }
    /// An attribute as it is; null when there is no object yet.
    pub fn prior(&self, name: &str) -> Value {
        self.prior.and_then(|prior| prior.get(name)).unwrap_or_else(Value::null)
    }
    /// An attribute as the user wrote it; null when unset.
    pub fn config(&self, name: &str) -> Value {
        self.config.get(name).unwrap_or_else(Value::null)
    }
    /// An attribute as it will be.
    pub fn planned(&self, name: &str) -> Value {
        self.planned.get(name).cloned().unwrap_or_else(Value::null)
    }
    /// Sets an attribute. It should be one that the user did not set, or a value of the same meaning.
    pub fn set(&mut self, name: &str, value: Value) {
        let ty = self.schema.block.attributes.get(name).map(|attribute| attribute.ty.clone());
        let value = ty.and_then(|ty| weir_value::convert(&value, &ty).ok()).unwrap_or(value);
        self.planned.insert(name.into(), value);
    }
    /// An attribute will be known only after the apply.
    pub fn unknown(&mut self, name: &str) {
        if let Some(attribute) = self.schema.block.attributes.get(name) {
            self.planned.insert(name.into(), Value::unknown(attribute.ty.clone()));
        }
    }
    /// True when the attribute (or block) will differ from what it is; true for every set attribute of a new object.
    pub fn changed(&self, name: &str) -> bool {
        match self.prior {
            Some(prior) => prior.get(name) != self.planned.get(name).cloned(),
            None => !self.planned(name).is_null(),
        }
    }
    /// True when anything will differ.
    pub fn any_changed(&self) -> bool {
        self.planned.keys().any(|name| self.changed(name))
    }
    /// The change of this attribute needs a new object.
    pub fn force_new(&mut self, name: &str) {
        self.replace.push(Path::attr(name));
    }
    /// Keeps what is there where `same` says that the two known, non-null values mean the same.
    pub fn suppress(&mut self, name: &str, same: impl Fn(&Value, &Value) -> bool) {
        let Some(prior) = self.prior.and_then(|prior| prior.get(name)) else { return };
        let planned = self.planned(name);
        if planned.is_wholly_known() && !prior.is_null() && !planned.is_null() && planned != prior && same(&prior, &planned) {
            self.planned.insert(name.into(), prior);
        }
    }
    /// Keeps a zero value (`false`, `0`, `""`, nothing in a collection) that stands where the user set nothing, at any depth: providers of the old kind write
    /// those into their states for what was never set, and mean nothing by it.
    pub fn keep_zeros(&mut self) {
        let Some(prior) = self.prior else { return };
        let planned = std::mem::take(&mut self.planned);
        if let Value::Object(entries) = kept(prior, Value::Object(Arc::new(planned))) {
            self.planned = Arc::unwrap_or_clone(entries);
        }
    }
    /// Tells the user something.
    pub fn warn(&mut self, warning: crate::Fault) {
        self.warnings.push(warning);
    }

    pub(crate) fn finish(mut self) -> Planned {
        let state = Value::Object(Arc::new(self.planned));
        if let Some(prior) = self.prior {
            forced(&self.schema.block, prior, &state, &mut Path::root(), &mut self.replace);
        }
        Planned { state, requires_replace: self.replace, private: None, deferred: None, warnings: self.warnings }
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => !truth,
        Value::Number(_) => value.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Null(_) => true,
        _ => value.length() == Some(0),
    }
}

/// What is planned, with the zero values of `prior` where it is null.
fn kept(prior: &Value, planned: Value) -> Value {
    match (prior, &planned) {
        (_, Value::Null(_)) if is_zero(prior) => prior.clone(),
        (Value::Object(before), Value::Object(after)) => Value::object(after.iter().map(|(name, value)| {
            let value = before.get(name).map_or_else(|| value.clone(), |before| kept(before, value.clone()));
            (name.clone(), value)
        })),
        (Value::List(_, before), Value::List(element, after)) if before.len() == after.len() => {
            Value::list(element.clone(), before.iter().zip(after.iter()).map(|(before, after)| kept(before, after.clone())))
        }
        (Value::Set(before), Value::Set(after)) => {
            let same = |item: &Value| before.items.iter().find(|before| kept(before, item.clone()) == **before);
            Value::set(after.element.clone(), after.items.iter().map(|item| same(item).unwrap_or(item).clone()).collect::<Vec<_>>())
        }
        _ => planned,
    }
}

/// The configuration completed: defaults for what is unset, the prior value for what the provider computes, unknown where there is none yet.
pub fn propose(block: &Block, prior: Option<&Value>, config: &Value) -> Value {
    let mut planned = BTreeMap::new();
    for (name, attribute) in &block.attributes {
        let written = config.get(name).unwrap_or_else(|| Value::Null(attribute.ty.clone()));
        let value = if attribute.write_only {
            Value::Null(attribute.ty.clone())
        } else if !written.is_null() {
            written
        } else if let Some(default) = &attribute.default {
            default.clone()
        } else if attribute.computed {
            match prior {
                Some(prior) => prior.get(name).unwrap_or_else(|| Value::Null(attribute.ty.clone())),
                None => Value::unknown(attribute.ty.clone()),
            }
        } else {
            Value::Null(attribute.ty.clone())
        };
        planned.insert(name.clone(), value);
    }
    for (name, nested) in &block.blocks {
        let written = config.get(name).unwrap_or_else(|| Value::Null(nested.ty()));
        let before = prior.and_then(|prior| prior.get(name));
        planned.insert(name.clone(), propose_nested(nested, before.as_ref(), &written, prior.is_some()));
    }
    Value::Object(Arc::new(planned))
}

fn propose_nested(nested: &NestedBlock, prior: Option<&Value>, written: &Value, exists: bool) -> Value {
    if nested.computed && (written.is_null() || written.length() == Some(0)) {
        return match prior {
            Some(prior) => prior.clone(),
            None if exists => Value::Null(nested.ty()),
            None => Value::unknown(nested.ty()),
        };
    }
    match written {
        Value::Null(_) | Value::Unknown(_) => written.clone(),
        Value::Object(_) if matches!(nested.nesting, Nesting::Single | Nesting::Group) => propose(&nested.block, prior.filter(|prior| !prior.is_null()), written),
        Value::List(element, items) => {
            let before: Vec<&Value> = prior.map(|prior| prior.elements().collect()).unwrap_or_default();
            let items = items.iter().enumerate().map(|(at, item)| propose(&nested.block, before.get(at).copied(), item));
            Value::list(element.clone(), items)
        }
        Value::Set(set) => {
            let before: Vec<&Value> = prior.map(|prior| prior.elements().collect()).unwrap_or_default();
            let items = set.items.iter().map(|item| {
                let same = before.iter().find(|before| written_equal(&nested.block, before, item)).copied();
                propose(&nested.block, same, item)
            });
            Value::set(set.element.clone(), items.collect::<Vec<_>>())
        }
        Value::Map(element, entries) => {
            let entries = entries.iter().map(|(key, item)| {
                let before = prior.and_then(|prior| prior.get(key));
                (key.clone(), propose(&nested.block, before.as_ref(), item))
            });
            Value::map(element.clone(), entries.collect::<Vec<_>>())
        }
        other => other.clone(),
    }
}

/// True when two elements of a set of blocks agree in everything that the user wrote.
fn written_equal(block: &Block, before: &Value, written: &Value) -> bool {
    block.attributes.iter().all(|(name, attribute)| {
        let now = written.get(name).unwrap_or_else(Value::null);
        (attribute.computed && now.is_null()) || before.get(name).is_some_and(|before| before == now || before.is_null() && now.is_null())
    }) && block.blocks.iter().all(|(name, nested)| match (before.get(name), written.get(name)) {
        (Some(before), Some(written)) => nested_equal(&nested.block, &before, &written),
        (before, written) => before == written,
    })
}

/// The same for the blocks in an element.
fn nested_equal(block: &Block, before: &Value, written: &Value) -> bool {
    match (before, written) {
        (Value::List(_, before), Value::List(_, written)) => {
            before.len() == written.len() && before.iter().zip(written.iter()).all(|(before, written)| written_equal(block, before, written))
        }
        (Value::Set(before), Value::Set(written)) => {
            let found = |written: &Value| before.items.iter().any(|before| written_equal(block, before, written));
            before.items.len() == written.items.len() && written.items.iter().all(found)
        }
        _ => before == written,
    }
}

/// Collects the paths of changed attributes that need a new object.
fn forced(block: &Block, prior: &Value, planned: &Value, path: &mut Path, found: &mut Vec<Path>) {
    for (name, attribute) in &block.attributes {
        if attribute.force_new && differ(prior, planned, name) {
            found.push(path.then(name.clone()));
        }
    }
    for (name, nested) in &block.blocks {
        if !differ(prior, planned, name) {
            continue;
        }
        let (before, after) = (prior.get(name).unwrap_or_else(Value::null), planned.get(name).unwrap_or_else(Value::null));
        if nested.force_new {
            found.push(path.then(name.clone()));
            continue;
        }
        if !nested.block.any(&|attribute| attribute.force_new) {
            continue;
        }
        path.0.push(PathStep::Attr(name.clone()));
        match (before.unmarked(), after.unmarked()) {
            (Value::Object(_), Value::Object(_)) => forced(&nested.block, &before, &after, path, found),
            (Value::List(_, a), Value::List(_, b)) if a.len() == b.len() => {
                for (at, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                    path.0.push(PathStep::Index(Value::from(at as u64)));
                    forced(&nested.block, a, b, path, found);
                    path.0.pop();
                }
            }
            _ => found.push(path.clone()),
        }
        path.0.pop();
    }
}

fn differ(prior: &Value, planned: &Value, name: &str) -> bool {
    let (before, after) = (prior.get(name), planned.get(name));
    let null = |value: &Option<Value>| value.as_ref().is_none_or(Value::is_null);
    before != after && !(null(&before) && null(&after))
}

#[cfg(test)]
mod tests {
    use weir_value::Type;

    use super::*;
    use crate::Attribute;

    fn nested(nesting: Nesting, block: Block) -> NestedBlock {
        NestedBlock { nesting, block, min: 0, max: 0, force_new: false, computed: false }
    }

    /// Grants, a set of blocks: a permission, and in it a block for who has it, with a name that the provider fills in.
    fn grants(inner: Nesting) -> Block {
        let name = Attribute { computed: true, optional: false, ..Attribute::optional(Type::String) };
        let grantee = Block { attributes: [("id".into(), Attribute::optional(Type::String)), ("name".into(), name)].into(), ..Block::default() };
        let permission = ("permission".into(), Attribute::optional(Type::String));
        let grant = Block { attributes: [permission].into(), blocks: [("grantee".into(), nested(inner, grantee))].into(), ..Block::default() };
        Block { blocks: [("grant".into(), nested(Nesting::Set, grant))].into(), ..Block::default() }
    }

    fn grant(block: &Block, permission: &str, who: &[(&str, Option<&str>)]) -> Value {
        let grantees: Vec<Value> =
            who.iter().map(|(id, name)| Value::object([("id", Value::from(*id)), ("name", name.map_or(Value::Null(Type::String), Value::from))])).collect();
        let inner = &block.blocks["grant"].block.blocks["grantee"];
        let grantees = match inner.nesting {
            Nesting::Set => Value::set(inner.block.ty(), grantees),
            _ => Value::list(inner.block.ty(), grantees),
        };
        Value::object([("permission", Value::from(permission)), ("grantee", grantees)])
    }

    fn all(block: &Block, grants: Vec<Value>) -> Value {
        Value::object([("grant", Value::set(block.blocks["grant"].block.ty(), grants))])
    }

    #[test]
    fn an_element_of_a_set_is_found_by_what_the_user_wrote_in_it() {
        for inner in [Nesting::List, Nesting::Set] {
            let block = grants(inner);
            let prior = all(&block, vec![grant(&block, "READ", &[("a", Some("Ann")), ("b", Some("Bob"))]), grant(&block, "WRITE", &[("b", Some("Bob"))])]);
            let same = all(&block, vec![grant(&block, "WRITE", &[("b", None)]), grant(&block, "READ", &[("a", None), ("b", None)])]);
            assert_eq!(propose(&block, Some(&prior), &same), prior, "{inner:?}");
            // Another grantee, and one less: those are other elements, whose names are not known.
            for other in [grant(&block, "READ", &[("a", None), ("c", None)]), grant(&block, "READ", &[("a", None)])] {
                let planned = propose(&block, Some(&prior), &all(&block, vec![other]));
                assert!(!planned.is_wholly_known(), "{inner:?}: {planned:?}");
            }
        }
    }
}
