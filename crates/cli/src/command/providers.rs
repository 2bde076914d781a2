//! `weir providers`

mod lock;
mod mirror;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use weir_config::Module;
use weir_plan::Node;

use crate::context::Context;
use crate::exit::{Exit, Outcome};
use crate::stack::{Disk, Stack, VariableFlags};
use crate::stored::StateFlags;

/// Show which module requires which provider; lock, mirror and describe providers
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    variables: VariableFlags,
    #[command(flatten)]
    state: StateFlags,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Lock(lock::Arguments),
    Mirror(mirror::Arguments),
    Schema(schema::Arguments),
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self.command {
            Some(Command::Lock(arguments)) => arguments.run(context),
            Some(Command::Mirror(arguments)) => arguments.run(context),
            Some(Command::Schema(arguments)) => arguments.run(context),
            None => self.show(context),
        }
    }

    fn show(self, context: &Context) -> Outcome {
        let stack = Stack::load(context, &Disk, &self.variables)?;
        let out = &context.out;
        out.line("\nProviders required by configuration:\n.");
        branches(context, &stack, 0, "");
        let state = self.state.read(context)?.unwrap_or_default();
        let used: BTreeSet<String> = state.resources.values().map(|resource| format!("provider[{}]", resource.provider.provider)).collect();
        if !used.is_empty() {
            out.line("\nProviders required by state:\n");
            for line in used {
                out.line(format!("    {line}\n"));
            }
        } else {
            out.line("");
        }
        Ok(Exit::DONE)
    }
}

/// What a module needs, then the modules that it calls.
fn branches(context: &Context, stack: &Stack, at: usize, indent: &str) {
    let module = &stack.nodes.modules[at];
    let needs = needs(stack, at, module);
    let mut left = needs.len() + module.children.len();
    let mut branch = |text: String| {
        left -= 1;
        let (sign, more) = if left == 0 { ("└── ", "    ") } else { ("├── ", "│   ") };
        context.out.line(format!("{indent}{sign}{text}"));
        format!("{indent}{more}")
    };
    for (provider, version) in needs {
        let version = version.map(|version| format!(" {version}")).unwrap_or_default();
        branch(format!("provider[{provider}]{version}"));
    }
    for (name, child) in &module.children {
        let stage = module.calls.get(name).is_some_and(|call| call.kind == weir_config::CallKind::Stage);
        let below = branch(format!("{}.{name}", if stage { "stage" } else { "module" }));
        if let Some(child) = stack.nodes.module_at(&child.path) {
            branches(context, stack, child, &below);
        }
    }
}

/// The providers of a module by source address, with what it says of their versions.
fn needs(stack: &Stack, at: usize, module: &Module) -> BTreeMap<String, Option<String>> {
    let mut found = BTreeMap::new();
    for (name, required) in &module.required_providers {
        let version = required.version.as_ref().map(ToString::to_string);
        found.insert(stack.catalog.resolve(module, name).to_string(), version);
    }
    let used = module.resources.values().map(|resource| &resource.provider.name);
    let configured = stack.nodes.nodes.iter().filter_map(|node| match node {
        Node::Provider { module, of } if *module == at => Some(&of.name),
        _ => None,
    });
    for name in used.chain(module.providers.keys().map(|of| &of.name)).chain(configured.filter(|_| module.path.is_root() && module.children.is_empty())) {
        found.entry(stack.catalog.resolve(module, name).to_string()).or_insert(None);
    }
    found
}
