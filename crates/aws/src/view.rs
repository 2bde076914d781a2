//! What a data source shows of an object that is a resource type too: what that type reads.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use weir_provider::Fault;
use weir_provider::native::{Resource, Shape};
use weir_value::Type;

use crate::Client;

/// What the resource type reads of the object with that import id, `tags` being all its tags. `None` when there is no such object.
pub(crate) async fn state<R: Resource<Client = Client>>(client: &Client, id: &str) -> Result<Option<Map<String, Json>>, Fault> {
    let Some(found) = R::read(client, R::import(client, id).await?).await? else { return Ok(None) };
    let mut state = entries(&found).map_err(form)?;
    if let Some(all) = state.remove("tags_all") {
        state.insert("tags".to_owned(), all);
    }
    Ok(Some(state))
}

/// That as the data source `config` has it: attributes of the same name are copied, what is written in `config` and not in the object stays.
///
/// # Errors
/// An attribute has another form in the data source.
pub(crate) fn data<D: Serialize + DeserializeOwned + Shape>(mut state: Map<String, Json>, config: &D) -> Result<D, Fault> {
    for (name, value) in entries(config).map_err(form)? {
        // Filters and time limits, and what the resource does not know.
        if matches!(name.as_str(), "filter" | "timeouts") || state.get(&name).is_none_or(Json::is_null) {
            state.insert(name, value);
        }
    }
    // What is not known of an object is zero in a data source.
    for (name, attribute) in D::block().attributes.iter().filter(|(_, attribute)| attribute.computed && !attribute.optional) {
        if state.get(&**name).is_none_or(Json::is_null) {
            let zero = match attribute.ty {
                Type::String => Json::from(""),
                Type::Bool => Json::from(false),
                Type::Number => Json::from(0),
                Type::List(_) | Type::Set(_) => Json::Array(Vec::new()),
                _ => continue,
            };
            state.insert(name.to_string(), zero);
        }
    }
    serde_json::from_value(without_nulls(Json::Object(state))).map_err(form)
}

/// The object with that import id as the data source `config` has it.
pub(crate) async fn of<R: Resource<Client = Client>, D: Serialize + DeserializeOwned + Shape>(client: &Client, id: &str, config: &D) -> Result<Option<D>, Fault> {
    state::<R>(client, id).await?.map(|state| data(state, config)).transpose()
}

fn form(error: serde_json::Error) -> Fault {
    Fault::error("Data source is not of the type's form", error.to_string())
}

fn entries<T: Serialize>(value: &T) -> Result<Map<String, Json>, serde_json::Error> {
    serde_json::to_value(value).map(|value| match value {
        Json::Object(entries) => entries,
        _ => Map::new(),
    })
}

/// Fields that are null are left out, at any depth, so that those without an unset form have their zero value.
fn without_nulls(value: Json) -> Json {
    match value {
        Json::Object(entries) => entries.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, without_nulls(value))).collect(),
        Json::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// That there is no such object.
pub(crate) fn none(what: &str) -> Fault {
    Fault::error(format!("No such {what}"), format!("No {what} fits. Check the arguments, the region and the account."))
}
