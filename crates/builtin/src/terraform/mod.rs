//! `terraform.io/builtin/terraform`: `terraform_data` and the functions that write HCL.

mod data;
mod decode;
mod encode;

use weir_provider::native::NativeFunction;
use weir_provider::{FunctionSchema, Parameter};
use weir_value::Type;

crate::unconfigured::unconfigured! {
    /// The provider `terraform`.
    Terraform {
        resources: vec![Box::new(data::TerraformData::new())],
        data_sources: Vec::new(),
        ephemeral: Vec::new(),
        functions: functions(),
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
