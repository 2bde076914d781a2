//! The macros of `weir-provider`: `#[derive(Schema)]` and `list_types!`. Use them through that crate.

mod list;
mod schema;

use proc_macro::TokenStream;

/// Derives the schema of a type from a struct: each field is an attribute or block, its doc comment the attribute's description.
///
/// On the struct: `#[schema(name = "aws_vpc", version = 1)]`; without a name it is the shape of a nested block or object.
///
/// On a field: `required`, `optional`, `computed`, `force_new`, `sensitive`, `write_only`, `default = LITERAL`, `deprecated = "why"`, `set` (a `Vec` is a set),
/// `block` (a nested block; `Option<T>` single, `Vec<T>` list or with `set` a set, map by label), `min = N`, `max = N`, `ty = EXPR` (the type, where the field's Rust type does not say
/// it). The struct must also derive `Default`, `Serialize` and `Deserialize` with `#[serde(default)]`.
#[proc_macro_derive(Schema, attributes(schema))]
pub fn derive_schema(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    schema::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// `list_types! { mod resource in "src/resource": ErasedResource<Client> = erase_resource }` makes a module of each file of the folder and a function `resource::all()` that erases the type
/// that each file holds: `nat_gateway.rs` must define `NatGateway`. The crate's build script must print `cargo::rerun-if-changed=src/resource`.
#[proc_macro]
pub fn list_types(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as list::Input);
    list::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
