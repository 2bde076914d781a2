//! What names mean within a module instance.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use weir_addr::{GateName, Mode, ModulePath};
use weir_config::Module;
use weir_config::syntax::Ident;
use weir_diag::{Diagnostic, Span};
use weir_eval::function::FunctionError;
use weir_eval::{Found, Scope};
use weir_value::{Marks, Type, Value, convert};

use crate::walk::Walk;
use crate::world::Values;

/// The names of one module instance, and of what stands in it.
pub(crate) struct ModuleScope<'a> {
    pub(crate) walk: &'a Walk<'a>,
    pub(crate) module: &'a Module,
    pub(crate) path: &'a ModulePath,
    pub(crate) each: Option<(Value, Value)>,
    pub(crate) count: Option<u64>,
    pub(crate) this: Option<Value>,
    pub(crate) inputs: Option<&'a BTreeMap<Arc<str>, Value>>,
    pub(crate) probes: Option<&'a HashMap<(Arc<str>, Arc<str>), Value>>,
}

impl<'a> ModuleScope<'a> {
    pub(crate) fn new(walk: &'a Walk<'a>, module: &'a Module, path: &'a ModulePath) -> Self {
        Self { walk, module, path, each: None, count: None, this: None, inputs: None, probes: None }
    }

    fn value(&self, pick: impl FnOnce(&Values) -> Option<Value>) -> Value {
        // What has no value yet failed before, and was reported then.
        let world = self.walk.world();
        world.values.get(self.path).and_then(pick).unwrap_or_else(|| Value::unknown(Type::Dynamic))
    }

    fn call(&self, name: &Arc<str>, next: Option<&Arc<str>>) -> Option<Found> {
        let child = self.module.children.get(name)?;
        let world = self.walk.world();
        if let Some(output) = next
            && matches!(world.values.get(self.path)?.calls.get(name)?, weir_eval::Instances::Single)
            && child.outputs.contains_key(output)
        {
            let path = self.path.child(name.clone(), None);
            let value = world.values.get(&path).and_then(|values| values.outputs.get(output)).cloned();
            return Some(Found { value: value.unwrap_or_else(|| Value::unknown(Type::Dynamic)), used: 2 });
        }
        let outputs: Vec<Arc<str>> = child.outputs.keys().cloned().collect();
        world.call(self.path, name, &outputs).map(|value| Found { value, used: 1 })
    }
}

fn folder(path: &Path) -> Value {
    let text = path.display().to_string();
    Value::from(if text.is_empty() { ".".to_owned() } else { text })
}

