//! `terraform_data`: a value that lives in the state.
//!
//! ```hcl
//! resource "terraform_data" "generation" {
//!   input            = var.release
//!   triggers_replace = [aws_launch_template.node.latest_version]
//! }
//! ```
//!
//! Its attributes have whatever type they are given, and stacks have many of them: it works on values, not through a typed struct.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use weir_provider::native::ErasedResource;
use weir_provider::{Applied, ApplyRequest, Attribute, Block, Fault, PlanRequest, Planned, Schema};
use weir_value::{Path, Type, Value};

use crate::local::Files;

static ID: LazyLock<Arc<str>> = LazyLock::new(|| "id".into());
static INPUT: LazyLock<Arc<str>> = LazyLock::new(|| "input".into());
static OUTPUT: LazyLock<Arc<str>> = LazyLock::new(|| "output".into());
static TRIGGERS: LazyLock<Arc<str>> = LazyLock::new(|| "triggers_replace".into());

/// The type.
pub(crate) struct TerraformData {
    schema: Arc<Schema>,
}

impl TerraformData {
    /// The type with its schema.
    pub(crate) fn new() -> Self {
        let any = |description| Attribute { description, ..Attribute::optional(Type::Dynamic) };
        let computed = |ty, description| Attribute { description, optional: false, computed: true, ..Attribute::optional(ty) };
        let attributes = [
            (ID.clone(), computed(Type::String, "A UUID made at creation.")),
            (INPUT.clone(), any("A value that is stored and given out as `output`.")),
            (OUTPUT.clone(), computed(Type::Dynamic, "The value of `input` as it was applied.")),
            (TRIGGERS.clone(), any("A value whose change replaces the object.")),
        ];
        let block = Block { attributes: attributes.into(), blocks: BTreeMap::new(), description: "A value that lives in the state." };
        Self { schema: Arc::new(Schema::new(0, block).mirroring("output", "input")) }
    }
}

fn get<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    if let Value::Object(entries) = object { entries.get(name) } else { None }
}

fn or_null(value: Option<&Value>) -> Value {
    value.cloned().unwrap_or_else(Value::null)
}

/// Null is null, of whatever type.
fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || a.is_null() && b.is_null(),
        (Some(one), None) | (None, Some(one)) => one.is_null(),
        (None, None) => true,
    }
}

fn object(id: Value, input: Value, output: Value, triggers: Value) -> Value {
    Value::Object(Arc::new(BTreeMap::from([(ID.clone(), id), (INPUT.clone(), input), (OUTPUT.clone(), output), (TRIGGERS.clone(), triggers)])))
}

#[async_trait]
impl ErasedResource<Files> for TerraformData {
    fn name(&self) -> &'static str {
        "terraform_data"
    }
    fn schema(&self) -> Arc<Schema> {
        self.schema.clone()
    }
    fn is_local(&self) -> bool {
        true
    }
    fn is_marked(&self) -> bool {
        false
    }
    fn validate(&self, _: &Value) -> Vec<Fault> {
        Vec::new()
    }

    fn plan(&self, _: &Files, request: &PlanRequest<'_>) -> Result<Planned, Fault> {
        let (input, triggers) = (or_null(get(request.config, "input")), or_null(get(request.config, "triggers_replace")));
        let mut requires_replace = Vec::new();
        let (id, output) = match request.prior {
            None => (Value::unknown_not_null(Type::String), if input.is_null() { Value::null() } else { Value::unknown(input.ty()) }),
            Some(prior) => {
                if !same(get(prior, "triggers_replace"), Some(&triggers)) {
                    requires_replace.push(Path::attr(TRIGGERS.clone()));
                }
                let output = if same(get(prior, "input"), Some(&input)) {
                    or_null(get(prior, "output"))
                } else if input.is_null() {
                    Value::null()
                } else {
                    Value::unknown(input.ty())
                };
                (or_null(get(prior, "id")), output)
            }
        };
        Ok(Planned { state: object(id, input, output, triggers), requires_replace, private: None, deferred: None, warnings: Vec::new() })
    }

    async fn read(&self, _: &Files, prior: &Value) -> Result<Option<Value>, Fault> {
        Ok(Some(prior.clone()))
    }

    async fn apply(&self, _: &Files, request: ApplyRequest<'_>) -> Applied {
        let state = request.planned.map(|planned| {
            let id = match get(planned, "id") {
                Some(id @ Value::String(_)) => id.clone(),
                _ => Value::String(uuid::Uuid::new_v4().to_string().into()),
            };
            let input = or_null(get(planned, "input"));
            object(id, input.clone(), input, or_null(get(planned, "triggers_replace")))
        });
        Applied { state, faults: Vec::new(), private: None }
    }

    async fn import(&self, _: &Files, id: &str) -> Result<Value, Fault> {
        Ok(object(Value::from(id), Value::null(), Value::null(), Value::null()))
    }

    async fn recover(&self, _: &Files, _: &Value, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{World, text};
    use crate::terraform::Terraform;

    const TYPE: &str = "terraform_data";

    fn config(input: Value, triggers: Value) -> Value {
        object(Value::null(), input, Value::null(), triggers)
    }

    #[tokio::test]
    async fn lifecycle() {
        let world = World::new::<Terraform>().await;
        let first = config(Value::tuple([Value::from(1), Value::from("a")]), Value::null());
        let planned = world.plan(TYPE, None, &first).await.state;
        assert_eq!(planned.get("output"), Some(Value::unknown(first.get("input").unwrap().ty())));
        let state = world.apply(TYPE, None, Some(&planned), Some(&first)).await.unwrap().unwrap();
        assert_eq!((state.get("output"), text(&state, "id").len()), (first.get("input"), 36));
        assert_eq!(world.plan(TYPE, Some(&state), &first).await.state, state);

        let second = config(Value::from(true), Value::null());
        let planned = world.plan(TYPE, Some(&state), &second).await;
        assert_eq!((planned.state.get("output"), planned.requires_replace), (Some(Value::unknown(Type::Bool)), Vec::new()));
        let updated = world.apply(TYPE, Some(&state), Some(&planned.state), Some(&second)).await.unwrap().unwrap();
        assert_eq!((updated.get("id"), updated.get("output")), (state.get("id"), Some(Value::from(true))));

        let third = config(Value::from(true), Value::from("x"));
        assert_eq!(world.plan(TYPE, Some(&updated), &third).await.requires_replace, [Path::attr("triggers_replace")]);
        assert_eq!(text(&world.import(TYPE, "an-id").await, "id"), "an-id");
        world.delete(TYPE, &updated).await;
    }

    #[tokio::test]
    async fn unknown_input_gives_unknown_output() {
        let world = World::new::<Terraform>().await;
        let config = config(Value::unknown(Type::String), Value::null());
        assert_eq!(world.plan(TYPE, None, &config).await.state.get("output"), Some(Value::unknown(Type::String)));
    }
}
