//! Desired against prior: an ordered, savable set of changes, with stages and gates.
//!
//! [`walk`] evaluates a configuration node by node, in dependency order, and asks an [`Executor`] what becomes of each managed object: the planner's executor plans it, the
//! applier's (crate `weir-apply`) applies it. So both see exactly the same values. [`plan`] is the planner.
//!
//! Nothing here changes the world: it reads (refresh, data sources, probes of gates) and computes.

mod against;
mod approval;
mod catalog;
mod check;
mod condition;
mod confirm;
mod console;
mod decode;
mod deferral;
mod deposed;
mod drift;
mod encode;
mod gate;
mod guard;
mod host;
mod ignore;
mod import;
mod moved;
mod nodes;
mod order;
mod outline;
mod plan;
mod planner;
mod private;
mod provision;
mod removed;
mod scope;
mod session;
mod takeover;
mod targeting;
mod upgrade;
mod walk;
mod world;

pub use against::{Against, against};
pub use approval::{Approval, Difference};
pub use catalog::Catalog;
pub use check::ASSERTION_FAILED;
pub use condition::{CheckOutcome, CheckStatus, Checked, CheckedInstance, Conditions};
pub use console::{Beside, Console, console};
pub use decode::{Decoded, decode_instance, split, without_unknown};
pub use gate::{CheckResult, GateCandidate, GateInput, GatePlan, GateStatus, Guarded};
pub use host::DiskHost;
pub use import::{ImportKey, import_object};
pub use nodes::{Node, NodeId, Nodes};
pub use outline::{Part, outline};
pub use plan::{Action, Blocked, Change, Drift, Mode, Options, OutputChange, Plan, Reason, StagePlan};
pub use planner::{Made, Planning, ephemerals_needed, final_plan, mark_object, plan, validate};
pub use provision::{ProvisionerArguments, destroyer_arguments};
pub use session::ProviderState;
pub use upgrade::upgrade;
pub use walk::{Executor, Job, Outcome, Reuse, Walk, walk};
pub use world::World;
