//! Values and trees of modules, as plan and state formats have them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use weir_addr::{InstanceAddr, InstanceKey, Mode, ModulePath, ProviderConfigAddr};
use weir_value::Value;

/// Objects by module, each with those below it.
#[derive(Default)]
pub(super) struct Tree {
    resources: Vec<Json>,
    children: BTreeMap<ModulePath, Tree>,
}

impl Tree {
    /// Adds an object that lies in a module.
    pub(super) fn add(&mut self, module: &ModulePath, entry: Json) {
        let mut tree = self;
        for depth in 1..=module.steps().len() {
            tree = tree.children.entry(ModulePath::new(module.steps()[..depth].to_vec())).or_default();
        }
        tree.resources.push(entry);
    }

    /// The module as the formats have it; the root has no address.
    pub(super) fn json(self, address: Option<&ModulePath>) -> Json {
        let mut entry = Map::new();
        if !self.resources.is_empty() {
            entry.insert("resources".to_owned(), Json::Array(self.resources));
        }
        if let Some(address) = address {
            entry.insert("address".to_owned(), json!(address.to_string()));
        }
        if !self.children.is_empty() {
            entry.insert("child_modules".to_owned(), self.children.into_iter().map(|(path, child)| child.json(Some(&path))).collect());
        }
        Json::Object(entry)
    }
}

/// What an entry of an object begins with.
pub(super) fn head(addr: &InstanceAddr, provider: Option<&ProviderConfigAddr>) -> Json {
    let mut entry = json!({
        "address": addr.to_string(),
        "mode": if addr.resource.mode == Mode::Data { "data" } else { "managed" },
        "type": &*addr.resource.type_,
        "name": &*addr.resource.name,
    });
    match &addr.key {
        Some(InstanceKey::Int(at)) => entry["index"] = json!(at),
        Some(InstanceKey::Str(key)) => entry["index"] = json!(&**key),
        None => {}
    }
    if let Some(provider) = provider {
        entry["provider_name"] = json!(provider.provider.to_string());
    }
    entry
}

/// The known parts that may be shown; sensitive ones are null here, so that no secret gets into a plan.
pub(super) fn known(value: &Value) -> Json {
    match value {
        Value::Marked(_) | Value::Unknown(_) | Value::Null(_) => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Number(number) => number.to_i64().map_or_else(|| json!(number.to_f64()), |whole| json!(whole)),
        Value::String(text) => json!(&**text),
        Value::List(..) | Value::Tuple(_) | Value::Set(_) => value.elements().map(known).collect(),
        Value::Map(_, entries) | Value::Object(entries) => {
            Json::Object(entries.iter().filter(|(_, item)| item.is_known()).map(|(name, item)| (name.to_string(), known(item))).collect())
        }
    }
}

/// Where a value is unknown.
pub(super) fn unknown(value: &Value) -> Json {
    places(value, &|value| matches!(value.unmarked(), Value::Unknown(_)), &|value| !value.is_wholly_known())
}

/// Where a value is sensitive.
pub(super) fn sensitive(value: &Value) -> Json {
    places(value, &|value| value.marks().is_sensitive(), &|value| !value.marks_deep().is_empty())
}

/// `true` where `here` holds, in the form of the value; entries of maps and objects are only there when they have parts of their own, or when `within` holds for them.
fn places(value: &Value, here: &dyn Fn(&Value) -> bool, within: &dyn Fn(&Value) -> bool) -> Json {
    if here(value) {
        return Json::Bool(true);
    }
    match value.unmarked() {
        Value::List(..) | Value::Tuple(_) | Value::Set(_) => value.elements().map(|item| places(item, here, within)).collect(),
        Value::Map(_, entries) | Value::Object(entries) => {
            let entries = entries.iter().filter(|(_, item)| item.length().is_some() || within(item));
            Json::Object(entries.map(|(name, item)| (name.to_string(), places(item, here, within))).collect())
        }
        _ => Json::Bool(false),
    }
}
