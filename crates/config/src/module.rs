//! What a configuration consists of.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use weir_addr::{Constraint, GateName, Mode, ModulePath, ModuleSource, ResourceAddr, StepKind, Target};
use weir_diag::{Sources, Span};

use crate::TypeConstraint;
use crate::syntax::{Body, Expr, Traversal};

/// A whole configuration: the root module and all that it calls.
#[derive(Debug)]
pub struct Config {
    /// The root module.
    pub root: Arc<Module>,
    /// Every file that was read.
    pub sources: Sources,
    /// Where variables of the root module get their values, as far as a file says it.
    pub assigned: BTreeMap<Arc<str>, Span>,
}

/// One folder of files, called from one place.
#[derive(Debug, Default)]
pub struct Module {
    /// Where it is called: without instance keys.
    pub path: ModulePath,
    /// Its folder, relative to the working directory where it lies below it.
    pub dir: PathBuf,
    /// `variable` blocks.
    pub variables: BTreeMap<Arc<str>, Arc<Variable>>,
    /// Arguments of `locals` blocks.
    pub locals: BTreeMap<Arc<str>, Arc<Local>>,
    /// `output` blocks.
    pub outputs: BTreeMap<Arc<str>, Arc<Output>>,
    /// `resource`, `data` and `ephemeral` blocks.
    pub resources: BTreeMap<(Mode, Arc<str>, Arc<str>), Arc<Resource>>,
    /// `module` and `stage` blocks.
    pub calls: BTreeMap<Arc<str>, Arc<Call>>,
    /// `gate` blocks; only in the root module.
    pub gates: BTreeMap<GateName, Arc<Gate>>,
    /// `provider` blocks, by local name and alias.
    pub providers: BTreeMap<ProviderRef, Arc<ProviderBlock>>,
    /// The `backend` block; only of the root module.
    pub backend: Option<Backend>,
    /// `required_providers`, by local name.
    pub required_providers: BTreeMap<Arc<str>, RequiredProvider>,
    /// Top-level `check` blocks.
    pub checks: BTreeMap<Arc<str>, Arc<Check>>,
    /// `moved` blocks.
    pub moved: Vec<Moved>,
    /// `removed` blocks.
    pub removed: Vec<Removed>,
    /// `import` blocks; only in the root module.
    pub imports: Vec<Arc<Import>>,
    /// The called modules.
    pub children: BTreeMap<Arc<str>, Arc<Module>>,
}

impl Module {
    /// This module and all below it, parents first.
    pub fn walk<'a>(self: &'a Arc<Self>, visit: &mut dyn FnMut(&'a Arc<Module>)) {
        visit(self);
        for child in self.children.values() {
            child.walk(visit);
        }
    }
}

/// A `variable`, or an `input` of a gate.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: Arc<str>,
    /// Its type; `any` when not given.
    pub constraint: TypeConstraint,
    /// Its value when none is set; an expression without references.
    pub default: Option<Arc<Expr>>,
    /// What it is for.
    pub description: Arc<str>,
    /// Never shown.
    pub sensitive: bool,
    /// Never stored.
    pub ephemeral: bool,
    /// May be null. A null for one that may not means the default.
    pub nullable: bool,
    /// What its value must fulfil.
    pub validations: Vec<CheckRule>,
    /// The block's header.
    pub span: Span,
}

/// A `condition` with its `error_message`.
#[derive(Clone, Debug)]
pub struct CheckRule {
    /// Must be true.
    pub condition: Arc<Expr>,
    /// What is said when it is not.
    pub error_message: Arc<Expr>,
    /// The block's header.
    pub span: Span,
}

/// A named expression.
#[derive(Debug)]
pub struct Local {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub expr: Arc<Expr>,
    /// Where it stands.
    pub span: Span,
}

/// An `output`.
#[derive(Debug)]
pub struct Output {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub expr: Arc<Expr>,
    /// What it is for.
    pub description: Arc<str>,
    /// Never shown.
    pub sensitive: bool,
    /// Never stored.
    pub ephemeral: bool,
    /// Further things that it waits for.
    pub depends_on: Vec<Traversal>,
    /// What must hold.
    pub preconditions: Vec<CheckRule>,
    /// The block's header.
    pub span: Span,
}

/// `count` or `for_each`.
#[derive(Clone, Debug, Default)]
pub enum Repeat {
    /// One instance without a key.
    #[default]
    Once,
    /// `count = …`
    Count(Arc<Expr>),
    /// `for_each = …`
    ForEach(Arc<Expr>),
}

