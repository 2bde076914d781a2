//! `hashicorp/random`: values that are made once and kept in the state.

mod characters;
mod source;
mod words;

use weir_provider::list_types;

pub(crate) use source::Source;

list_types! { mod resource in "src/random/resource": weir_provider::native::ErasedResource<crate::unconfigured::NoClient> = erase_resource }

crate::unconfigured::unconfigured! {
    /// The provider `random`.
    Random {
        resources: resource::all(),
        data_sources: Vec::new(),
        ephemeral: Vec::new(),
        functions: Vec::new(),
    }
}
