//! The `timeouts` block.

/// Defines the `timeouts` block of a type: `timeouts!(create, update, delete);` makes a struct `Timeouts` with those limits.
macro_rules! timeouts {
    ($($operation:ident),+) => {
        /// Time limits of operations.
        #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, weir_provider::Schema)]
        #[serde(default)]
        pub(crate) struct Timeouts {
            $(
                #[doc = concat!("How long to wait in a ", stringify!($operation), ", as `30m`.")]
                #[schema(optional)]
                pub(crate) $operation: Option<String>,
            )+
        }
    };
}
pub(crate) use timeouts;
