//! The providers that are built into Weir and talk to no account: `terraform_data`, `random`, `tls`, `pki`, `local`, `http`, `cloudinit`, `null`, `time`.
//!
//! Names, schemas and the values kept in the state are those of the well-known providers of the same name (hashicorp/random 3, tls 4, local 2, http 3,
//! cloudinit 2, null 3, time 0.13), so that a state moves between them; `pki` is Weir's own. A provider is a folder, a type is a file in it.
//!
//! [`pki`] is also a library: the offline root, its signatures, and path validation.
//!
//! It is *not* a place for anything that needs an account or a service of its own.

#[cfg(test)]
mod harness;
pub mod pki;
mod random;
mod terraform;
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
        ("weir.dev/builtin/pki", "pki", Arc::new(Native::<pki::Pki>::new())),
    ]
}
