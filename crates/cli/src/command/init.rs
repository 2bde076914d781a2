//! `weir init`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use weir_addr::ProviderAddr;
use weir_config::FileSystem;
use weir_diag::{Diagnostic, Diagnostics};
use weir_plan::Node;

use crate::backend;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::modules;
use crate::plugins::Locking;
use crate::stack::{Disk, Stack, VariableFlags};

/// Install what the configuration needs
///
/// Providers that are part of Weir need nothing. Others are found in mirrors or downloaded, checked, and written down in .terraform.lock.hcl.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Copy this module into the folder, which has to be empty, before anything else
    #[arg(long, value_name = "SOURCE")]
    from_module: Option<String>,
    #[command(flatten)]
    variables: VariableFlags,
    /// Whether to take up the backend that the configuration names
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    backend: bool,
    /// Whether to install the modules that are called
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    get: bool,
    /// Choose the newest modules and providers that the configuration allows, whatever is installed or locked
    #[arg(long)]
    upgrade: bool,
    /// More of the backend's arguments: a file with them, or NAME=VALUE; may be given more than once
    #[arg(long, value_name = "FILE|NAME=VALUE")]
    backend_config: Vec<String>,
    /// Take up a changed backend, and leave the state where it is
    #[arg(long)]
    reconfigure: bool,
    /// Take up a changed backend, and copy the state to its new place
    #[arg(long, conflicts_with = "reconfigure")]
    migrate_state: bool,
    /// Copy the state without a question
    #[arg(long)]
    force_copy: bool,
    /// Accepted as with the incumbents: no plugin is needed
    #[arg(long, value_name = "DIR")]
    plugin_dir: Vec<PathBuf>,
    /// readonly: fail where .terraform.lock.hcl would change
    #[arg(long, value_name = "MODE", value_parser = ["readonly"])]
    lockfile: Option<String>,
    /// Accepted as with the incumbents: nothing is written
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    lock: bool,
    /// Accepted as with the incumbents: nothing is written
    #[arg(long, value_name = "DURATION", value_parser = crate::stored::duration, default_value = "0s")]
    lock_timeout: Duration,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let (out, paint) = (&context.out, context.paint());
        if let Some(source) = &self.from_module {
            modules::copy_from(context, source)?;
            out.line("");
        }
        let configured = |name: &String| [".tf", ".tofu", ".tf.json", ".stack.hcl"].iter().any(|end| name.ends_with(end));
        if !Disk.list(Path::new(".")).unwrap_or_default().iter().any(configured) {
            out.line("Weir initialized in an empty directory!\n\nThe directory has no configuration files. You may begin working with Weir\nimmediately by creating configuration files.");
            return Ok(Exit::DONE);
        }
        let locking = Locking { upgrade: self.upgrade, readonly: self.lockfile.is_some() };
        if self.backend {
            out.line("Initializing the backend...");
            let (reconfigure, migrate, force) = (self.reconfigure, self.migrate_state, self.force_copy);
            backend::initialize(context, &backend::Change { given: &self.backend_config, reconfigure, migrate, force })?;
        }
        if self.get && modules::are_called() {
            out.line("Initializing modules...");
            modules::install(context, self.upgrade)?;
        }
        let installed = Stack::install(context, &Disk, locking)?;
        let stack = Stack::load(context, &Disk, &self.variables)?;
        out.line("Initializing provider plugins...");
        for provider in providers(&stack)?.iter().filter(|addr| !installed.plugins.contains(addr)) {
            out.line(format!("- {} is built in to Weir", provider.for_display()));
        }
        for line in installed.lines {
            out.line(line);
        }
        out.line(format!("\n{}", paint.good("Weir has been successfully initialized!")));
        out.line("\nYou may now begin working with Weir. Try running \"weir plan\" to see\nany changes that are required for your infrastructure. All Weir commands\nshould now work.");
        Ok(Exit::DONE)
    }
}

/// The providers that are required or used; an error for those that Weir does not have.
fn providers(stack: &Stack) -> Result<Vec<ProviderAddr>, Failure> {
    let mut found: BTreeMap<String, (ProviderAddr, Option<weir_diag::Span>)> = BTreeMap::new();
    for module in &stack.nodes.modules {
        for (name, required) in &module.required_providers {
            let addr = stack.catalog.resolve(module, name);
            found.entry(addr.to_string()).or_insert((addr, Some(required.span)));
        }
    }
    for (id, node) in stack.nodes.nodes.iter().enumerate() {
        let Node::Provider { module, of } = node else { continue };
        let addr = stack.catalog.resolve(&stack.nodes.modules[*module], &of.name);
        let used = || stack.nodes.span(id).or_else(|| stack.nodes.deps.iter().position(|deps| deps.contains(&id)).and_then(|user| stack.nodes.span(user)));
        found.entry(addr.to_string()).or_insert_with(|| (addr, used()));
    }
    let mut diags = Diagnostics::new();
    let known: Vec<&str> = stack.catalog.local_names().collect();
    for (addr, span) in found.values().filter(|(addr, _)| stack.catalog.get(addr).is_none()) {
        let detail = format!("Weir has no provider {}. It brings {}.", addr.for_display(), known.join(", "));
        diags.push(span.iter().copied().fold(Diagnostic::error("Unknown provider", detail), Diagnostic::at));
    }
    if diags.has_errors() {
        return Err(Failure::new(diags, &stack.config.sources));
    }
    Ok(found.into_values().map(|(addr, _)| addr).collect())
}
