//! `weir vault status`

use serde::Serialize;
use weir_vault::operator::{Health, SealStatus};

use super::{Server, Token, refused};
use crate::context::Context;
use crate::exit::{Exit, Outcome};

/// Show how a server is: initialised, sealed, active; with a token also its Raft cluster
///
/// Exit code 0 when it is unsealed, 2 when it is sealed or not initialised, 1 when it cannot be asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    token: Token,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct StatusJson {
    address: String,
    initialized: bool,
    sealed: bool,
    standby: bool,
    version: String,
    seal: String,
    storage: String,
    raft: Option<RaftJson>,
}

#[derive(Serialize)]
struct RaftJson {
    healthy: bool,
    failure_tolerance: u32,
    leader: String,
    voters: Vec<String>,
}

impl Arguments {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (operator, address) = self.server.operator()?;
        let operator = self.token.give(operator).await?;
        let (health, seal): (Health, SealStatus) = (operator.health().await.map_err(refused)?, operator.seal_status().await.map_err(refused)?);
        let asked = self.token.token_secret.is_some() || self.token.token_file.is_some() || self.server.connection().token.is_some();
        let raft = if asked && !health.sealed { Some(operator.raft_state().await.map_err(refused)?) } else { None };
        let raft = raft.map(|raft| RaftJson { healthy: raft.healthy, failure_tolerance: raft.failure_tolerance, leader: raft.leader, voters: raft.voters });
        let up = health.initialized && !health.sealed;
        let (seal, storage) = (seal.kind, seal.storage_type);
        let Health { initialized, sealed, standby, version, .. } = health;
        let status = StatusJson { address, initialized, sealed, standby, version, seal, storage, raft };
        if self.json {
            context.out.line(serde_json::to_string_pretty(&status).unwrap_or_default());
        } else {
            context.out.text(text(&status));
        }
        Ok(if up { Exit::DONE } else { Exit(2) })
    }
}

fn text(status: &StatusJson) -> String {
    let yes = |truth: bool| if truth { "yes" } else { "no" }.to_owned();
    let mut lines = vec![
        ("Address", status.address.clone()),
        ("Initialised", yes(status.initialized)),
        ("Sealed", yes(status.sealed)),
        ("Standby", yes(status.standby)),
        ("Version", status.version.clone()),
        ("Seal", status.seal.clone()),
        ("Storage", status.storage.clone()),
    ];
    if let Some(raft) = &status.raft {
        lines.push(("Leader", raft.leader.clone()));
        lines.push(("Voters", raft.voters.join(", ")));
        lines.push(("Healthy", format!("{}, {} may fail", yes(raft.healthy), raft.failure_tolerance)));
    }
    lines.iter().fold(String::new(), |text, (name, value)| text + &format!("{name:<12}{value}\n"))
}
