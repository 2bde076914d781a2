//! `weir output`

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use weir_diag::{Diagnostic, Sources};
use weir_state::OutputValue;
use weir_value::{Value, encode_json};

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stored::StateFlags;
use crate::view::expression;

/// Show the outputs of the stack, as they were after the last apply
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: StateFlags,
    /// As JSON, sensitive ones included
    #[arg(long)]
    json: bool,
    /// A string, number or bool as it is, without quotes and without a line break
    #[arg(long, requires = "name", conflicts_with = "json")]
    raw: bool,
    /// Only this one, also if it is sensitive
    name: Option<String>,
}

#[derive(Serialize)]
struct OutputJson {
    sensitive: bool,
    #[serde(rename = "type")]
    ty: Box<RawValue>,
    value: Box<RawValue>,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let outputs = self.state.read(context)?.map(|state| state.outputs).unwrap_or_default();
        match &self.name {
            Some(name) => self.one(context, name, &outputs),
            None => self.all(context, &outputs),
        }
    }

    fn one(&self, context: &Context, name: &str, outputs: &BTreeMap<Arc<str>, OutputValue>) -> Outcome {
        let output = outputs.get(name).ok_or_else(|| {
            let near = weir_diag::did_you_mean(name, outputs.keys().map(|name| &**name));
            let detail = format!("The state has no such output.{near} If you recently added it to the configuration, run \"weir apply\": only then it is in the state.");
            Failure::error(format!("Output \"{name}\" not found"), detail)
        })?;
        let value = output.value.expose("the user asked for this output by its name");
        if self.json {
            context.out.line(encode(name, &value)?);
        } else if self.raw {
            context.out.text(raw(name, &value)?);
        } else {
            context.out.line(expression::text(&value));
        }
        Ok(Exit::DONE)
    }

    fn all(&self, context: &Context, outputs: &BTreeMap<Arc<str>, OutputValue>) -> Outcome {
        if self.json {
            let mut all = BTreeMap::new();
            for (name, output) in outputs {
                let value = encode(name, &output.value.expose("-json is for programs, and documented to show everything"))?;
                let json = OutputJson { sensitive: output.sensitive, ty: raw_json(name, output.ty.to_json())?, value: raw_json(name, value)? };
                all.insert(name, json);
            }
            // Through a tree, so that nested text is indented as well.
            let tree = serde_json::to_value(&all).and_then(|tree| serde_json::to_string_pretty(&tree));
            context.out.line(tree.map_err(|error| Failure::error("Cannot write the outputs", format!("{error}.")))?);
            return Ok(Exit::DONE);
        }
        if outputs.is_empty() {
            let detail = "The state has no outputs, or there is no state yet. Declare an output in the configuration and run \"weir apply\".";
            context.report(&Diagnostic::warning("No outputs found", detail).into(), &Sources::new());
        }
        for (name, output) in outputs {
            let text = if output.sensitive { "<sensitive>".to_owned() } else { expression::text(&output.value) };
            context.out.line(format!("{name} = {text}"));
        }
        Ok(Exit::DONE)
    }
}

fn raw(name: &str, value: &Value) -> Result<String, Failure> {
    let detail = match value {
        Value::String(text) => return Ok(text.to_string()),
        Value::Number(number) => return Ok(number.to_string()),
        Value::Bool(truth) => return Ok(truth.to_string()),
        Value::Null(_) => format!("Output \"{name}\" is null, which has no text."),
        other => format!("The -raw option supports strings, numbers and bools, but output \"{name}\" is {}. Use -json.", other.ty()),
    };
    Err(Failure::error("Unsupported value for raw output", detail))
}

fn encode(name: &str, value: &Value) -> Result<String, Failure> {
    encode_json(value).map_err(|error| Failure::error("Cannot write an output", format!("{name}: {error}.")))
}

fn raw_json(name: &str, text: String) -> Result<Box<RawValue>, Failure> {
    RawValue::from_string(text).map_err(|error| Failure::error("Cannot write an output", format!("{name}: {error}.")))
}
