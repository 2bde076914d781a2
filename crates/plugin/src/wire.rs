//! Small things of the protocol in the engine's words: values, diagnostics, paths.

use weir_provider::{Fault, Severity};
use weir_value::{Path, PathStep, Type, Value, decode_json};

use crate::msgpack;
use crate::protocol::tfplugin6::attribute_path::step::Selector;
use crate::protocol::tfplugin6::{AttributePath, Diagnostic, DynamicValue, diagnostic};

/// A value for the plugin.
pub(crate) fn dynamic(value: &Value, ty: &Type) -> Result<Option<DynamicValue>, Fault> {
    let msgpack = msgpack::encode(value, ty).map_err(|error| Fault::attribute(error.path.clone(), "Value does not fit the provider's schema", format!("{error}.")))?;
    Ok(Some(DynamicValue { msgpack, json: Vec::new() }))
}

/// A value of the plugin; null when it sent none.
pub(crate) fn value(dynamic: Option<&DynamicValue>, ty: &Type) -> Result<Value, Fault> {
    let fault = |reason: String| Fault::error("Provider returned an invalid value", format!("{reason}. This is a fault of the provider."));
    match dynamic {
        Some(dynamic) if !dynamic.msgpack.is_empty() => msgpack::decode(&dynamic.msgpack, ty).map_err(|error| fault(error.to_string())),
        Some(dynamic) if !dynamic.json.is_empty() => {
            let text = std::str::from_utf8(&dynamic.json).map_err(|_| fault("It is not UTF-8".to_owned()))?;
            decode_json(text, ty).map_err(|error| fault(error.to_string()))
        }
        _ => Ok(Value::Null(ty.clone())),
    }
}

pub(crate) fn path(path: &AttributePath) -> Path {
    let steps = path.steps.iter().filter_map(|step| {
        Some(match step.selector.as_ref()? {
            Selector::AttributeName(name) => PathStep::Attr(name.as_str().into()),
            Selector::ElementKeyString(key) => PathStep::Index(Value::string(key)),
            Selector::ElementKeyInt(at) => PathStep::Index(Value::from(*at)),
        })
    });
    Path(steps.collect())
}

/// Diagnostics as faults, errors and warnings.
pub(crate) fn faults(diagnostics: Vec<Diagnostic>) -> Vec<Fault> {
    diagnostics
        .into_iter()
        .map(|diagnostic| {
            let severity = if diagnostic.severity() == diagnostic::Severity::Warning { Severity::Warning } else { Severity::Error };
            let path = diagnostic.attribute.as_ref().map(path).filter(|path| !path.0.is_empty());
            let summary = if diagnostic.summary.is_empty() { "Provider error".to_owned() } else { diagnostic.summary };
            Fault { severity, path, ..Fault::error(summary, diagnostic.detail) }
        })
        .collect()
}

/// The warnings, when there is no error; else everything.
pub(crate) fn checked(diagnostics: Vec<Diagnostic>) -> Result<Vec<Fault>, Vec<Fault>> {
    let faults = faults(diagnostics);
    if faults.iter().any(|fault| fault.severity == Severity::Error) { Err(faults) } else { Ok(faults) }
}