/// A provider configuration as a module calls it: `aws`, `aws.east`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderRef {
    /// The local name.
    pub name: Arc<str>,
    /// The alias.
    pub alias: Option<Arc<str>>,
}

/// A `resource`, `data` or `ephemeral` block.
#[derive(Debug)]
pub struct Resource {
    /// Which of the three.
    pub mode: Mode,
    /// The first label.
    pub type_: Arc<str>,
    /// The second label.
    pub name: Arc<str>,
    /// The arguments that belong to the type.
    pub body: Body,
    /// How often.
    pub repeat: Repeat,
    /// The provider configuration; by default the one named like the type's first word.
    pub provider: ProviderRef,
    /// Where `provider` is written, if it is.
    pub provider_span: Option<Span>,
    /// Further things that it waits for.
    pub depends_on: Vec<Traversal>,
    /// The `lifecycle` block.
    pub lifecycle: Lifecycle,
    /// Its `provisioner` blocks, in order.
    pub provisioners: Vec<Arc<Provisioner>>,
    /// Its `connection` block, which is that of every provisioner without one of its own.
    pub connection: Option<Arc<Connection>>,
    /// The block's header.
    pub span: Span,
}

/// A `backend` block.
#[derive(Debug)]
pub struct Backend {
    /// `local` or `s3`.
    pub kind: Arc<str>,
    /// Its arguments.
    pub body: Body,
    /// The block's header.
    pub span: Span,
}

/// What a provisioner does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisionerKind {
    /// Runs a command on this machine.
    LocalExec,
    /// Runs commands on the machine that the connection leads to.
    RemoteExec,
    /// Copies files to that machine.
    File,
}

impl ProvisionerKind {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LocalExec => "local-exec",
            Self::RemoteExec => "remote-exec",
            Self::File => "file",
        }
    }
}

/// A `provisioner` block.
#[derive(Debug)]
pub struct Provisioner {
    /// What it does.
    pub kind: ProvisionerKind,
    /// It runs before the object is destroyed, and not after it was created.
    pub on_destroy: bool,
    /// Its failure does not count.
    pub goes_on: bool,
    /// Its own arguments.
    pub body: Body,
    /// How to reach the machine.
    pub connection: Option<Arc<Connection>>,
    /// The block's header.
    pub span: Span,
}

/// A `connection` block.
#[derive(Debug)]
pub struct Connection {
    /// Its arguments.
    pub body: Body,
    /// The block's header.
    pub span: Span,
}

/// A `lifecycle` block.
#[derive(Debug, Default)]
pub struct Lifecycle {
    /// The new object comes before the old one goes.
    pub create_before_destroy: Option<bool>,
    /// A plan that would destroy it is refused; where it is written.
    pub prevent_destroy: Option<Span>,
    /// Attributes whose change in the configuration does not count.
    pub ignore_changes: Ignore,
    /// References whose change replaces the object.
    pub replace_triggered_by: Vec<Arc<Expr>>,
    /// Checked before.
    pub preconditions: Vec<CheckRule>,
    /// Checked after.
    pub postconditions: Vec<CheckRule>,
}

/// `ignore_changes`
#[derive(Clone, Debug, Default)]
pub enum Ignore {
    /// Nothing.
    #[default]
    None,
    /// These attributes.
    Some(Vec<Traversal>),
    /// Everything.
    All,
}

/// Whether a call is a module or a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// `module`
    Module,
    /// `stage`
    Stage,
}

/// The arguments of a call, by name.
pub type ModuleCallArgs = BTreeMap<Arc<str>, (Arc<Expr>, Span)>;

/// A `module` or `stage` block.
#[derive(Debug)]
pub struct Call {
    /// Its name.
    pub name: Arc<str>,
    /// Module or stage.
    pub kind: CallKind,
    /// Where the module comes from.
    pub source: Arc<str>,
    /// What that means; `None` when it means nothing, which has been said.
    pub address: Option<ModuleSource>,
    /// Where it is written.
    pub source_span: Span,
    /// Which versions of a registry's module will do.
    pub version: Option<Constraint>,
    /// How often.
    pub repeat: Repeat,
    /// Provider configurations handed in: the child's name, then ours.
    pub providers: BTreeMap<ProviderRef, ProviderRef>,
    /// Things that everything in it waits for.
    pub depends_on: Vec<Traversal>,
    /// Of a stage: asks before it is applied.
    pub confirm: bool,
    /// The inputs.
    pub args: ModuleCallArgs,
    /// The block's header.
    pub span: Span,
}

