//! A state as JSON: format 1.0, as other tools read it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use weir_addr::{InstanceAddr, ModulePath};
use weir_plan::Conditions;
use weir_state::{Record, State, Status};
use weir_value::{Type, Value};

use super::plan_json::{head, sensitive};
use crate::exit::Failure;
use crate::providers;

/// The document. Sensitive values are in it, as in the state itself.
pub(crate) fn document(state: Option<&State>) -> Result<Json, Failure> {
    let mut document = json!({ "format_version": "1.0" });
    let Some(state) = state.filter(|state| !state.is_empty()) else { return Ok(document) };
    document["terraform_version"] = json!(&*state.terraform_version);
    let mut modules = Modules::default();
    for (addr, objects) in state.instances() {
        let current = objects.current.iter().map(|record| (None, record));
        let deposed = objects.deposed.iter().map(|(key, record)| (Some(key), record));
        for (key, record) in current.chain(deposed) {
            let mut entry = object(state, &addr, record)?;
            if let Some(key) = key {
                entry["deposed_key"] = json!(&**key);
            }
            modules.add(addr.module(), entry);
        }
    }
    let mut values = json!({ "root_module": modules.document() });
    if !state.outputs.is_empty() {
        let mut outputs = Map::new();
        for (name, output) in &state.outputs {
            let ty: Json = serde_json::from_str(&output.ty.to_json()).unwrap_or(Json::Null);
            outputs.insert(name.to_string(), json!({ "sensitive": output.sensitive, "value": plain(&output.value, name)?, "type": ty }));
        }
        values["outputs"] = Json::Object(outputs);
    }
    document["values"] = values;
    if let Some(results) = state.check_results.as_ref().and_then(|results| serde_json::from_str::<Json>(results.as_str()).ok()) {
        document["checks"] = Conditions::recorded(&results).plan();
    }
    Ok(document)
}

fn object(state: &State, addr: &InstanceAddr, record: &Record) -> Result<Json, Failure> {
    let resource = state.resources.get(&addr.resource);
    let mut entry = head(addr, resource.map(|resource| &resource.provider));
    let schemas = resource.and_then(|resource| providers::find(&resource.provider.provider)).map(|provider| provider.schema());
    let schema = schemas.as_ref().and_then(|schemas| match addr.resource.mode {
        weir_addr::Mode::Data => schemas.data_sources.get(&addr.resource.type_),
        _ => schemas.resources.get(&addr.resource.type_),
    });
    entry["schema_version"] = json!(record.schema_version);
    // What was written under another version of the schema is shown as it is recorded.
    let value = schema.and_then(|schema| record.value(schema.ty()).ok().map(|value| schema.mark_mirrors(value)));
    match (value, schema) {
        (Some(value), Some(schema)) => {
            let paths = schema.block.sensitive_paths(&value);
            let marked = value.transform(&mut |path, value| if paths.contains(path) { value.with_marks(weir_value::Marks::SENSITIVE) } else { value });
            entry["values"] = plain(&value, &addr.to_string())?;
            entry["sensitive_values"] = sensitive(&marked);
        }
        _ => {
            let raw = record.value(&Type::Dynamic).ok();
            entry["values"] = serde_json::from_str(record.attributes.as_str()).unwrap_or(Json::Null);
            entry["sensitive_values"] = raw.as_ref().map_or_else(|| json!({}), sensitive);
        }
    }
    if !record.dependencies.is_empty() {
        entry["depends_on"] = record.dependencies.iter().map(|dependency| Json::from(dependency.to_string())).collect();
    }
    if record.status == Status::Tainted {
        entry["tainted"] = json!(true);
    }
    Ok(entry)
}

/// A value without its marks.
fn plain(value: &Value, what: &str) -> Result<Json, Failure> {
    let bare = value.expose("shown by show -json, which prints the state with its secrets");
    let text = weir_value::encode_json(&bare.clone().unmark_deep().0);
    let text = text.map_err(|error| Failure::error("The state cannot be shown", format!("{what} has no form in JSON: {error}.")))?;
    serde_json::from_str(&text).map_err(|error| Failure::error("The state cannot be shown", format!("{what}: {error}.")))
}

/// Objects in the tree of their modules.
#[derive(Default)]
pub(super) struct Modules {
    resources: Vec<Json>,
    children: BTreeMap<ModulePath, Modules>,
}

impl Modules {
    /// Puts an object into its module.
    pub(super) fn add(&mut self, path: &ModulePath, entry: Json) {
        let mut here = self;
        for depth in 1..=path.steps().len() {
            here = here.children.entry(ModulePath::new(path.steps()[..depth].to_vec())).or_default();
        }
        here.resources.push(entry);
    }

    /// The module as a document.
    pub(super) fn document(self) -> Json {
        let mut module = Map::new();
        if !self.resources.is_empty() {
            module.insert("resources".to_owned(), Json::Array(self.resources));
        }
        if !self.children.is_empty() {
            let children = self.children.into_iter().map(|(path, child)| {
                let mut child = child.document();
                child["address"] = json!(path.to_string());
                child
            });
            module.insert("child_modules".to_owned(), children.collect());
        }
        Json::Object(module)
    }
}
