//! What providers that need no configuration have in common.

use serde::{Deserialize, Serialize};
use weir_provider::Schema;
use weir_provider::native::NativeClient;

/// A provider block without arguments.
#[derive(Clone, Default, Schema, Serialize, Deserialize)]
#[schema(name = "")]
pub(crate) struct NoConfig {}

/// A provider without a connection.
pub(crate) struct NoClient;

impl NativeClient for NoClient {}

/// Defines a native provider that needs no configuration: `unconfigured! { Random: resources resource::all(), … }`.
macro_rules! unconfigured {
    ($(#[$doc:meta])* $provider:ident {
        resources: $resources:expr, data_sources: $data:expr, ephemeral: $ephemeral:expr, functions: $functions:expr $(,)?
    }) => {
        $(#[$doc])*
        pub(crate) struct $provider;

        impl ::weir_provider::native::NativeProvider for $provider {
            type Config = crate::unconfigured::NoConfig;
            type Client = crate::unconfigured::NoClient;

            fn registry() -> ::weir_provider::native::Registry<Self::Client> {
                ::weir_provider::native::Registry {
                    resources: $resources,
                    data_sources: $data,
                    ephemeral: $ephemeral,
                    functions: $functions,
                }
            }

            async fn connect(
                _: Self::Config,
                _: &::weir_provider::SessionRequest,
            ) -> Result<Self::Client, Vec<::weir_provider::Fault>> {
                Ok(crate::unconfigured::NoClient)
            }
        }
    };
}

/// The later life of a resource that exists in the state only: reading gives what is there, an update keeps what was planned, deleting forgets.
macro_rules! remembered {
    () => {
        async fn read(_: &Self::Client, prior: Self) -> Result<Option<Self>, ::weir_provider::Fault> {
            Ok(Some(prior))
        }
        remembered!(change);
    };
    (change) => {
        async fn update(_: &Self::Client, _: Self, planned: Self, _: &::weir_provider::native::Operation<'_>) -> Result<Self, ::weir_provider::Fault> {
            Ok(planned)
        }
        async fn delete(_: &Self::Client, _: Self, _: &::weir_provider::native::Operation<'_>) -> Result<(), ::weir_provider::Fault> {
            Ok(())
        }
    };
}

pub(crate) use {remembered, unconfigured};
