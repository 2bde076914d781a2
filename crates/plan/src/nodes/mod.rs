//! The reference graph: what has to be known before what.

mod edges;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use weir_addr::{GateName, Mode, ModulePath};
use weir_config::{Config, Module, ProviderRef};
use weir_diag::{Diagnostic, Diagnostics, Span};

use edges::Builder;

/// The place of a node in [`Nodes`].
pub type NodeId = usize;

/// Something of the configuration that has a value or effect of its own. `module` counts [`Nodes::modules`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Node {
    /// The instances of a `module` or `stage` block.
    Call {
        /// The calling module.
        module: usize,
        /// Its name.
        name: Arc<str>,
    },
    /// Everything in a called module.
    Done {
        /// The called module.
        module: usize,
    },
    /// An input variable.
    Variable {
        /// Its module.
        module: usize,
        /// Its name.
        name: Arc<str>,
    },
    /// A local value.
    Local {
        /// Its module.
        module: usize,
        /// Its name.
        name: Arc<str>,
    },
    /// An output value.
    Output {
        /// Its module.
        module: usize,
        /// Its name.
        name: Arc<str>,
    },
    /// A configured provider.
    Provider {
        /// The module of its configuration.
        module: usize,
        /// Its local name and alias there.
        of: ProviderRef,
    },
    /// A resource, data source or ephemeral resource.
    Resource {
        /// Its module.
        module: usize,
        /// Which of the three.
        mode: Mode,
        /// Its type.
        type_: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
    /// A gate.
    Gate {
        /// Its name.
        name: GateName,
    },
    /// A top-level `check`. Nothing depends on it.
    Check {
        /// Its module.
        module: usize,
        /// Its name.
        name: Arc<str>,
    },
}

/// The nodes of a configuration and what each depends on.
pub struct Nodes {
    /// All modules, parents before children; 0 is the root.
    pub modules: Vec<Arc<Module>>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// What each depends on, each once, sorted.
    pub deps: Vec<Vec<NodeId>>,
    /// The attributes of managed resources that some expression names; `None` stands for a whole object, or many.
    pub(crate) named: HashMap<NodeId, BTreeSet<Option<Arc<str>>>>,
    index: HashMap<Node, NodeId>,
    paths: BTreeMap<ModulePath, usize>,
    /// The nodes that each module declares, but for the one that stands for all of it.
    declared: Vec<std::ops::Range<NodeId>>,
}

impl Nodes {
    /// The graph of a configuration. References to what is not declared are reported here, wherever they stand.
    pub fn build(config: &Config) -> (Self, Diagnostics) {
        let mut modules = Vec::new();
        config.root.walk(&mut |module| modules.push(module.clone()));
        let paths = modules.iter().enumerate().map(|(at, module)| (module.path.clone(), at)).collect();
        let mut nodes = Self { modules, nodes: Vec::new(), deps: Vec::new(), named: HashMap::new(), index: HashMap::new(), paths, declared: Vec::new() };
        let mut diags = Diagnostics::new();
        for module in 0..nodes.modules.len() {
            nodes.declare(module);
        }
        let mut builder = Builder { nodes: &mut nodes, diags: &mut diags, edges: Vec::new() };
        for module in 0..builder.nodes.modules.len() {
            builder.module(module);
        }
        let edges = std::mem::take(&mut builder.edges);
        for (from, to) in edges {
            if from != to {
                nodes.deps[from].push(to);
            }
        }
        for deps in &mut nodes.deps {
            deps.sort_unstable();
            deps.dedup();
        }
        diags.extend(crate::import::check(&nodes));
        diags.extend(nodes.cycles());
        (nodes, diags)
    }

    /// The node, if it exists.
    pub fn find(&self, node: &Node) -> Option<NodeId> {
        self.index.get(node).copied()
    }

    /// The nodes that need each one, directly: the edges the other way round.
    pub(crate) fn needing(&self) -> Vec<Vec<NodeId>> {
        let mut needing = vec![Vec::new(); self.nodes.len()];
        for (id, deps) in self.deps.iter().enumerate() {
            for dep in deps {
                needing[*dep].push(id);
            }
        }
        needing
    }

    /// The module of that path without keys.
    pub fn module_at(&self, path: &ModulePath) -> Option<usize> {
        self.paths.get(path).copied()
    }

    /// The module that a call leads to.
    pub fn child(&self, module: usize, name: &str) -> Option<usize> {
        self.modules.get(module)?.children.get(name).and_then(|child| self.module_at(&child.path))
    }

