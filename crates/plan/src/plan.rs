//! What a plan consists of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_addr::{GateName, InstanceAddr, ModulePath, ProviderConfigAddr, ResourceAddr, StageName, Target};
use weir_value::{Path, Type, Value};

use crate::condition::Conditions;
use crate::gate::GatePlan;

/// What is wanted of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Make the world as the configuration says.
    #[default]
    Normal,
    /// Delete everything.
    Destroy,
    /// Only bring the state up to date.
    RefreshOnly,
}

/// How to plan.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What is wanted.
    pub mode: Mode,
    /// Skip reading the present state of objects.
    pub no_refresh: bool,
    /// Ask nobody: objects and data sources are as the state has them. Goes together with `no_refresh`.
    pub offline: bool,
    /// Only these and what they need; all when empty.
    pub targets: Vec<Target>,
    /// Neither these nor what needs them.
    pub excludes: Vec<Target>,
    /// Objects to be replaced in any case.
    pub replace: Vec<InstanceAddr>,
    /// Objects to be taken into the state besides those of `import` blocks, with their ids.
    pub imports: Vec<(InstanceAddr, Arc<str>)>,
    /// Operations that may be under way at once.
    pub parallelism: usize,
    /// Stages that ask before they are applied, and were answered with yes.
    pub confirmed: BTreeSet<StageName>,
}

/// What becomes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// It is made.
    Create,
    /// A data source is read during the apply.
    Read,
    /// It is changed in place.
    Update,
    /// The old one goes, then the new one comes.
    DeleteThenCreate,
    /// The new one comes, then the old one goes.
    CreateThenDelete,
    /// It goes.
    Delete,
    /// It stays, and is not managed any more.
    Forget,
}

impl Action {
    /// True for both kinds of replacement.
    pub fn is_replace(self) -> bool {
        matches!(self, Self::DeleteThenCreate | Self::CreateThenDelete)
    }
    /// How many objects it adds, changes and destroys.
    pub fn counts(self) -> (usize, usize, usize) {
        match self {
            Self::Create => (1, 0, 0),
            Self::Update => (0, 1, 0),
            Self::Delete => (0, 0, 1),
            Self::DeleteThenCreate | Self::CreateThenDelete => (1, 0, 1),
            Self::NoOp | Self::Read | Self::Forget => (0, 0, 0),
        }
    }
    /// The names of plan format 1.2.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::NoOp => &["no-op"],
            Self::Create => &["create"],
            Self::Read => &["read"],
            Self::Update => &["update"],
            Self::DeleteThenCreate => &["delete", "create"],
            Self::CreateThenDelete => &["create", "delete"],
            Self::Delete => &["delete"],
            Self::Forget => &["forget"],
        }
    }
}

/// Why an action was chosen, where the difference alone does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An attribute changes that cannot be changed in place.
    CannotUpdate,
    /// The object was left half-made by a failed creation.
    Tainted,
    /// `-replace`.
    Requested,
    /// `replace_triggered_by`.
    Triggered,
    /// Its block is not in the configuration any more.
    NoResource,
    /// Its module is not in the configuration any more.
    NoModule,
    /// Its index is beyond `count`.
    Count,
    /// Its key is not in `for_each` any more.
    Each,
    /// The block is no longer repeated, or now is.
    Repetition,
    /// It was replaced, but its deletion did not come to pass.
    Deposed,
    /// The arguments of a data source are not known yet.
    ConfigUnknown,
    /// What a data source depends on is about to change, or it cannot be asked now.
    DependencyPending,
}

impl Reason {
    /// The name in plan format 1.2; `None` for what has none there.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::CannotUpdate => "replace_because_cannot_update",
            Self::Tainted => "replace_because_tainted",
            Self::Requested => "replace_by_request",
            Self::Triggered => "replace_by_triggers",
            Self::NoResource => "delete_because_no_resource_config",
            Self::NoModule => "delete_because_no_module",
            Self::Count => "delete_because_count_index",
            Self::Each => "delete_because_each_key",
            Self::Repetition => "delete_because_wrong_repetition",
            Self::ConfigUnknown => "read_because_config_unknown",
            Self::DependencyPending => "read_because_dependency_pending",
            Self::Deposed => return None,
        })
    }
}

/// Why a change cannot be made in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// A gate on the way is not open.
    Gate(GateName),
    /// The configuration of its provider is not known yet; what it waits for.
    Provider(Arc<str>),
    /// How many instances there are is not known yet.
    Instances(Arc<str>),
    /// Its provider wants to know more before it says what becomes of it, or it needs an object that has to wait; in words.
    Deferred(Arc<str>),
    /// A stage asks before it is applied, and has not been answered. Only this holds the change back: the run can ask and go on.
    Confirm(StageName),
}

