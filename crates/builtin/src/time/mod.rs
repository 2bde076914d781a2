//! `hashicorp/time`: points in time that stand in the state, and waiting.

mod clock;

use weir_provider::list_types;

list_types! { mod resource in "src/time/resource": weir_provider::native::ErasedResource<crate::unconfigured::NoClient> = erase_resource }

crate::unconfigured::unconfigured! {
    /// The provider `time`.
    Time {
        resources: resource::all(),
        data_sources: Vec::new(),
        ephemeral: Vec::new(),
        functions: Vec::new(),
    }
}
