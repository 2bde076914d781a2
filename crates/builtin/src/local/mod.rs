//! `hashicorp/local`: files on this machine.

mod file;

use std::path::PathBuf;

use weir_provider::native::{NativeClient, NativeProvider, Registry};
use weir_provider::{Fault, SessionRequest, list_types};

list_types! { mod resource in "src/local/resource": weir_provider::native::ErasedResource<crate::local::Files> = erase_resource }
list_types! { mod data in "src/local/data": weir_provider::native::ErasedData<crate::local::Files> = erase_data }

/// The files below a folder, and elsewhere by absolute paths.
pub(crate) struct Files {
    root: PathBuf,
}

impl NativeClient for Files {}

impl Files {
    /// Those of a stack.
    pub(crate) fn of(request: &SessionRequest) -> Self {
        Self { root: request.root.clone() }
    }

    /// Where a path of the configuration leads.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// The provider `local`.
pub(crate) struct Local;

impl NativeProvider for Local {
    type Config = crate::unconfigured::NoConfig;
    type Client = Files;

    fn registry() -> Registry<Files> {
        Registry { resources: resource::all(), data_sources: data::all(), ephemeral: Vec::new(), functions: Vec::new() }
    }

    async fn connect(_: Self::Config, request: &SessionRequest) -> Result<Files, Vec<Fault>> {
        Ok(Files::of(request))
    }
}
