//! `data "terraform_remote_state"`: the outputs of another stack, from its state.
//!
//! ```hcl
//! data "terraform_remote_state" "network" {
//!   backend = "local"
//!   config  = { path = "../network/terraform.tfstate" }
//! }
//! ```
//!
//! The outputs have whatever types they have: it works on values, not through a typed struct.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::value::RawValue;
use weir_provider::native::ErasedData;
use weir_provider::{Attribute, Block, Fault, Schema};
use weir_value::{Marks, Path, Type, Value, decode_json};

use crate::local::Files;

/// The data source.
pub(crate) struct RemoteState {
    schema: Arc<Schema>,
}

impl RemoteState {
    /// The data source with its schema.
    pub(crate) fn new() -> Self {
        let optional = |ty, description| Attribute { description, ..Attribute::optional(ty) };
        let attributes = [
            ("backend", Attribute { required: true, optional: false, ..optional(Type::String, "Where the state is kept: `local`.") }),
            ("config", optional(Type::Dynamic, "The backend's arguments: `path` and `workspace_dir`.")),
            ("defaults", optional(Type::Dynamic, "Outputs for when the state does not have them.")),
            ("workspace", optional(Type::String, "The workspace; `default` when not given.")),
            ("outputs", Attribute { optional: false, computed: true, ..optional(Type::Dynamic, "The outputs of the root module.") }),
        ];
        let attributes = attributes.into_iter().map(|(name, attribute)| (name.into(), attribute)).collect();
        Self { schema: Arc::new(Schema::new(0, Block { attributes, blocks: BTreeMap::new(), description: "The outputs of another stack." })) }
    }
}

/// What is needed of a state file of format 4.
#[derive(Deserialize)]
struct StateFile<'a> {
    version: u64,
    #[serde(borrow, default)]
    outputs: BTreeMap<&'a str, OutputEntry<'a>>,
}

#[derive(Deserialize)]
struct OutputEntry<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(borrow, rename = "type")]
    ty: &'a RawValue,
    #[serde(default)]
    sensitive: bool,
}

fn text(object: &Value, name: &str) -> Result<Option<String>, Fault> {
    match object.get(name) {
        None | Some(Value::Null(_)) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_string())),
        Some(other) => Err(Fault::attribute(Path::attr("config"), "Invalid backend configuration", format!("\"{name}\" must be a string, and it is {}.", other.ty()))),
    }
}

/// The file that the arguments of the backend `local` lead to.
fn file(files: &Files, config: &Value, workspace: Option<&str>) -> Result<PathBuf, Fault> {
    if let Value::Object(entries) | Value::Map(_, entries) = config {
        if let Some(unknown) = entries.keys().find(|name| !matches!(&***name, "path" | "workspace_dir")) {
            let detail = format!("The backend \"local\" has no argument named \"{unknown}\": it takes path and workspace_dir.");
            return Err(Fault::attribute(Path::attr("config"), "Invalid backend configuration", detail));
        }
    } else if !config.is_null() {
        return Err(Fault::attribute(Path::attr("config"), "Invalid backend configuration", "The configuration must be an object."));
    }
    let path = text(config, "path")?.unwrap_or_else(|| "terraform.tfstate".to_owned());
    Ok(match workspace {
        None | Some("default") => files.path(&path),
        Some(workspace) => {
            let dir = text(config, "workspace_dir")?.unwrap_or_else(|| "terraform.tfstate.d".to_owned());
            files.path(&dir).join(workspace).join("terraform.tfstate")
        }
    })
}

/// The outputs that the text of a state has. Those that are sensitive there are so here.
fn outputs(content: &str) -> Result<BTreeMap<Arc<str>, Value>, String> {
    let state: StateFile<'_> = serde_json::from_str(content).map_err(|error| error.to_string())?;
    if state.version != 4 {
        return Err(format!("it has version {} of the format, and version 4 is needed", state.version));
    }
    let decode = |(name, output): (&str, OutputEntry<'_>)| {
        let ty = Type::from_json(output.ty.get()).map_err(|error| format!("the type of output \"{name}\": {error}"))?;
        let value = decode_json(output.value.get(), &ty).map_err(|error| format!("output \"{name}\": {error}"))?;
        Ok((name.into(), if output.sensitive { value.with_marks(Marks::SENSITIVE) } else { value }))
    };
    state.outputs.into_iter().map(decode).collect()
}