/// A `gate`.
#[derive(Debug)]
pub struct Gate {
    /// Its name.
    pub name: GateName,
    /// One line.
    pub description: Option<Arc<Expr>>,
    /// What a person has to do.
    pub instructions: Option<Arc<Expr>>,
    /// What it waits for besides what its expressions refer to.
    pub depends_on: Vec<Traversal>,
    /// What must be given to open it.
    pub inputs: BTreeMap<Arc<str>, Arc<Variable>>,
    /// What must hold, in order.
    pub checks: Vec<GateCheck>,
    /// Data sources nested in it.
    pub probes: BTreeMap<(Arc<str>, Arc<str>), Arc<Resource>>,
    /// How many people have to approve; 1 when not given.
    pub approvals: Option<Arc<Expr>>,
    /// Until when it stays open.
    pub valid_until: Option<Arc<Expr>>,
    /// True for `when = "destroy"`.
    pub guards_destroy: bool,
    /// The block's header.
    pub span: Span,
}

/// A top-level `check`.
#[derive(Debug)]
pub struct Check {
    /// Its name.
    pub name: Arc<str>,
    /// Its `assert` blocks, in order.
    pub rules: Vec<CheckRule>,
    /// The data source nested in it, which only its assertions can refer to.
    pub data: Option<Arc<Resource>>,
    /// The block's header.
    pub span: Span,
}

/// A `check` of a gate.
#[derive(Debug)]
pub struct GateCheck {
    /// Its label.
    pub name: Arc<str>,
    /// What must hold.
    pub rule: CheckRule,
    /// How long to wait for it.
    pub retry: Option<Retry>,
}

/// `retry = { every = "5s", for = "10m" }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Pause between two tries.
    pub every: std::time::Duration,
    /// How long to go on.
    pub for_: std::time::Duration,
}

/// A `provider` block.
#[derive(Debug)]
pub struct ProviderBlock {
    /// Name and alias.
    pub of: ProviderRef,
    /// Its arguments.
    pub body: Body,
    /// The block's header.
    pub span: Span,
}

/// One entry of `required_providers`.
#[derive(Clone, Debug)]
pub struct RequiredProvider {
    /// `hashicorp/aws`; by default `hashicorp/` and the local name.
    pub source: Option<Arc<str>>,
    /// The version constraint as written.
    pub version: Option<Arc<str>>,
    /// False when the provider shall run as a plugin also where Weir has it natively.
    pub native: bool,
    /// Where it stands.
    pub span: Span,
}

/// A `moved` block; its addresses are relative to the module that it stands in.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Where the object was.
    pub from: Target,
    /// Where it is now.
    pub to: Target,
    /// The block's header.
    pub span: Span,
}

/// A `removed` block; its address is relative to the module that it stands in.
#[derive(Clone, Debug)]
pub struct Removed {
    /// What is not managed any more: a resource or module, without keys.
    pub from: Target,
    /// Whether its objects are destroyed; they are only forgotten otherwise.
    pub destroy: bool,
    /// The block's header.
    pub span: Span,
}

/// An `import` block.
#[derive(Debug)]
pub struct Import {
    /// The module calls before the resource, with their keys.
    pub module: Vec<(ImportStep, StepKind)>,
    /// The resource's type.
    pub type_: Arc<str>,
    /// The resource, with its key.
    pub resource: ImportStep,
    /// `to` as it is written.
    pub to: Arc<Expr>,
    /// What the provider knows the object by: its id, or its identity.
    pub id: Arc<Expr>,
    /// True when that is an `identity`: an object of what tells the objects of the type apart.
    pub by_identity: bool,
    /// How often.
    pub repeat: Repeat,
    /// The provider configuration, when the resource has no block that says it.
    pub provider: Option<ProviderRef>,
    /// The block's header.
    pub span: Span,
}

/// A name and the expression of its key.
pub type ImportStep = (Arc<str>, Option<Arc<Expr>>);

impl Import {
    /// Everything in it that is evaluated.
    pub fn expressions(&self) -> impl Iterator<Item = &Arc<Expr>> {
        let each = match &self.repeat {
            Repeat::Once => None,
            Repeat::Count(expr) | Repeat::ForEach(expr) => Some(expr),
        };
        let keys = self.module.iter().map(|(step, _)| step).chain([&self.resource]).filter_map(|(_, key)| key.as_ref());
        keys.chain([&self.id]).chain(each)
    }

    /// The resource that it is for, without keys.
    pub fn target(&self) -> ResourceAddr {
        let steps = self.module.iter().map(|((name, _), kind)| weir_addr::ModuleStep { name: name.clone(), key: None, kind: *kind }).collect();
        ResourceAddr::managed(ModulePath::new(steps), self.type_.clone(), self.resource.0.clone())
    }
}