    /// The module and configuration that a module means by a provider reference: walks up through `providers` arguments and inheritance.
    pub fn provider(&self, module: usize, wanted: &ProviderRef) -> Option<(usize, ProviderRef)> {
        let (mut at, mut wanted) = (module, wanted.clone());
        loop {
            let here = &self.modules[at];
            if here.providers.contains_key(&wanted) {
                return Some((at, wanted));
            }
            let Some(parent) = here.path.parent() else {
                return wanted.alias.is_none().then_some((at, wanted));
            };
            let parent = self.module_at(&parent)?;
            let call = here.path.last().and_then(|step| self.modules[parent].calls.get(&step.name))?;
            match call.providers.get(&wanted) {
                Some(given) => wanted = given.clone(),
                None if wanted.alias.is_some() => return None,
                None => {}
            }
            at = parent;
        }
    }

    /// What a person calls a node.
    pub fn name(&self, id: NodeId) -> String {
        let prefix = |module: usize| match &self.modules[module].path {
            path if path.is_root() => String::new(),
            path => format!("{path}."),
        };
        match &self.nodes[id] {
            Node::Call { module, name } => match self.child(*module, name) {
                Some(child) => self.modules[child].path.to_string(),
                None => format!("{}module.{name}", prefix(*module)),
            },
            Node::Done { module } => format!("{} (all)", self.modules[*module].path),
            Node::Variable { module, name } => format!("{}var.{name}", prefix(*module)),
            Node::Local { module, name } => format!("{}local.{name}", prefix(*module)),
            Node::Output { module, name } => format!("{}output.{name}", prefix(*module)),
            Node::Provider { module, of } => match &of.alias {
                Some(alias) => format!("{}provider.{}.{alias}", prefix(*module), of.name),
                None => format!("{}provider.{}", prefix(*module), of.name),
            },
            Node::Resource { module, mode, type_, name } => format!("{}{}{type_}.{name}", prefix(*module), mode.prefix()),
            Node::Gate { name } => name.to_string(),
            Node::Check { module, name } => format!("{}check.{name}", prefix(*module)),
        }
    }

    /// Where a node is declared.
    pub fn span(&self, id: NodeId) -> Option<Span> {
        Some(match &self.nodes[id] {
            Node::Call { module, name } => self.modules[*module].calls.get(name)?.span,
            Node::Variable { module, name } => self.modules[*module].variables.get(name)?.span,
            Node::Local { module, name } => self.modules[*module].locals.get(name)?.span,
            Node::Output { module, name } => self.modules[*module].outputs.get(name)?.span,
            Node::Provider { module, of } => self.modules[*module].providers.get(of)?.span,
            Node::Resource { module, mode, type_, name } => self.modules[*module].resources.get(&(*mode, type_.clone(), name.clone()))?.span,
            Node::Gate { name } => self.modules[0].gates.get(name)?.span,
            Node::Check { module, name } => self.modules[*module].checks.get(name)?.span,
            Node::Done { .. } => return None,
        })
    }

    fn declare(&mut self, at: usize) {
        let module = self.modules[at].clone();
        if at > 0 {
            self.add(Node::Done { module: at });
        }
        let first = self.nodes.len();
        for name in module.calls.keys() {
            self.add(Node::Call { module: at, name: name.clone() });
        }
        for name in module.variables.keys() {
            self.add(Node::Variable { module: at, name: name.clone() });
        }
        for name in module.locals.keys() {
            self.add(Node::Local { module: at, name: name.clone() });
        }
        for name in module.outputs.keys() {
            self.add(Node::Output { module: at, name: name.clone() });
        }
        for of in module.providers.keys() {
            self.add(Node::Provider { module: at, of: of.clone() });
        }
        for (mode, type_, name) in module.resources.keys() {
            self.add(Node::Resource { module: at, mode: *mode, type_: type_.clone(), name: name.clone() });
        }
        for name in module.gates.keys() {
            self.add(Node::Gate { name: name.clone() });
        }
        self.declared.push(first..self.nodes.len());
        // Not one of these: nobody waits for a check.
        for name in module.checks.keys() {
            self.add(Node::Check { module: at, name: name.clone() });
        }
    }

    fn add(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.index.get(&node) {
            return *id;
        }
        let id = self.nodes.len();
        self.index.insert(node.clone(), id);
        self.nodes.push(node);
        self.deps.push(Vec::new());
        id
    }