#[async_trait]
impl ErasedData<Files> for RemoteState {
    fn name(&self) -> &'static str {
        "terraform_remote_state"
    }
    fn schema(&self) -> Arc<Schema> {
        self.schema.clone()
    }
    fn validate(&self, config: &Value) -> Vec<Fault> {
        let Some(Value::String(backend)) = config.get("backend") else { return Vec::new() };
        if &*backend == "local" {
            return Vec::new();
        }
        let detail = format!(
            "States kept by \"{backend}\" cannot be read: only \"local\" can. Fetch the state into a file first, or hand the values on in another way, such as aws_ssm_parameter."
        );
        vec![Fault::attribute(Path::attr("backend"), "Unsupported backend", detail)]
    }
    fn is_offline(&self) -> bool {
        true
    }

    async fn read(&self, files: &Files, config: &Value) -> Result<Value, Fault> {
        let or_null = |name: &str| config.get(name).unwrap_or_else(Value::null);
        let workspace = or_null("workspace");
        let file = file(files, &or_null("config"), workspace.as_str())?;
        let content = match tokio::fs::read_to_string(&file).await {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let detail = format!("No stored state was found for the given workspace in the given backend: there is no file {}.", file.display());
                return Err(Fault::error("Unable to find remote state", detail));
            }
            Err(error) => return Err(Fault::error("Unable to read remote state", format!("{}: {error}.", file.display()))),
        };
        let mut all = match or_null("defaults") {
            Value::Object(entries) | Value::Map(_, entries) => (*entries).clone(),
            Value::Null(_) => BTreeMap::new(),
            other => {
                return Err(Fault::attribute(
                    Path::attr("defaults"),
                    "Invalid default values",
                    format!("Defaults must be given in an object, and this is {}.", other.ty()),
                ));
            }
        };
        all.extend(outputs(&content).map_err(|error| Fault::error("Unable to read remote state", format!("{}: {error}.", file.display())))?);
        Ok(Value::object([
            ("backend", or_null("backend")),
            ("config", or_null("config")),
            ("defaults", or_null("defaults")),
            ("workspace", workspace),
            ("outputs", Value::Object(Arc::new(all))),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::World;
    use crate::terraform::Terraform;

    const STATE: &str = r#"{"version": 4, "outputs": {"a": {"value": [1], "type": ["list", "number"]}, "s": {"value": "x", "type": "string", "sensitive": true}}}"#;

    fn config(config: Value, workspace: Value, defaults: Value) -> Value {
        Value::object([("backend", Value::from("local")), ("config", config), ("defaults", defaults), ("workspace", workspace), ("outputs", Value::null())])
    }

    #[tokio::test]
    async fn reads_outputs_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.tfstate"), STATE).unwrap();
        std::fs::create_dir_all(folder.path().join("terraform.tfstate.d/prod")).unwrap();
        std::fs::write(folder.path().join("terraform.tfstate.d/prod/terraform.tfstate"), r#"{"version":4}"#).unwrap();
        let world = World::at::<Terraform>(folder.path()).await;
        let path = Value::object([("path", Value::from("x.tfstate"))]);
        let defaults = Value::object([("a", Value::from(1)), ("b", Value::from(2))]);
        let read = world.data_value("terraform_remote_state", &config(path.clone(), Value::null(), defaults.clone())).await.unwrap();
        let outputs = read.get("outputs").unwrap();
        assert_eq!(outputs.get("a"), Some(Value::list(Type::Number, [Value::from(1)])));
        assert_eq!(outputs.get("b"), Some(Value::from(2)));
        assert!(outputs.get("s").unwrap().marks().is_sensitive());
        let read = world.data_value("terraform_remote_state", &config(path, Value::from("prod"), Value::null())).await.unwrap();
        assert_eq!(read.get("outputs"), Some(Value::object::<&str>([])));
    }

    #[tokio::test]
    async fn says_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::at::<Terraform>(folder.path()).await;
        let fault = async |config: Value| world.data_value("terraform_remote_state", &config).await.unwrap_err();
        let path = |name: &str| Value::object([("path", Value::from(name))]);
        assert_eq!(fault(config(path("none"), Value::null(), Value::null())).await.summary, "Unable to find remote state");
        assert!(fault(config(Value::object([("pth", Value::from("x"))]), Value::null(), Value::null())).await.detail.contains("\"pth\""));
        std::fs::write(folder.path().join("old"), r#"{"version": 3}"#).unwrap();
        assert!(fault(config(path("old"), Value::null(), Value::null())).await.detail.contains("version 4"));
        std::fs::write(folder.path().join("cut"), &STATE[..50]).unwrap();
        assert_eq!(fault(config(path("cut"), Value::null(), Value::null())).await.summary, "Unable to read remote state");
    }
}
