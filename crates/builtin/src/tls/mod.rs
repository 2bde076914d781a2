//! `hashicorp/tls`: keys, certificate requests and certificates that stand in the state, and ephemeral keys that do not.

mod outputs;
pub(crate) mod renewal;

use weir_provider::list_types;

list_types! { mod resource in "src/tls/resource": weir_provider::native::ErasedResource<crate::unconfigured::NoClient> = erase_resource }
list_types! { mod data in "src/tls/data": weir_provider::native::ErasedData<crate::unconfigured::NoClient> = erase_data }
list_types! { mod ephemeral in "src/tls/ephemeral": weir_provider::native::ErasedEphemeral<crate::unconfigured::NoClient> = erase_ephemeral }

crate::unconfigured::unconfigured! {
    /// The provider `tls`.
    Tls {
        resources: resource::all(),
        data_sources: data::all(),
        ephemeral: ephemeral::all(),
        functions: Vec::new(),
    }
}
