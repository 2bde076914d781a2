//! `weir import`

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_addr::{InstanceAddr, Target};
use weir_config::FileSystem;
use weir_state::{LocalStore, Store};

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stack::{Disk, Stack, VariableFlags, locked};
use crate::stored::{ChangeFlags, store_failure};

/// Take an object that exists into the state
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    variables: VariableFlags,
    #[command(flatten)]
    state: ChangeFlags,
    /// Operations that may be under way at once
    #[arg(long, value_name = "N", default_value_t = 10)]
    parallelism: usize,
    /// Folder with the configuration [default: this one]
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// File that the new state is written to [default: where it was read]
    #[arg(long, value_name = "FILE")]
    state_out: Option<PathBuf>,
    /// Address of the resource instance in the configuration
    address: InstanceAddr,
    /// What the provider knows the object by
    id: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let addr = &self.address;
        if addr.resource.mode != weir_addr::Mode::Managed {
            return Err(Failure::error("Invalid address", format!("{addr} cannot be imported: only managed resources have objects in the state.")));
        }
        let stack = match &self.config {
            Some(folder) => Stack::load_in(context, &Within(folder), folder.clone(), &self.variables)?,
            None => Stack::load(context, &Disk, &self.variables)?,
        };
        let block = stack.nodes.module_at(&addr.module().without_keys()).map(|at| &stack.nodes.modules[at]);
        let Some(block) = block.and_then(|module| module.resources.get(&(addr.resource.mode, addr.resource.type_.clone(), addr.resource.name.clone()))) else {
            let place = if addr.module().is_root() { "the root module".to_owned() } else { addr.module().without_keys().to_string() };
            let detail = format!(
                "Before importing this resource, please create its configuration in {place}. For example:\n\nresource \"{}\" \"{}\" {{\n  # (resource arguments)\n}}",
                addr.resource.type_, addr.resource.name
            );
            return Err(Failure::error(format!("Resource address \"{addr}\" does not exist in the configuration"), detail));
        };
        let span = block.span;
        let (store, _lock) = locked(context, &self.state, "import")?;
        context.block_on(async {
            let mut state = stack.state(context, &*store).await?;
            if state.record(addr).is_some() {
                let detail =
                    format!("Weir is already managing a remote object for {addr}. To import to this address you must first remove the existing object from the state.");
                return Err(Failure::error("Resource already managed by Weir", detail));
            }
            context.out.line(format!("{addr}: Importing from ID \"{}\"...", self.id));
            let options = weir_plan::Options {
                targets: vec![Target::Instance(addr.clone())],
                imports: vec![(addr.clone(), Arc::from(self.id.as_str()))],
                no_refresh: true,
                parallelism: self.parallelism.max(1),
                ..weir_plan::Options::default()
            };
            let made = stack.plan(&state, &options, None).await;
            let change = made.plan.changes.iter().find(|change| change.addr == *addr && change.deposed.is_none());
            let Some(change) = change.filter(|change| change.importing.is_some()) else {
                if made.diags.has_errors() {
                    return Err(Failure::new(made.diags, &stack.config.sources));
                }
                let detail = match change {
                    Some(_) => {
                        format!("The configuration of its provider is not known yet, so {addr} cannot be read now. Open the gates and apply what it waits for first.")
                    }
                    None => format!("The configuration has no instance {addr}: look at its count or for_each."),
                };
                let diagnostic = weir_diag::Diagnostic::error("Cannot import now", detail).at(span);
                return Err(Failure::new(diagnostic.into(), &stack.config.sources));
            };
            context.out.line(format!("{addr}: Import prepared!\n  Prepared {} for import", addr.resource.type_));
            let record = weir_apply::imported(&stack.catalog, &made.plan, change).map_err(|detail| Failure::error("The object cannot be imported", detail))?;
            if let Some(moved) = made.moved {
                state = moved;
            }
            state.set_instance(addr, &change.provider, Some(Arc::new(record)));
            match &self.state_out {
                Some(file) => LocalStore::new(file.clone()).write(&mut state),
                None => store.write(&mut state),
            }
            .map_err(store_failure)?;
            context.out.line(format!(
                "\n{}\n\nThe resources that were imported are shown above. These resources are now in\nyour Weir state and will henceforth be managed by Weir.",
                context.paint().good("Import successful!")
            ));
            Ok(Exit::DONE)
        })?
    }
}

/// The files of another folder.
struct Within<'a>(&'a Path);

impl FileSystem for Within<'_> {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        Disk.list(&self.0.join(dir))
    }
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        Disk.read(&self.0.join(file))
    }
}
