//! [`State`] to state files, version 4: members in the incumbents' order, indented by two spaces, nothing held back in memory.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use weir_addr::{InstanceKey, ResourceAddr};
use weir_value::{Path, PathStep, Type, encode_json_typed};

use crate::json::JsonOut;
use crate::{Extra, OutputValue, RawJson, Record, ResourceState, State, StateError, Status};

impl State {
    /// Writes the state file. `out` is written in small pieces: hand over a buffered writer.
    pub fn write_to(&self, out: impl Write) -> Result<(), StateError> {
        self.write_as(self.serial, out)
    }

    /// The state file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        let mut out = Vec::new();
        self.write_to(&mut out)?;
        Ok(out)
    }

    pub(crate) fn write_as(&self, serial: u64, out: impl Write) -> Result<(), StateError> {
        let mut out = JsonOut::new(out, true);
        out.open("{")?;
        out.key("version")?;
        out.number(4)?;
        out.key("terraform_version")?;
        out.text(&self.terraform_version)?;
        out.key("serial")?;
        out.number(serial)?;
        out.key("lineage")?;
        out.text(&self.lineage)?;
        out.key("outputs")?;
        out.open("{")?;
        for (name, output) in &self.outputs {
            out.key(name)?;
            write_output(&mut out, name, output)?;
        }
        out.close("}")?;
        out.key("resources")?;
        out.open("[")?;
        for (module, addr, resource) in in_file_order(&self.resources) {
            out.item()?;
            write_resource(&mut out, &module, addr, resource)?;
        }
        out.close("]")?;
        out.key("check_results")?;
        out.raw(self.check_results.as_ref().unwrap_or(&RawJson::null()))?;
        write_extra(&mut out, &self.extra)?;
        if !self.weir.is_empty() {
            out.key("weir")?;
            out.raw(&RawJson::of(&self.weir)?)?;
        }
        out.close("}")?;
        out.newline()?;
        out.into_inner().flush()?;
        Ok(())
    }
}

/// The incumbents order resources by the text of the module, then mode, type and name; ours compare modules step by step and keys as numbers.
fn in_file_order(resources: &BTreeMap<ResourceAddr, ResourceState>) -> Vec<(Arc<str>, &ResourceAddr, &ResourceState)> {
    let mut list: Vec<(Arc<str>, &ResourceAddr, &ResourceState)> = Vec::with_capacity(resources.len());
    for (addr, resource) in resources {
        let text = match list.last() {
            Some((text, before, _)) if before.module == addr.module => text.clone(),
            _ => addr.module.to_state_string().into(),
        };
        list.push((text, addr, resource));
    }
    list.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    list
}

fn write_output<W: Write>(out: &mut JsonOut<W>, name: &str, output: &OutputValue) -> Result<(), StateError> {
    let marks = output.value.marks_deep();
    if marks.is_ephemeral() {
        return Err(StateError::Ephemeral { output: name.to_owned() });
    }
    let value = output.value.expose("a state file holds the outputs of its root module");
    let text = encode_json_typed(&value, &output.ty).map_err(|source| StateError::Output { output: name.to_owned(), source })?;
    out.open("{")?;
    out.key("value")?;
    out.compact_text(&text)?;
    out.key("type")?;
    out.compact_text(&output.ty.to_json())?;
    if output.sensitive || marks.is_sensitive() {
        out.key("sensitive")?;
        out.truth(true)?;
    }
    write_extra(out, &output.extra)?;
    out.close("}")?;
    Ok(())
}

fn write_resource<W: Write>(out: &mut JsonOut<W>, module: &str, addr: &ResourceAddr, resource: &ResourceState) -> Result<(), StateError> {
    out.open("{")?;
    if !module.is_empty() {
        out.key("module")?;
        out.text(module)?;
    }
    out.key("mode")?;
    out.text(addr.mode.as_str())?;
    out.key("type")?;
    out.text(&addr.type_)?;
    out.key("name")?;
    out.text(&addr.name)?;
    write_extra(out, &resource.extra)?;
    out.key("provider")?;
    out.text(&resource.provider.to_state_string())?;
    out.key("instances")?;
    out.open("[")?;
    for (key, objects) in &resource.instances {
        if let Some(record) = &objects.current {
            out.item()?;
            write_record(out, key.as_ref(), None, record)?;
        }
        for (deposed, record) in &objects.deposed {
            out.item()?;
            write_record(out, key.as_ref(), Some(deposed), record)?;
        }
    }
    out.close("]")?;
    out.close("}")?;
    Ok(())
}

pub(crate) fn write_record<W: Write>(out: &mut JsonOut<W>, key: Option<&InstanceKey>, deposed: Option<&str>, record: &Record) -> Result<(), StateError> {
    out.open("{")?;
    if let Some(key) = key {
        out.key("index_key")?;
        match key {
            InstanceKey::Int(index) => out.number(*index)?,
            InstanceKey::Str(key) => out.text(key)?,
        }
    }
    if record.status == Status::Tainted {
        out.key("status")?;
        out.text("tainted")?;
    }
    if let Some(deposed) = deposed {
        out.key("deposed")?;
        out.text(deposed)?;
    }
    out.key("schema_version")?;
    out.number(record.schema_version)?;
    if !record.attributes.is_null() {
        out.key("attributes")?;
        out.raw(&record.attributes)?;
    }
    out.key("sensitive_attributes")?;
    out.open("[")?;
    for path in &record.sensitive_paths {
        out.item()?;
        write_path(out, path)?;
    }
    out.close("]")?;
    write_extra(out, &record.extra)?;
    if let Some(private) = &record.private {
        out.key("private")?;
        out.text(private)?;
    }
    if !record.dependencies.is_empty() {
        out.key("dependencies")?;
        out.open("[")?;
        for addr in &*record.dependencies {
            out.item()?;
            out.text(&addr.to_state_string())?;
        }
        out.close("]")?;
    }
    if record.create_before_destroy {
        out.key("create_before_destroy")?;
        out.truth(true)?;
    }
    out.close("}")?;
    Ok(())
}

fn write_path<W: Write>(out: &mut JsonOut<W>, path: &Path) -> Result<(), StateError> {
    out.open("[")?;
    for step in &path.0 {
        out.item()?;
        out.open("{")?;
        out.key("type")?;
        match step {
            PathStep::Attr(name) => {
                out.text("get_attr")?;
                out.key("value")?;
                out.text(name)?;
            }
            PathStep::Index(key) => {
                out.text("index")?;
                out.key("value")?;
                let key = key.expose("a path in a state file may lead through a set");
                let text = encode_json_typed(&key, &Type::Dynamic).map_err(|error| StateError::corrupt(error.to_string()))?;
                out.compact_text(&text)?;
            }
        }
        out.close("}")?;
    }
    out.close("]")?;
    Ok(())
}

fn write_extra<W: Write>(out: &mut JsonOut<W>, extra: &Extra) -> Result<(), StateError> {
    for (name, value) in extra {
        out.key(name)?;
        out.raw(value)?;
    }
    Ok(())
}

/// The form of an instance in a state file, without its key.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        let mut out = JsonOut::new(Vec::new(), false);
        write_record(&mut out, None, None, self).map_err(S::Error::custom)?;
        let text = String::from_utf8(out.into_inner()).map_err(S::Error::custom)?;
        serde_json::from_str::<&serde_json::value::RawValue>(&text).map_err(S::Error::custom)?.serialize(serializer)
    }
}
