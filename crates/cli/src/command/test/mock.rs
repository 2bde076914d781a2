//! A provider that makes its answers up.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use weir_addr::Mode;
use weir_provider::native::propose;
use weir_provider::{Applied, ApplyRequest, Block, Fault, Imported, Opened, PlanRequest, Planned, ProviderSchema, ReadRequest, RecoverRequest, Session};
use weir_value::{Path, PathStep, Type, Value, convert};

/// The values of computed attributes.
#[derive(Clone, Debug)]
pub(super) struct Mocked {
    /// An object.
    pub(super) values: Value,
    /// They are known while planning.
    pub(super) during_plan: bool,
    /// Where they are written.
    pub(super) place: String,
}

impl Mocked {
    /// Values that nobody has said: all are made up.
    pub(super) fn any(during_plan: bool) -> Self {
        Self { values: Value::object::<&str>([]), during_plan, place: String::new() }
    }
}

/// What stands in for a provider, or for one of its objects.
pub(super) struct Mock {
    schema: Arc<ProviderSchema>,
    /// Values by type.
    types: BTreeMap<(Mode, Arc<str>), Mocked>,
    /// Values of all other types.
    others: Mocked,
    /// What was made up while planning, by type and arguments: planned once more before the apply, an object has to come out the same.
    planned: Mutex<HashMap<String, Value>>,
}

impl Mock {
    /// Values by type, and those of all other types.
    pub(super) fn new(schema: Arc<ProviderSchema>, types: BTreeMap<(Mode, Arc<str>), Mocked>, others: Mocked) -> Self {
        Self { schema, types, others, planned: Mutex::default() }
    }

    fn mocked(&self, mode: Mode, type_name: &str) -> &Mocked {
        self.types.get(&(mode, type_name.into())).unwrap_or(&self.others)
    }

    fn block(&self, mode: Mode, type_name: &str) -> Result<&Block, Vec<Fault>> {
        let schemas = match mode {
            Mode::Managed => &self.schema.resources,
            Mode::Data => &self.schema.data_sources,
            Mode::Ephemeral => &self.schema.ephemeral,
        };
        schemas.get(type_name).map(|schema| &schema.block).ok_or_else(|| vec![Fault::error("Unknown type", format!("The mocked provider has no {type_name}."))])
    }

    /// An object in which everything is known.
    fn complete(&self, mode: Mode, type_name: &str, planned: &Value) -> Result<Value, Vec<Fault>> {
        fill(planned, self.mocked(mode, type_name))
    }
}

/// Gives values to what is not known.
fn fill(planned: &Value, mocked: &Mocked) -> Result<Value, Vec<Fault>> {
    let mut faults = Vec::new();
    let filled = planned.transform(&mut |path, value| {
        let Value::Unknown(unknown) = &value else { return value };
        let Some(said) = said(&mocked.values, path) else { return made_up(&unknown.ty) };
        convert(&said, &unknown.ty).unwrap_or_else(|error| {
            let shown = path.to_string();
            let detail = format!("The value of {} that is mocked at {} does not fit its type {}: {error}.", shown.trim_start_matches('.'), mocked.place, unknown.ty);
            faults.push(Fault::error("Failed to compute attribute", detail));
            made_up(&unknown.ty)
        })
    });
    if faults.is_empty() { Ok(filled) } else { Err(faults) }
}

/// What mocked values say of an attribute. All blocks of a kind have the same.
fn said(values: &Value, path: &Path) -> Option<Value> {
    let mut here = values.clone();
    for step in &path.0 {
        if let PathStep::Attr(name) = step {
            here = here.get(name)?;
        }
    }
    Some(here)
}

/// Some value of a type.
fn made_up(ty: &Type) -> Value {
    match ty {
        Type::String => Value::string(letters()),
        Type::Number => Value::from(0_u64),
        Type::Bool => Value::Bool(false),
        Type::List(element) => Value::list((**element).clone(), []),
        Type::Set(element) => Value::set((**element).clone(), []),
        Type::Map(element) => Value::map::<&str>((**element).clone(), []),
        Type::Tuple(items) => Value::tuple(items.iter().map(made_up)),
        Type::Object(object) => Value::object(object.attributes.iter().map(|(name, ty)| (name.clone(), made_up(ty))).collect::<Vec<_>>()),
        Type::Dynamic => Value::null(),
    }
}

