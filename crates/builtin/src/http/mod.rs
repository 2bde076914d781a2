//! `hashicorp/http`: what a web server answers.

mod call;

use weir_provider::list_types;

list_types! { mod data in "src/http/data": weir_provider::native::ErasedData<crate::unconfigured::NoClient> = erase_data }

crate::unconfigured::unconfigured! {
    /// The provider `http`.
    Http {
        resources: Vec::new(),
        data_sources: data::all(),
        ephemeral: Vec::new(),
        functions: Vec::new(),
    }
}
