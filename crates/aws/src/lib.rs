//! The native AWS provider.
//!
//! Each type is a file: `resource/vpc.rs` *is* `aws_vpc`, `data/region.rs` is `data "aws_region"`, `ephemeral/…` likewise. Schemas are those of hashicorp/aws
//! 5.100, attribute by attribute (a test compares them), so that a state written by either is accepted by the other.
//!
//! What it is *not*: an engine: it knows nothing of configurations, graphs or states. The AWS SDK stays in here, so [`bucket`] and [`operator`] are here too.
//!
//! # How to add a resource type
//!
//! Write one file, `src/resource/NAME.rs`, with a struct `Name` in camel case; the folder is listed by a macro, so nothing else is touched. `resource/vpc.rs` shows every part:
//!
//! 1. A doc paragraph with an example in HCL.
//! 2. `#[derive(Schema)] #[serde(default)] #[schema(name = "aws_name", version = N)] struct Name { … }`: one field per attribute and block of
//!    `testdata/aws-5.100.0.json`, with its flags; `force_new` and `default` are not in that file but in the provider's public documentation. Field types: `Option<String>`, `Option<i64>`,
//!    `Option<bool>`; a collection that can be unset and is not computed is an `Option<Vec<_>>` or `Option<BTreeMap<_, _>>`, because an empty one is not the same as none; nested blocks are `Vec<_>`;
//!    `tags` and `tags_all` are `tags::Tags`; the `timeouts` block is made by `timeouts!(create, delete)`.
//! 3. `impl Resource`: `plan` begins with `plan::base(client, plan)`; `create` calls `operation.created(…)` as soon as the object has an id, before it waits or calls anything else;
//!    `read` finds the object through `Client::batch` so that many reads are one call; `delete` is content when there is nothing to delete.
//! 4. Every call ends in `.send().await.api("service:Operation")`, which makes an `api::ApiError` that `?` turns into a `Fault` with code, advice and request id.
//! 5. Waiting is `wait::until`, eventual consistency `wait::appear` and `wait::retry`; nothing sleeps blindly.
//! 6. A creation can be found again after a crash: by the API's client token when there is one (give it `operation.token`), by a marker tag (`client.new_tags(…)`, `MARKED = true`, `marker::find` in
//!    `recover`), or by its name.
//! 7. Its tests, through `harness::Lifecycle`, which puts the type through everything that an engine does with it.
//!
//! A further service is one line in `Cargo.toml` and one in `client.rs`.

mod acl_entries;
mod api;
mod assume;
mod batch;
pub mod bucket;
#[cfg(test)]
mod budget;
mod cidr;
mod client;
mod config;
mod connect;
mod duration;
mod elb;
mod endpoint;
#[cfg(test)]
mod faults;
mod functions;
mod group_capacity;
mod group_form;
mod group_parts;
mod group_refresh;
mod group_settings;
mod group_template;
#[cfg(test)]
mod harness;
mod iam_listing;
mod instance_launch;
mod instance_parts;
mod instance_requirements;
mod instance_update;
#[cfg(test)]
mod interchange;
mod json;
mod keep;
mod launch_data;
mod listener_action;
mod marker;
#[cfg(test)]
mod mock;
mod name;
mod once;
pub mod operator;
mod partition;
mod pgp;
mod plan;
#[cfg(test)]
mod proxy;
mod query;
mod ranges;
mod requirements;
mod rule_resource;
mod s3_grantee;
mod s3_inline;
#[cfg(test)]
mod schema_test;
mod security_rules;
mod ssm_tags;
mod tags;
mod throttle;
mod timeouts;
mod unset;
mod view;
mod wait;
mod wire;

use std::sync::Arc;

use weir_provider::native::{Native, NativeProvider, Registry};
use weir_provider::{Fault, Provider, SessionRequest, list_types};

pub(crate) use client::Client;
use config::Config;

list_types! { mod resource in "src/resource": weir_provider::native::ErasedResource<crate::Client> = erase_resource }
list_types! { mod data in "src/data": weir_provider::native::ErasedData<crate::Client> = erase_data }
list_types! { mod ephemeral in "src/ephemeral": weir_provider::native::ErasedEphemeral<crate::Client> = erase_ephemeral }

struct Aws;

impl NativeProvider for Aws {
    type Config = Config;
    type Client = Client;

    fn registry() -> Registry<Client> {
        Registry { resources: resource::all(), data_sources: data::all(), ephemeral: ephemeral::all(), functions: functions::all() }
    }

    async fn connect(config: Config, request: &SessionRequest) -> Result<Client, Vec<Fault>> {
        Client::connect(config, request).await
    }
}

/// The provider `aws`.
pub fn provider() -> Arc<dyn Provider> {
    Arc::new(Native::<Aws>::new())
}
