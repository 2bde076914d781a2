//! `weir state replace-provider`

use weir_addr::{ProviderAddr, ResourceAddr};
use weir_state::State;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::prompt;
use crate::stored::ChangeFlags;

/// Hand the objects of one provider to another
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    state: ChangeFlags,
    /// Do not ask for approval
    #[arg(long)]
    auto_approve: bool,
    /// Source address of the provider that the state names
    from: String,
    /// Source address of the provider that it shall name
    to: String,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let (from, to) = (provider(&self.from)?, provider(&self.to)?);
        let found = self.state.place.read_existing(context)?;
        let concerned = concerned(&found, &from);
        let out = &context.out;
        if concerned.is_empty() {
            out.line("No matching resources found.");
            return Ok(Exit::DONE);
        }
        out.line(format!("Weir will perform the following actions:\n\n  ~ Updating provider:\n    - {from}\n    + {to}\n\nChanging {} resources:\n", concerned.len()));
        for addr in &concerned {
            out.line(format!("  {addr}"));
        }
        out.line("");
        if !self.auto_approve {
            let instead = "Run with -auto-approve.";
            if !prompt::approve(context, "Do you want to make these changes?", "The objects themselves stay as they are.", instead)? {
                out.line("Cancelled replacing providers.");
                return Ok(Exit::DONE);
            }
        }
        let changed = self.state.change(context, "state replace-provider", |state| {
            let all = self::concerned(state, &from);
            for addr in &all {
                if let Some(resource) = state.resources.get_mut(addr) {
                    resource.provider.provider = to.clone();
                }
            }
            Ok(all.len())
        })?;
        out.line(format!("Successfully replaced provider for {changed} resources."));
        Ok(Exit::DONE)
    }
}

fn provider(text: &str) -> Result<ProviderAddr, Failure> {
    text.parse().map_err(|error| Failure::error("Invalid provider source", format!("\"{text}\" is not the address of a provider: {error}. Write it as hashicorp/aws.")))
}

fn concerned(state: &State, from: &ProviderAddr) -> Vec<ResourceAddr> {
    state.resources.iter().filter(|(_, resource)| resource.provider.provider == *from).map(|(addr, _)| addr.clone()).collect()
}