    /// What is wrong where nodes need each other; nothing of such a graph can be planned or validated.
    pub fn cycles(&self) -> Diagnostics {
        let mut graph = weir_graph::Graph::new();
        for id in 0..self.nodes.len() {
            graph.add_node(id, ());
        }
        for (id, deps) in self.deps.iter().enumerate() {
            for dep in deps {
                graph.add_edge_by_key(&id, dep);
            }
        }
        graph
            .cycles()
            .into_iter()
            .map(|cycle| {
                let mut names: Vec<String> = cycle.keys.iter().filter(|id| !matches!(self.nodes[**id], Node::Done { .. })).map(|id| self.name(*id)).collect();
                names.extend(names.first().cloned());
                let chain = names.join("\n  → ");
                let detail = format!("Each of these needs the next to be known first, so none can be:\n\n  {chain}\n\nBreak the circle at one of the references.");
                let mut diagnostic = Diagnostic::error("Cycle", detail);
                for (at, id) in cycle.keys.iter().enumerate() {
                    if let Some(span) = self.span(*id) {
                        let next = cycle.keys[(at + 1) % cycle.keys.len()];
                        diagnostic = if diagnostic.span.is_none() { diagnostic.at(span) } else { diagnostic.label(span, format!("refers to {}", self.name(next))) };
                    }
                }
                diagnostic
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::io;
    use std::path::Path;

    struct Files(BTreeMap<&'static str, &'static str>);
    impl weir_config::FileSystem for Files {
        fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
            let prefix = if dir == Path::new(".") { String::new() } else { format!("{}/", dir.display()) };
            Ok(self.0.keys().filter_map(|name| name.strip_prefix(&prefix)).filter(|name| !name.contains('/')).map(str::to_owned).collect())
        }
        fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
            let name = file.strip_prefix("./").unwrap_or(file).display().to_string();
            self.0.get(name.as_str()).map(|text| text.as_bytes().to_vec()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        }
    }

    fn build(files: &[(&'static str, &'static str)]) -> (Nodes, Vec<String>) {
        let (config, diags) = weir_config::load(&Files(files.iter().copied().collect()), Path::new("."));
        assert!(!diags.has_errors(), "{:?}", diags.iter().collect::<Vec<_>>());
        let (nodes, diags) = Nodes::build(&config);
        let found = diags.iter().map(|diagnostic| format!("{}: {}", diagnostic.summary, diagnostic.detail)).collect();
        (nodes, found)
    }

    /// What a node depends on, by name.
    fn needs(nodes: &Nodes, name: &str) -> Vec<String> {
        let id = (0..nodes.nodes.len()).find(|id| nodes.name(*id) == name).unwrap();
        let mut found: Vec<String> = nodes.deps[id].iter().map(|dep| nodes.name(*dep)).collect();
        found.sort();
        found
    }

    #[test]
    fn references_are_edges() {
        let (nodes, errors) = build(&[
            (
                "main.tf",
                "variable \"v\" {}\nlocals { l = var.v }\nresource \"a_a\" \"x\" {\n  count = local.l\n  dynamic \"b\" {\n    for_each = [1]\n    content { c = b.value + data.a_d.y.n }\n  }\n  depends_on = [module.m]\n}\ndata \"a_d\" \"y\" {}\nmodule \"m\" {\n  source = \"./m\"\n  i = a_a.z.id\n}\nresource \"a_a\" \"z\" {}\noutput \"o\" { value = module.m.o }\n",
            ),
            ("m/main.tf", "variable \"i\" {}\noutput \"o\" { value = var.i }\noutput \"p\" { value = 1 }\n"),
        ]);
        assert_eq!(errors, [""; 0]);
        assert_eq!(needs(&nodes, "local.l"), ["var.v"]);
        assert_eq!(needs(&nodes, "a_a.x"), ["data.a_d.y", "local.l", "module.m", "module.m (all)", "provider.a"]);
        assert_eq!(needs(&nodes, "output.o"), ["module.m", "module.m.output.o"]);
        assert_eq!(needs(&nodes, "module.m.var.i"), ["a_a.z", "module.m"]);
    }

    #[test]
    fn cycles_are_told_as_chains() {
        let (_, errors) = build(&[("main.tf", "locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\n")]);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].contains("local.a\n  → local.b\n  → local.c\n  → local.a"), "{}", errors[0]);
        let (_, errors) = build(&[("main.tf", "resource \"a_a\" \"x\" { n = a_a.x.id }\n")]);
        assert!(errors[0].starts_with("Self-referential block: The configuration of a_a.x"), "{}", errors[0]);
    }

    #[test]
    fn providers_are_inherited_or_handed_in() {
        let main = "provider \"a\" {}\nprovider \"a\" { alias = \"east\" }\nmodule \"m\" {\n  source = \"./m\"\n}\nmodule \"n\" {\n  source = \"./m\"\n  providers = { a = a.east }\n}\n";
        let (nodes, errors) = build(&[("main.tf", main), ("m/main.tf", "resource \"a_a\" \"x\" {}\n")]);
        assert_eq!(errors, [""; 0]);
        assert_eq!(needs(&nodes, "module.m.a_a.x"), ["module.m", "provider.a"]);
        assert_eq!(needs(&nodes, "module.n.a_a.x"), ["module.n", "provider.a.east"]);
    }
}
