//! `weir metadata functions`

use serde_json::{Map, Value as Json, json};
use weir_eval::function::{self, Function, Parameter};
use weir_value::Type;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};

/// The signatures of all functions
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// As JSON; there is no other form
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        if !self.json {
            return Err(Failure::error("The -json option is needed", "The signatures of functions are for other programs: use weir metadata functions -json."));
        }
        let mut signatures = Map::new();
        for name in function::names() {
            let signature = function::lookup(name).map_or_else(|| special(name), signature);
            signatures.insert(format!("core::{name}"), signature.clone());
            signatures.insert(name.to_owned(), signature);
        }
        context.out.line(json!({ "format_version": "1.0", "function_signatures": signatures }).to_string());
        Ok(Exit::DONE)
    }
}

fn signature(function: &Function) -> Json {
    let mut signature = json!({ "return_type": shown(&function.return_type()) });
    if !function.parameters.is_empty() {
        signature["parameters"] = function.parameters.iter().map(parameter).collect();
    }
    if let Some(variadic) = &function.variadic {
        signature["variadic_parameter"] = parameter(variadic);
    }
    signature
}

fn parameter(parameter: &Parameter) -> Json {
    let mut entry = json!({ "name": parameter.name, "type": shown(&(parameter.ty)()) });
    if parameter.null {
        entry["is_nullable"] = json!(true);
    }
    entry
}

/// Those that see the expression instead of its value.
fn special(name: &str) -> Json {
    let expression = |name: &str| json!({ "name": name, "type": "dynamic" });
    match name {
        "can" => json!({ "return_type": "bool", "parameters": [expression("expression")] }),
        "convert" => json!({ "return_type": "dynamic", "parameters": [expression("value"), expression("type")] }),
        _ => json!({ "return_type": "dynamic", "variadic_parameter": expression("expressions") }),
    }
}

fn shown(ty: &Type) -> Json {
    serde_json::from_str(&ty.to_json()).unwrap_or(Json::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, signature: &Json) -> String {
        let ty = |ty: &Json| Type::from_json(&ty.to_string()).unwrap().to_string();
        let parameter = |entry: &Json| format!("{}: {}{}", entry["name"].as_str().unwrap(), ty(&entry["type"]), if entry["is_nullable"] == true { "?" } else { "" });
        let mut parameters: Vec<String> = signature["parameters"].as_array().into_iter().flatten().map(parameter).collect();
        parameters.extend(signature.get("variadic_parameter").map(|entry| format!("...{}", parameter(entry))));
        format!("{name}({}) {}", parameters.join(", "), ty(&signature["return_type"]))
    }

    /// `signatures.txt` holds what the incumbent says of the functions that both have. A result may be told more exactly.
    #[test]
    fn signatures_are_the_incumbents() {
        let mut wrong = Vec::new();
        for expected in include_str!("signatures.txt").lines() {
            let name = expected.split('(').next().unwrap();
            let found = function::lookup(name).map_or_else(|| special(name), signature);
            let found = line(name, &found);
            let agrees = expected.strip_suffix(" any").is_some_and(|expected| found.starts_with(&format!("{expected} ")));
            if found != expected && !agrees {
                wrong.push(format!("expected {expected}\nfound    {found}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
