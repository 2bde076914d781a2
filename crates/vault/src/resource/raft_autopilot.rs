//! `vault_raft_autopilot`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, plain, settle, span};
use crate::stored::{self, Stored};

/// How the Raft cluster looks after its own servers. There is one per cluster; deleting it puts the defaults back.
///
/// ```hcl
/// resource "vault_raft_autopilot" "this" {
///   cleanup_dead_servers               = true
///   min_quorum                         = 3
///   dead_server_last_contact_threshold = "10m0s"
/// }
/// ```
///
/// Import id: `sys/storage/raft/autopilot/configuration`.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_raft_autopilot")]
pub(crate) struct RaftAutopilot {
    /// `sys/storage/raft/autopilot/configuration`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Removes servers that are dead; needs `min_quorum`.
    #[schema(optional, default = false)]
    cleanup_dead_servers: Option<bool>,
    /// How long a server without contact to the leader counts as alive; at least a minute.
    #[schema(optional, default = "24h0m0s")]
    dead_server_last_contact_threshold: Option<String>,
    /// Leaves upgrades to the operator. Vault Enterprise only.
    #[schema(optional, default = false)]
    disable_upgrade_migration: Option<bool>,
    /// How long a server without contact to the leader counts as healthy.
    #[schema(optional, default = "10s")]
    last_contact_threshold: Option<String>,
    /// How many log entries a healthy server may be behind.
    #[schema(optional, default = 1000)]
    max_trailing_logs: Option<i64>,
    /// Number of servers below which none is removed; at least 3 with `cleanup_dead_servers`, of no meaning without.
    #[schema(optional, default = 3)]
    min_quorum: Option<i64>,
    /// How long a new server must be healthy before it may vote.
    #[schema(optional, default = "10s")]
    server_stabilization_time: Option<String>,
}

impl RaftAutopilot {
    /// The server takes no 0 for the quorum, and the quorum has no meaning without the clean-up: then a written 0 stays.
    fn without_quorum(self, written: Option<i64>) -> Self {
        let meaningless = written == Some(0) && self.cleanup_dead_servers == Some(false);
        Self { min_quorum: if meaningless { written } else { self.min_quorum }, ..self }
    }
}

impl Stored for RaftAutopilot {
    const FIELDS: &'static [Field] = &[
        plain("cleanup_dead_servers"),
        span("dead_server_last_contact_threshold"),
        plain("disable_upgrade_migration"),
        span("last_contact_threshold"),
        plain("max_trailing_logs"),
        plain("min_quorum"),
        span("server_stabilization_time"),
    ];

    fn namespace(&self) -> &Option<String> {
        &self.namespace
    }
    fn path(&self) -> String {
        "sys/storage/raft/autopilot/configuration".to_owned()
    }
    fn identify(&mut self) {
        self.id = Some(self.path());
    }
}

impl Resource for RaftAutopilot {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, Self::FIELDS);
        Ok(())
    }
    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let written = planned.min_quorum;
        Ok(stored::write(client, planned, None, operation).await?.without_quorum(written))
    }
    async fn read(client: &Client, mut prior: Self) -> Result<Option<Self>, Fault> {
        // The open source servers do not know this one, and so do not answer it.
        prior.disable_upgrade_migration.get_or_insert(false);
        let written = prior.min_quorum;
        Ok(stored::read(client, prior).await?.map(|found| found.without_quorum(written)))
    }
    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let written = planned.min_quorum;
        Ok(stored::write(client, planned, Some(&prior), operation).await?.without_quorum(written))
    }
    async fn delete(client: &Client, prior: Self, operation: &Operation<'_>) -> Result<(), Fault> {
        let defaults = Self {
            namespace: prior.namespace.clone(),
            cleanup_dead_servers: Some(false),
            dead_server_last_contact_threshold: Some("24h0m0s".into()),
            disable_upgrade_migration: Some(false),
            last_contact_threshold: Some("10s".into()),
            max_trailing_logs: Some(1000),
            min_quorum: Some(3),
            server_stabilization_time: Some("10s".into()),
            ..Self::default()
        };
        stored::write(client, defaults, Some(&prior), operation).await.map(drop)
    }
    async fn import(_: &Client, _: &str) -> Result<Self, Fault> {
        Ok(Self::default())
    }
}
