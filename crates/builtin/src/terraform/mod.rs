//! `terraform.io/builtin/terraform`: `terraform_data`, `terraform_remote_state` and the functions that write HCL.

mod data;
mod decode;
mod encode;
mod remote_state;

use weir_provider::native::{NativeFunction, NativeProvider, Registry};
use weir_provider::{Fault, FunctionSchema, Parameter, SessionRequest};
use weir_value::Type;

use crate::local::Files;

/// The provider `terraform`.
pub(crate) struct Terraform;

impl NativeProvider for Terraform {
    type Config = crate::unconfigured::NoConfig;
    type Client = Files;

    fn registry() -> Registry<Files> {
        Registry {
            resources: vec![Box::new(data::TerraformData::new())],
            data_sources: vec![Box::new(remote_state::RemoteState::new())],
            ephemeral: Vec::new(),
            functions: functions(),
        }
    }

    async fn connect(_: Self::Config, request: &SessionRequest) -> Result<Files, Vec<Fault>> {
        Ok(Files::of(request))
    }
}

fn functions() -> Vec<NativeFunction> {
    let function = |name, summary, parameter, ty, allow_null, returns, call| NativeFunction {
        schema: FunctionSchema { name, summary, parameters: vec![Parameter { name: parameter, ty, allow_null }], variadic: None, returns },
        call,
    };
    vec![
        function("encode_expr", "The value as an HCL expression.", "value", Type::Dynamic, true, Type::String, encode::encode_expr),
        function("encode_tfvars", "The object as the text of a .tfvars file.", "value", Type::Dynamic, false, Type::String, encode::encode_tfvars),
        function("decode_tfvars", "The variables of a .tfvars file.", "src", Type::String, false, Type::Dynamic, decode::decode_tfvars),
    ]
}
