//! `weir state show`

use weir_addr::{InstanceAddr, Mode, Target};
use weir_state::{Record, ResourceState, Status};
use weir_value::{Marks, Path, Value, decode_json_untyped};

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::providers;
use crate::stored::{self, StateFlags};
use crate::view::object;

/// Show the attributes of one object
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: StateFlags,
    address: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let state = self.state.read_existing(context)?;
        let none = |hint: &str| {
            let detail = format!("The state has no object {}{hint}. To see what there is, use \"weir state list\".", self.address);
            Failure::error("No instance found for the given address", detail)
        };
        let addr = match stored::target(&self.address)? {
            Target::Instance(addr) => addr,
            Target::Resource(resource) => InstanceAddr { resource, key: None },
            Target::Module(_) | Target::Stage(_) => return Err(none(", as that is not the address of one object")),
        };
        let (Some(resource), Some(record)) = (state.resources.get(&addr.resource), state.record(&addr)) else {
            let keyed = state.resources.contains_key(&addr.resource);
            return Err(none(if keyed { ": the resource has several, each with a key" } else { "" }));
        };
        let tainted = if record.status == Status::Tainted { " (tainted)" } else { "" };
        context.out.line(format!("# {addr}:{tainted}"));
        let word = if addr.resource.mode == Mode::Data { "data" } else { "resource" };
        let value = value(&addr, resource, record)?;
        context.out.text(object::block(&format!("{word} \"{}\" \"{}\"", addr.resource.type_, addr.resource.name), &value));
        Ok(Exit::DONE)
    }
}

/// The attributes, what is sensitive marked. Of a type that no provider here has, only what the state itself calls sensitive.
pub(crate) fn value(addr: &InstanceAddr, resource: &ResourceState, record: &Record) -> Result<Value, Failure> {
    let wrong = |error: weir_value::JsonError| Failure::error("Cannot read an object of the state", format!("{addr}: {error}."));
    let schema = providers::find(&resource.provider.provider).map(|provider| provider.schema());
    let types = schema.as_ref().map(|schema| if addr.resource.mode == Mode::Data { &schema.data_sources } else { &schema.resources });
    let Some(schema) = types.and_then(|types| types.get(&addr.resource.type_)) else {
        let value = decode_json_untyped(record.attributes.as_str()).map_err(wrong)?;
        return Ok(mark(&value, &record.sensitive_paths));
    };
    let value = record.value(schema.ty()).map_err(wrong)?;
    let paths = schema.block.sensitive_paths(&value);
    Ok(mark(&value, &paths))
}

fn mark(value: &Value, paths: &[Path]) -> Value {
    if paths.is_empty() {
        return value.clone();
    }
    value.transform(&mut |path, value| if paths.contains(path) { value.with_marks(Marks::SENSITIVE) } else { value })
}
