//! `hashicorp/cloudinit`: user data of several parts.

use weir_provider::list_types;

list_types! { mod data in "src/cloudinit/data": weir_provider::native::ErasedData<crate::unconfigured::NoClient> = erase_data }

crate::unconfigured::unconfigured! {
    /// The provider `cloudinit`.
    Cloudinit {
        resources: Vec::new(),
        data_sources: data::all(),
        ephemeral: Vec::new(),
        functions: Vec::new(),
    }
}
