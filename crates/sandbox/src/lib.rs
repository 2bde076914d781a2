//! An AWS and a Vault to try a stack on, offline from the cloud: what `weir sandbox` runs.
//!
//! A [`Sandbox`] is
//! - an emulated AWS API (moto, in memory), with repairs of the gaps that stacks would fall into;
//! - the instances of its autoscaling groups, *played*: for every instance in service whose user data holds
//!   `/etc/vault.d/vault.hcl` a real OpenBao server runs on loopback, from that configuration. Addresses, ports, paths,
//!   `retry_join` and the seal's endpoint are adapted, the syslog audit device is dropped, all else is as rendered. Its TLS
//!   key and certificate come from the emulated Secrets Manager (`TLS_SECRET_ID` of `/etc/vault.d/node.env`), its seal is
//!   the emulated KMS. A node ends and is wiped with its instance, and is started again when it crashes;
//! - the load balancer before them: one loopback port ([`Sandbox::vault_address`]), to the active node if there is one.
//!
//! The emulators are Python packages. On first use they are installed into a virtual environment in the cache folder,
//! pinned and checked by hash; that is the only time the network is used.
//!
//! Nothing that a sandbox starts outlives the process that started it, not even if that is killed.
//!
//! ```no_run
//! # async fn example() -> Result<(), weir_sandbox::Error> {
//! use weir_sandbox::{Options, Sandbox};
//!
//! let options = Options::new("/var/cache/weir", "/tmp/weir-sandbox");
//! let sandbox = Sandbox::start(options, |progress| tracing::info!("{progress}")).await?;
//! let mut command = tokio::process::Command::new("weir");
//! command.arg("apply").envs(sandbox.env());
//! // Takes out the user's own AWS_* and VAULT_* variables: `sandbox.hides(name)`.
//! let _ = command.status().await;
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! [`DevVault`] is a single server without all that, for tests.
//!
//! What it is not: a provider (it imports no other crate of the workspace, nor an AWS SDK), nor a place for data: all
//! of it is gone when it stops.

mod api;
mod balancer;
mod configuration;
mod dev_vault;
mod emulator;
mod error;
mod groups;
mod install;
mod keeper;
mod node;
mod player;
mod probe;
mod progress;
mod roster;
mod sandbox;
mod user_data;

pub use dev_vault::{DevTls, DevVault};
pub use error::Error;
pub use progress::Progress;
pub use roster::{Health, Node};
pub use sandbox::{Options, Sandbox};
