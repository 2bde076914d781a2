//! Small things of the protocol in the engine's words: values, diagnostics, paths.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use weir_provider::{Fault, Severity};
use weir_value::{Path, PathStep, Type, Value, decode_json};

use crate::msgpack;
use crate::protocol::tfplugin6::attribute_path::step::Selector;
use crate::protocol::tfplugin6::{AttributePath, Deferred, Diagnostic, DynamicValue, deferred, diagnostic};

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

/// What a provider keeps for itself, from the form in which the state has it.
pub(crate) fn private(text: Option<&str>) -> Result<Vec<u8>, Fault> {
    let bytes = text.map(|text| STANDARD.decode(text)).transpose();
    bytes.map(Option::unwrap_or_default).map_err(|_| Fault::error("Invalid object in the state", "What its provider keeps for itself (\"private\") is not base64."))
}

/// The same, as the state has it; none when there is nothing.
pub(crate) fn private_text(bytes: &[u8]) -> Option<Arc<str>> {
    (!bytes.is_empty()).then(|| STANDARD.encode(bytes).into())
}

/// Why a provider will answer later, in words.
pub(crate) fn deferral(deferred: Deferred) -> Arc<str> {
    let why = match deferred.reason() {
        deferred::Reason::ResourceConfigUnknown => "its provider needs arguments that are not known yet",
        deferred::Reason::ProviderConfigUnknown => "its provider's configuration is not known yet",
        deferred::Reason::AbsentPrereq => "its provider needs something that is not there yet",
        deferred::Reason::Unknown => "its provider wants to know more first",
    };
    why.into()
}

/// The error that says that what was asked for has to wait, if it has.
pub(crate) fn unless_deferred(deferred: Option<Deferred>) -> Result<(), Vec<Fault>> {
    deferred.map_or(Ok(()), |deferred| Err(vec![Fault::deferred(&*deferral(deferred))]))
}
