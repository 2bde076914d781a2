//! Paths of module instances.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use crate::scan::Scanner;
use crate::{AddrError, InstanceKey, StageName};

/// Whether a step of a [`ModulePath`] was written as `module` or `stage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// A `module` block.
    Module,
    /// A `stage` block; only the first step can be one.
    Stage,
}

/// One module call on the way from the root.
///
/// The kind takes no part in equality, order and hash: in a state file a stage *is* the module of the same name.
#[derive(Clone, Debug)]
pub struct ModuleStep {
    /// Label of the block.
    pub name: Arc<str>,
    /// Which instance, if the call has `count` or `for_each`.
    pub key: Option<InstanceKey>,
    /// How it is printed.
    pub kind: StepKind,
}

impl PartialEq for ModuleStep {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.key == other.key
    }
}
impl Eq for ModuleStep {}
impl PartialOrd for ModuleStep {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ModuleStep {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name).then_with(|| self.key.cmp(&other.key))
    }
}
impl Hash for ModuleStep {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.key.hash(state);
    }
}

/// The path from the root module to a module instance; the root's is empty.
#[derive(Clone, Debug)]
pub struct ModulePath(Arc<[ModuleStep]>);

static ROOT: LazyLock<Arc<[ModuleStep]>> = LazyLock::new(|| Arc::from([]));

impl ModulePath {
    /// The path with these steps.
    pub fn new(steps: Vec<ModuleStep>) -> Self {
        if steps.is_empty() { Self::root() } else { Self(steps.into()) }
    }

    /// The root module.
    pub fn root() -> Self {
        Self(ROOT.clone())
    }

    /// The module of the stage `name`, which the root calls.
    pub fn stage(name: impl Into<Arc<str>>, key: Option<InstanceKey>) -> Self {
        Self(Arc::from([ModuleStep { name: name.into(), key, kind: StepKind::Stage }]))
    }

    /// The module that this one calls as `name`.
    pub fn child(&self, name: impl Into<Arc<str>>, key: Option<InstanceKey>) -> Self {
        let step = ModuleStep { name: name.into(), key, kind: StepKind::Module };
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// The caller; none for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, before) = self.0.split_last()?;
        Some(Self::new(before.to_vec()))
    }

    /// Whether this is the root module.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The calls from the root on.
    pub fn steps(&self) -> &[ModuleStep] {
        &self.0
    }

    /// The last call; none for the root.
    pub fn last(&self) -> Option<&ModuleStep> {
        self.0.last()
    }

    /// Whether `other` is this module or one that called it, keys included.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Whether the module that `pattern` names is this one or called it; a step of `pattern` without a key stands for all instances.
    pub fn is_within(&self, pattern: &Self) -> bool {
        pattern.0.len() <= self.0.len()
            && pattern.0.iter().zip(self.0.iter()).all(|(wanted, own)| wanted.name == own.name && (wanted.key.is_none() || wanted.key == own.key))
    }

    /// The configuration's view: the same calls, whatever the instance.
    pub fn without_keys(&self) -> Self {
        if self.0.iter().all(|step| step.key.is_none()) {
            return self.clone();
        }
        Self(self.0.iter().map(|step| ModuleStep { key: None, ..step.clone() }).collect())
    }

    /// The stage that this path goes through.
    pub fn stage_name(&self) -> Option<StageName> {
        self.0.first().filter(|step| step.kind == StepKind::Stage).map(|step| StageName::new(step.name.clone()))
    }

    /// The same path with its first step printed as a stage, or as a module. For addresses read from a state file, which says `module` for both.
    pub fn with_first_kind(&self, kind: StepKind) -> Self {
        match self.0.first() {
            Some(first) if first.kind != kind => {
                let first = ModuleStep { kind, ..first.clone() };
                Self([first].into_iter().chain(self.0.iter().skip(1).cloned()).collect())
            }
            _ => self.clone(),
        }
    }

    /// The path as a state file writes it: `module` also for a stage. Empty for the root.
    pub fn to_state_string(&self) -> String {
        self.with_first_kind(StepKind::Module).to_string()
    }
}

impl Default for ModulePath {
    fn default() -> Self {
        Self::root()
    }
}
impl PartialEq for ModulePath {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}
impl Eq for ModulePath {}
impl PartialOrd for ModulePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ModulePath {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}
impl Hash for ModulePath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            let word = match step.kind {
                StepKind::Stage if at == 0 => "stage",
                _ => "module",
            };
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{word}.{}", step.name)?;
            if let Some(key) = &step.key {
                write!(f, "{key}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for ModulePath {
    type Err = AddrError;
    fn from_str(text: &str) -> Result<Self, AddrError> {
        let mut scanner = Scanner::new(text);
        let path = scanner.module_path()?;
        if scanner.at_end() { Ok(path) } else { scanner.fail("expected \"module.\" and the name of a module") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads() {
        for text in ["", "module.a", "module.a[\"x\"].module.b", "stage.cluster[0].module.b", r#"module.a["q\"\\ $${x} %%{y} \u0001é"]"#] {
            let path: ModulePath = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
        let stage: ModulePath = "stage.cluster[0].module.b".parse().unwrap();
        assert_eq!(stage.to_state_string(), "module.cluster[0].module.b");
        assert_eq!(stage, stage.to_state_string().parse().unwrap());
        assert_eq!(stage.stage_name().unwrap().as_str(), "cluster");
        assert_eq!(stage.without_keys().to_string(), "stage.cluster.module.b");
        assert_eq!(stage.parent().unwrap(), ModulePath::stage("cluster", Some(0.into())));
        assert!(ModulePath::root().parent().is_none());
    }

    #[test]
    fn contains() {
        let inner: ModulePath = "module.a[\"x\"].module.b".parse().unwrap();
        let all: ModulePath = "module.a".parse().unwrap();
        assert!(inner.is_within(&all) && inner.is_within(&ModulePath::root()) && !inner.starts_with(&all));
        assert!(!inner.is_within(&"module.a[\"y\"]".parse().unwrap()) && !all.is_within(&inner));
        assert!(inner.starts_with(&"module.a[\"x\"]".parse().unwrap()));
    }

    #[test]
    fn refuses() {
        let message = |text: &str| text.parse::<ModulePath>().unwrap_err().to_string();
        assert_eq!(
            message("module.a[x]"),
            "invalid address \"module.a[x]\": expected a whole number or a string in quotes (in a shell, put the address in single quotes) at byte 9"
        );
        assert_eq!(message("module.a."), "invalid address \"module.a.\": expected more after the dot at byte 9");
        assert_eq!(message("module.a.stage.b"), "invalid address \"module.a.stage.b\": a stage can only be the first step of an address at byte 9");
        for text in
            ["module", "module.", "module.1", "module.a[\"x\"", "module.a[\"x", "module.a[99999999999999999999]", "aws_vpc.x", "module.a[\"\\u12\"]", "module.a[\"\\q\"]"]
        {
            assert!(text.parse::<ModulePath>().is_err(), "{text}");
        }
    }
}
