//! `hashicorp/null`: types that do nothing.

use weir_provider::list_types;

list_types! { mod resource in "src/null/resource": weir_provider::native::ErasedResource<crate::unconfigured::NoClient> = erase_resource }
list_types! { mod data in "src/null/data": weir_provider::native::ErasedData<crate::unconfigured::NoClient> = erase_data }

crate::unconfigured::unconfigured! {
    /// The provider `null`.
    Null {
        resources: resource::all(),
        data_sources: data::all(),
        ephemeral: Vec::new(),
        functions: Vec::new(),
    }
}