/// Eight letters and digits that no other object has.
fn letters() -> String {
    let all = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = [0_u8; 8];
    // Without a source of randomness all are alike, which is still an answer.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| char::from(all[usize::from(*byte) % all.len()])).collect()
}

#[async_trait]
impl Session for Mock {
    async fn read(&self, request: ReadRequest<'_>) -> Result<Option<Value>, Vec<Fault>> {
        Ok(Some(request.prior.clone()))
    }

    async fn plan(&self, request: PlanRequest<'_>) -> Result<Planned, Vec<Fault>> {
        let proposed = propose(self.block(Mode::Managed, request.type_name)?, request.prior, request.config);
        let early = request.prior.is_none() && self.mocked(Mode::Managed, request.type_name).during_plan;
        // What depends on values that are not known yet stays so; only what the provider would say is made up.
        let state = if early && request.config.is_wholly_known() {
            let key = format!("{} {:?}", request.type_name, request.config);
            let known = self.planned.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            match known {
                Some(known) => known,
                None => {
                    let state = self.complete(Mode::Managed, request.type_name, &proposed)?;
                    self.planned.lock().unwrap_or_else(PoisonError::into_inner).insert(key, state.clone());
                    state
                }
            }
        } else {
            proposed
        };
        Ok(Planned { state, requires_replace: Vec::new(), private: None, warnings: Vec::new(), deferred: None })
    }

    async fn apply(&self, request: ApplyRequest<'_>) -> Applied {
        let Some(planned) = request.planned else { return Applied::default() };
        match self.complete(Mode::Managed, request.type_name, planned) {
            Ok(state) => Applied { state: Some(state), ..Applied::default() },
            Err(faults) => Applied { state: request.prior.cloned(), faults, private: None },
        }
    }

    async fn import(&self, type_name: &str, _: &str) -> Result<Vec<Imported>, Vec<Fault>> {
        let block = self.block(Mode::Managed, type_name)?;
        let empty = Value::object::<&str>([]);
        let state = self.complete(Mode::Managed, type_name, &propose(block, None, &empty))?;
        Ok(vec![Imported { type_name: type_name.into(), state, private: None }])
    }

    async fn read_data(&self, type_name: &str, config: &Value) -> Result<Value, Vec<Fault>> {
        self.complete(Mode::Data, type_name, &propose(self.block(Mode::Data, type_name)?, None, config))
    }

    async fn open(&self, type_name: &str, config: &Value) -> Result<Opened, Vec<Fault>> {
        let value = self.complete(Mode::Ephemeral, type_name, &propose(self.block(Mode::Ephemeral, type_name)?, None, config))?;
        Ok(Opened { value, private: Vec::new() })
    }

    async fn close(&self, _: &str, _: &Opened) -> Result<(), Vec<Fault>> {
        Ok(())
    }

    async fn recover(&self, _: RecoverRequest<'_>) -> Result<Option<Value>, Vec<Fault>> {
        Ok(None)
    }

    async fn settle(&self, _: &[(Arc<str>, Value)]) -> Result<(), Vec<Fault>> {
        Ok(())
    }

    fn is_offline(&self, _: &str) -> bool {
        true
    }

    fn is_local(&self, _: &str) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_gets_a_value_of_its_type() {
        let ty = Type::object([("a", Type::String), ("b", Type::list(Type::Number)), ("c", Type::Bool), ("d", Type::Dynamic)].map(|(name, ty)| (Arc::from(name), ty)));
        let mocked = Mocked { values: Value::object([("x", Value::object([("y", Value::from(7_u64))]))]), during_plan: false, place: "here".into() };
        let planned = Value::object([("o", Value::unknown(ty)), ("x", Value::object([("y", Value::unknown(Type::String))]))]);
        let filled = fill(&planned, &mocked).unwrap();
        assert!(filled.is_wholly_known());
        assert_eq!(filled.get("x").and_then(|x| x.get("y")), Some(Value::string("7")));
        let name = filled.get("o").and_then(|o| o.get("a")).unwrap();
        assert_eq!(name.as_str().map(str::len), Some(8));
    }

    #[test]
    fn values_have_to_fit() {
        let mocked = Mocked { values: Value::object([("x", Value::tuple([Value::Bool(true)]))]), during_plan: false, place: "a:1".into() };
        let faults = fill(&Value::object([("x", Value::unknown(Type::String))]), &mocked).unwrap_err();
        assert!(faults.len() == 1 && faults[0].detail.contains("a:1"), "{faults:?}");
    }
}
