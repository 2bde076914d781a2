//! What has been evaluated so far.

use std::collections::HashMap;
use std::sync::Arc;

use weir_addr::{GateName, InstanceKey, Mode, ModulePath};
use weir_eval::Instances;
use weir_value::Value;

/// One instance of a module.
#[derive(Clone, Debug)]
pub(crate) struct ModuleInstance {
    /// Its path, with keys.
    pub path: ModulePath,
    /// The instance that calls it; the root calls itself.
    pub parent: ModulePath,
    /// `each.key` and `each.value` of the call.
    pub each: Option<(Value, Value)>,
    /// `count.index` of the call.
    pub count: Option<u64>,
    /// Stands for instances that are not known yet; what they wait for.
    pub partial: Option<Arc<str>>,
}

/// The values within one module instance.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) variables: HashMap<Arc<str>, Value>,
    pub(crate) locals: HashMap<Arc<str>, Value>,
    pub(crate) outputs: HashMap<Arc<str>, Value>,
    pub(crate) resources: HashMap<(Mode, Arc<str>, Arc<str>), Value>,
    pub(crate) calls: HashMap<Arc<str>, Instances>,
}

/// Everything that has been evaluated so far.
#[derive(Debug, Default)]
pub struct World {
    pub(crate) values: HashMap<ModulePath, Values>,
    /// By module (see `Nodes::modules`).
    pub(crate) instances: Vec<Vec<ModuleInstance>>,
    pub(crate) gates: HashMap<GateName, Value>,
}

impl World {
    pub(crate) fn new(modules: usize) -> Self {
        let root = ModuleInstance { path: ModulePath::root(), parent: ModulePath::root(), each: None, count: None, partial: None };
        let mut instances = vec![Vec::new(); modules];
        if let Some(first) = instances.first_mut() {
            first.push(root);
        }
        Self { instances, ..Self::default() }
    }

    pub(crate) fn of(&mut self, path: &ModulePath) -> &mut Values {
        if !self.values.contains_key(path) {
            self.values.insert(path.clone(), Values::default());
        }
        self.values.entry(path.clone()).or_default()
    }

    /// The value of a call: an object of outputs, or a tuple or object of such.
    pub(crate) fn call(&self, path: &ModulePath, name: &Arc<str>, outputs: &[Arc<str>]) -> Option<Value> {
        let one = |key: Option<InstanceKey>| {
            let child = path.child(name.clone(), key);
            let values = self.values.get(&child);
            Value::object(outputs.iter().map(|output| {
                let value = values.and_then(|values| values.outputs.get(output)).cloned();
                (output.clone(), value.unwrap_or_else(|| Value::unknown(weir_value::Type::Dynamic)))
            }))
        };
        Some(match self.values.get(path)?.calls.get(name)? {
            Instances::Single => one(None),
            Instances::Count(count) => Value::tuple((0..*count).map(|at| one(Some(InstanceKey::Int(at)))).collect::<Vec<_>>()),
            Instances::Keys(keys) => Value::object(keys.keys().map(|key| (key.clone(), one(Some(InstanceKey::Str(key.clone()))))).collect::<Vec<_>>()),
            Instances::Unknown(cause) => match cause {
                Some(cause) => Value::unknown_because(weir_value::Type::Dynamic, cause.clone()),
                None => Value::unknown(weir_value::Type::Dynamic),
            },
        })
    }
}
