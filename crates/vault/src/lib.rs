//! The native provider `vault`, for HashiCorp Vault and OpenBao.
//!
//! - Resource types with the schemas of hashicorp/vault 4.4: one file each in `resource/` (data sources in `data/`). Beyond them `vault_pki_secret_backend_config_ca` takes its bundle also as the write-only
//!   argument `pem_bundle_wo`.
//! - [`operator`]: what the people who run a server do: its health, its initialisation, its Raft cluster, snapshots, and plain reads and writes.
//! - One request layer below both ([`Http`]): TLS always verified, a server name other than the address's host, namespaces, and patience with a server that restarts or elects a leader.
//!
//! It imports no engine crate but `provider`, and no Vault client library: those known either lack the Raft and system calls, fail on OpenBao's answers, or cannot send a call again.
//!
//! What it is not: a secret store's front end. It reads no secrets into a state but those that hashicorp/vault's schemas put there.

mod client;
mod connection;
mod duration;
mod error;
mod fields;
mod http;
pub mod operator;
mod provider;
mod secret;
mod signed;
mod stored;

weir_provider::list_types! { mod resource in "src/resource": weir_provider::native::ErasedResource<crate::client::Client> = erase_resource }
weir_provider::list_types! { mod data in "src/data": weir_provider::native::ErasedData<crate::client::Client> = erase_data }

pub use client::Client;
pub use connection::{Connection, DEFAULT_RETRIES};
pub use error::Error;
pub use http::{Call, Http};
pub use provider::Vault;
pub use secret::Secret;