/// What becomes of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which object.
    pub addr: InstanceAddr,
    /// Of an object that waits for its deletion: its key.
    pub deposed: Option<Arc<str>>,
    /// Its provider configuration.
    pub provider: ProviderConfigAddr,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Option<Reason>,
    /// The object as it is, with marks; `None` when there is none.
    pub before: Option<Value>,
    /// The object as it will be, with marks; `None` when there will be none.
    pub after: Option<Value>,
    /// Attributes that force a replacement.
    pub replace_paths: Vec<Path>,
    /// Why it cannot be done in this run.
    pub blocked: Option<Blocked>,
    /// The resources that it refers to, directly.
    pub dependencies: Arc<[ResourceAddr]>,
    /// Whether it is created before it is deleted when replaced.
    pub create_before_destroy: bool,
    /// The address that it had before a `moved` block.
    pub previous: Option<InstanceAddr>,
    /// It exists already and is taken into the state first, by this id.
    pub importing: Option<Arc<str>>,
}

impl Change {
    /// The stage that the object is in; `None` for what stands outside of stages.
    pub fn stage(&self) -> Option<StageName> {
        self.addr.module().stage_name()
    }
    /// True when this run cannot make it, whatever it is answered.
    pub fn waits(&self) -> bool {
        self.blocked.as_ref().is_some_and(|blocked| !matches!(blocked, Blocked::Confirm(_)))
    }
    /// True when something is done: to the object, or only to the state.
    pub fn is_pending(&self) -> bool {
        self.action != Action::NoOp || self.previous.is_some() || self.importing.is_some()
    }
}

/// An object that differs from what the state says.
#[derive(Clone, Debug)]
pub struct Drift {
    /// Which object.
    pub addr: InstanceAddr,
    /// What the state says.
    pub before: Value,
    /// What there is; `None` when it is gone.
    pub after: Option<Value>,
    /// The plan makes it good, or something that it does follows from it. What the provider keeps up to date by itself and nobody names is no news.
    pub relevant: bool,
}

/// What becomes of an output of the root module.
#[derive(Clone, Debug)]
pub struct OutputChange {
    /// Its value in the state.
    pub before: Option<Value>,
    /// Its value to come.
    pub after: Option<Value>,
    /// Never shown.
    pub sensitive: bool,
}

/// A stage of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagePlan {
    /// Its name.
    pub name: StageName,
    /// The gates that it waits for, directly or not, in order.
    pub behind: Vec<GateName>,
    /// It asks before it is applied.
    pub confirm: bool,
}

/// Everything that a run would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What is wanted.
    pub mode: Mode,
    /// All objects, those without a change too, in the order of their addresses.
    pub changes: Vec<Change>,
    /// What changed outside.
    pub drift: Vec<Drift>,
    /// The outputs of the root module.
    pub outputs: BTreeMap<Arc<str>, OutputChange>,
    /// The gates in the order in which they are met.
    pub gates: Vec<GatePlan>,
    /// The stages in the order in which they can be applied.
    pub stages: Vec<StagePlan>,
    /// Values of the variables of the root module, with marks.
    pub variables: BTreeMap<Arc<str>, Value>,
    /// Data sources that were read, with their values.
    pub data: BTreeMap<InstanceAddr, (ProviderConfigAddr, Value, Type)>,
    /// The state after the refresh: objects whose record the plan corrects (`None`: gone).
    pub refreshed: BTreeMap<InstanceAddr, Option<Value>>,
    /// Objects that waited for their deletion and are not there any more, with their keys.
    pub gone: Vec<(InstanceAddr, Arc<str>)>,
    /// What providers keep for themselves (base64) about objects that were read or imported, where the state has something else.
    pub private: BTreeMap<InstanceAddr, Option<Arc<str>>>,
    /// Time of the plan, RFC 3339 in UTC.
    pub timestamp: Arc<str>,
    /// What became of the conditions, as far as it is known.
    pub conditions: Conditions,
    /// Module instances that exist, for what is removed.
    pub modules: Vec<ModulePath>,
}

impl Plan {
    /// The changes that do something.
    pub fn pending(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.is_pending())
    }
    /// The changes that can be made now.
    pub fn executable(&self) -> impl Iterator<Item = &Change> {
        self.pending().filter(|change| change.blocked.is_none())
    }
    /// True when there is nothing to do, now or later; outputs count.
    pub fn is_empty(&self) -> bool {
        self.pending().next().is_none() && self.outputs.values().all(|output| output.before == output.after)
    }
    /// How many objects are taken into the state, of those that this run can do (`false`) or that it cannot (`true`).
    pub fn imports(&self, blocked: bool) -> usize {
        self.changes.iter().filter(|change| change.importing.is_some() && change.waits() == blocked).count()
    }
    /// How many objects are added, changed and destroyed, of those that this run can do (`false`; what waits for an answer too) or that it cannot (`true`).
    pub fn counts(&self, blocked: bool) -> (usize, usize, usize) {
        self.pending().filter(|change| change.waits() == blocked).fold((0, 0, 0), |(added, changed, destroyed), change| {
            let (a, c, d) = change.action.counts();
            (added + a, changed + c, destroyed + d)
        })
    }
}