impl Scope for ModuleScope<'_> {
    fn lookup(&self, root: &Ident, names: &[(&Arc<str>, Span)]) -> Result<Found, Diagnostic> {
        let name = |at: usize| names.get(at).map(|(name, _)| (*name).clone());
        let found = |value: Value, used: usize| Ok(Found { value, used });
        let invalid = |detail: &str| Err(Diagnostic::error("Invalid reference", detail).at(root.span));
        let missing = |what: &str| Err(Diagnostic::error(format!("Reference to undeclared {what}"), "This name is not declared in this module.").at(root.span));
        match (&*root.name, name(0)) {
            ("var", Some(name)) if self.module.variables.contains_key(&name) => found(self.value(|values| values.variables.get(&name).cloned()), 1),
            ("var", Some(_)) => missing("input variable"),
            ("local", Some(name)) if self.module.locals.contains_key(&name) => found(self.value(|values| values.locals.get(&name).cloned()), 1),
            ("local", Some(_)) => missing("local value"),
            ("module" | "stage", Some(call)) if self.module.calls.contains_key(&call) => {
                let next = name(1);
                match self.call(&call, next.as_ref()) {
                    Some(result) => Ok(result),
                    None => found(Value::unknown(Type::Dynamic), 1),
                }
            }
            ("module" | "stage", Some(_)) => missing("module"),
            ("gate", Some(gate)) if self.module.gates.contains_key(&GateName::new(gate.clone())) => {
                let value = self.walk.world().gates.get(&GateName::new(gate)).cloned();
                found(value.unwrap_or_else(|| Value::unknown(Type::Dynamic)), 1)
            }
            ("gate", Some(_)) => missing("gate"),
            ("input", Some(input)) => match self.inputs.and_then(|inputs| inputs.get(&input)) {
                Some(value) => found(value.clone(), 1),
                None => invalid("input.NAME can be used only within the gate that declares the input."),
            },
            ("each", Some(attribute)) => match (&self.each, &*attribute) {
                (Some((key, _)), "key") => found(key.clone(), 1),
                (Some((_, value)), "value") => found(value.clone(), 1),
                (None, _) => Err(Diagnostic::error(
                    "Reference to \"each\" in context without for_each",
                    "The \"each\" object can be used only in \"module\" or \"resource\" blocks, and only when the \"for_each\" argument is set.",
                )
                .at(root.span)),
                _ => invalid("The \"each\" object has only the attributes \"key\" and \"value\"."),
            },
            ("count", Some(attribute)) => match (self.count, &*attribute) {
                (Some(index), "index") => found(Value::from(index), 1),
                (None, _) => Err(Diagnostic::error(
                    "Reference to \"count\" in non-counted context",
                    "The \"count\" object can only be used in \"module\", \"resource\", and \"data\" blocks, and only when the \"count\" argument is set.",
                )
                .at(root.span)),
                _ => invalid("The \"count\" object has only the attribute \"index\"."),
            },
            ("path", Some(attribute)) => match &*attribute {
                "module" => found(folder(&self.module.dir), 1),
                "root" => found(folder(&self.walk.nodes.modules[0].dir), 1),
                "cwd" => found(folder(&self.walk.cwd), 1),
                _ => invalid("The \"path\" object has only the attributes \"module\", \"root\" and \"cwd\"."),
            },
            ("terraform" | "tofu", Some(attribute)) => match &*attribute {
                "workspace" => found(Value::from(self.walk.workspace.as_str()), 1),
                "applying" => found(Value::from(self.walk.applying).with_marks(Marks::EPHEMERAL), 1),
                _ => invalid("The \"terraform\" object has only the attributes \"workspace\" and \"applying\"."),
            },
            ("self", _) => match &self.this {
                Some(value) => found(value.clone(), 0),
                None => invalid("The \"self\" object is not available here: it stands for the object in postconditions and provisioners."),
            },
            (kind @ ("data" | "ephemeral"), Some(type_)) => {
                let Some(label) = name(1) else { return invalid("The type and the name of the block must follow.") };
                if let Some(value) = self.probes.filter(|_| kind == "data").and_then(|probes| probes.get(&(type_.clone(), label.clone()))) {
                    return found(value.clone(), 2);
                }
                let mode = if kind == "data" { Mode::Data } else { Mode::Ephemeral };
                self.resource((mode, type_, label), 2, root)
            }
            ("resource", Some(type_)) => {
                let Some(label) = name(1) else { return invalid("The type and the name of the block must follow.") };
                self.resource((Mode::Managed, type_, label), 2, root)
            }
            (_, Some(label)) => self.resource((Mode::Managed, root.name.clone(), label), 1, root),
            _ => invalid("A reference to a resource type must be followed by at least one attribute access, specifying the resource name."),
        }
    }

    fn call_provider(&self, provider: &str, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let addr = self.walk.catalog.resolve(self.module, &Arc::from(provider));
        let provider = self.walk.catalog.get(&addr)?;
        let schema = provider.schema();
        let function = schema.functions.get(name)?;
        Some(call(&**provider, function, arguments))
    }
}

impl ModuleScope<'_> {
    fn resource(&self, key: (Mode, Arc<str>, Arc<str>), used: usize, root: &Ident) -> Result<Found, Diagnostic> {
        if !self.module.resources.contains_key(&key) {
            let (mode, type_, name) = key;
            let detail = format!("A resource \"{type_}\" \"{name}\" has not been declared in this module.");
            let what = if mode == Mode::Managed { "resource" } else { "data resource" };
            return Err(Diagnostic::error(format!("Reference to undeclared {what}"), detail).at(root.span));
        }
        Ok(Found { value: self.value(|values| values.resources.get(&key).cloned()), used })
    }
}

/// Calls a provider's function: counts and converts the arguments, carries marks, and gives an unknown for unknowns.
fn call(provider: &dyn weir_provider::Provider, function: &weir_provider::FunctionSchema, arguments: &[Value]) -> Result<Value, FunctionError> {
    let given = arguments.len();
    if let Some(missing) = function.parameters.get(given) {
        return Err(FunctionError::call(format!("an argument for \"{}\" is missing", missing.name)));
    }
    if function.variadic.is_none() && given > function.parameters.len() {
        return Err(FunctionError::call(format!("only {} arguments are expected", function.parameters.len())));
    }
    let mut marks = Marks::NONE;
    let mut cause = None;
    let mut known = true;
    let mut values = Vec::with_capacity(given);
    for (at, argument) in arguments.iter().enumerate() {
        let Some(parameter) = function.parameters.get(at).or(function.variadic.as_ref()) else { continue };
        let value = convert(argument, &parameter.ty).map_err(|error| FunctionError::argument(at, error.to_string()))?;
        let (value, own) = value.unmark_deep();
        marks = marks.union(own);
        if value.is_null() && !parameter.allow_null {
            return Err(FunctionError::argument(at, "argument must not be null"));
        }
        if !value.is_wholly_known() {
            known = false;
            cause = cause.or_else(|| value.cause());
        }
        values.push(value);
    }
    let result = if known {
        provider.call(function.name, &values).map_err(|fault| match fault.argument {
            Some(at) => FunctionError::argument(at, fault.message),
            None => FunctionError::call(fault.message),
        })?
    } else {
        match cause {
            Some(cause) => Value::unknown_because(function.returns.clone(), cause),
            None => Value::unknown(function.returns.clone()),
        }
    };
    Ok(result.with_marks(marks))
}
