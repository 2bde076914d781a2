//! The providers that are built into Weir and talk to no account: `terraform_data`, `random`, `tls`, `pki`, `local`, `http`, `cloudinit`, `null`, `time`.
//!
//! Names, schemas and the values kept in the state are those of the well-known providers of the same name (hashicorp/random 3, tls 4, local 2, http 3,
//! cloudinit 2, null 3, time 0.13), so that a state moves between them; `pki` is Weir's own. A provider is a folder, a type is a file in it.
//!
//! [`pki`] is also a library: the offline root, its signatures, and path validation.
//!
//! It is *not* a place for anything that needs an account or a service of its own.

mod cloudinit;
#[cfg(test)]
mod harness;
mod http;
mod local;
mod null;
pub mod pki;
mod random;
mod terraform;
mod time;
mod tls;
mod unconfigured;
mod x509;

use std::sync::Arc;

use weir_provider::Provider;
use weir_provider::native::Native;

/// Every provider of this crate: its source address, the local name it has without a `required_providers` entry, and itself.
pub fn providers() -> Vec<(&'static str, &'static str, Arc<dyn Provider>)> {
    vec![
        ("terraform.io/builtin/terraform", "terraform", Arc::new(Native::<terraform::Terraform>::new())),
        ("registry.terraform.io/hashicorp/random", "random", Arc::new(Native::<random::Random>::new())),
        ("registry.terraform.io/hashicorp/tls", "tls", Arc::new(Native::<tls::Tls>::new())),
        ("registry.terraform.io/hashicorp/local", "local", Arc::new(Native::<local::Local>::new())),
        ("registry.terraform.io/hashicorp/http", "http", Arc::new(Native::<http::Http>::new())),
        ("registry.terraform.io/hashicorp/cloudinit", "cloudinit", Arc::new(Native::<cloudinit::Cloudinit>::new())),
        ("registry.terraform.io/hashicorp/null", "null", Arc::new(Native::<null::Null>::new())),
        ("registry.terraform.io/hashicorp/time", "time", Arc::new(Native::<time::Time>::new())),
        ("registry.terraform.io/weir/pki", "pki", Arc::new(Native::<pki::Pki>::new())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_belongs_to_its_provider_and_is_described() {
        for (source, name, provider) in providers() {
            assert!(source.split('/').count() == 3 && source.ends_with(name));
            let schema = provider.schema();
            let types = schema.resources.iter().chain(&schema.data_sources).chain(&schema.ephemeral);
            for (type_name, schema) in types {
                assert!(type_name.split('_').next() == Some(name), "{type_name} in {name}");
                assert!(
                    !schema.block.description.is_empty() && schema.block.attributes.contains_key("id")
                        || type_name.contains("private_key")
                        || &**type_name == "terraform_remote_state",
                    "{type_name}"
                );
                for (attribute, described) in &schema.block.attributes {
                    assert!(!described.description.is_empty(), "{type_name}.{attribute}");
                }
            }
        }
    }
}
