//! The graph.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::fmt;
use std::hash::Hash;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::Cycle;

/// A node of one graph: its place in the order of insertion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIx(pub(crate) NodeIndex<u32>);

impl NodeIx {
    /// Counted from 0 in the order of insertion, without gaps: for tables beside the graph.
    pub fn index(self) -> usize {
        self.0.index()
    }
}

impl fmt::Debug for NodeIx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.index())
    }
}

/// Nodes with a key and a payload, and which of them needs which.
#[derive(Clone, Debug)]
pub struct Graph<K, N> {
    pub(crate) inner: DiGraph<(K, N), (), u32>,
    by_key: HashMap<K, NodeIx>,
}

impl<K, N> Default for Graph<K, N> {
    fn default() -> Self {
        Self { inner: DiGraph::default(), by_key: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash + Ord, N> Graph<K, N> {
    /// No node.
    pub fn new() -> Self {
        Self::default()
    }

    /// No node yet, but room for so many nodes and edges.
    pub fn with_capacity(nodes: usize, edges: usize) -> Self {
        Self { inner: DiGraph::with_capacity(nodes, edges), by_key: HashMap::with_capacity(nodes) }
    }

    /// Adds a node; if there is one of that key, gives it this payload.
    pub fn add_node(&mut self, key: K, payload: N) -> NodeIx {
        if let Some(&node) = self.by_key.get(&key) {
            self.inner[node.0].1 = payload;
            return node;
        }
        let node = NodeIx(self.inner.add_node((key.clone(), payload)));
        self.by_key.insert(key, node);
        node
    }

    /// Says that `from` depends on `to`. Saying it twice does no harm.
    pub fn add_edge(&mut self, from: NodeIx, to: NodeIx) {
        self.inner.add_edge(from.0, to.0, ());
    }

    /// Says that the node `from` depends on the node `to`; false, and nothing said, if either is not there.
    pub fn add_edge_by_key(&mut self, from: &K, to: &K) -> bool {
        let (Some(from), Some(to)) = (self.node(from), self.node(to)) else { return false };
        self.add_edge(from, to);
        true
    }

    /// The node of this key.
    pub fn node(&self, key: &K) -> Option<NodeIx> {
        self.by_key.get(key).copied()
    }

    /// The key of a node of this graph.
    pub fn key(&self, node: NodeIx) -> &K {
        &self.inner[node.0].0
    }

    /// The payload of a node of this graph.
    pub fn payload(&self, node: NodeIx) -> &N {
        &self.inner[node.0].1
    }

    /// The payload of a node of this graph, to be changed.
    pub fn payload_mut(&mut self, node: NodeIx) -> &mut N {
        &mut self.inner[node.0].1
    }

    /// How many nodes.
    pub fn len(&self) -> usize {
        self.inner.node_count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many edges.
    pub fn edge_count(&self) -> usize {
        self.inner.edge_count()
    }

    /// All nodes, in the order of insertion.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeIx> + use<K, N> {
        self.inner.node_indices().map(NodeIx)
    }

    /// What `node` itself depends on.
    pub fn dependencies(&self, node: NodeIx) -> impl Iterator<Item = NodeIx> + '_ {
        self.inner.neighbors_directed(node.0, Direction::Outgoing).map(NodeIx)
    }

    /// What itself depends on `node`.
    pub fn dependents(&self, node: NodeIx) -> impl Iterator<Item = NodeIx> + '_ {
        self.inner.neighbors_directed(node.0, Direction::Incoming).map(NodeIx)
    }

    /// `starts` and everything that they depend on, however far.
    pub fn ancestors(&self, starts: impl IntoIterator<Item = NodeIx>) -> BTreeSet<NodeIx> {
        self.reach(starts, Direction::Outgoing)
    }

    /// `starts` and everything that depends on them, however far.
    pub fn descendants(&self, starts: impl IntoIterator<Item = NodeIx>) -> BTreeSet<NodeIx> {
        self.reach(starts, Direction::Incoming)
    }

    fn reach(&self, starts: impl IntoIterator<Item = NodeIx>, direction: Direction) -> BTreeSet<NodeIx> {
        let mut seen = vec![false; self.len()];
        let mut stack: Vec<NodeIx> = Vec::new();
        for start in starts {
            if !std::mem::replace(&mut seen[start.index()], true) {
                stack.push(start);
            }
        }
        let mut found = Vec::new();
        while let Some(node) = stack.pop() {
            found.push(node);
            for next in self.inner.neighbors_directed(node.0, direction).map(NodeIx) {
                if !std::mem::replace(&mut seen[next.index()], true) {
                    stack.push(next);
                }
            }
        }
        found.into_iter().collect()
    }

    /// The same nodes with every edge turned round: the order of destruction.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.inner.reverse();
        self
    }

    /// The position of each node among all keys, sorted.
    pub(crate) fn ranks(&self) -> Vec<usize> {
        let mut nodes: Vec<NodeIx> = self.nodes().collect();
        nodes.sort_unstable_by(|a, b| self.key(*a).cmp(self.key(*b)));
        let mut ranks = vec![0; nodes.len()];
        for (rank, node) in nodes.into_iter().enumerate() {
            ranks[node.index()] = rank;
        }
        ranks
    }

    /// For each node, how many edges lead to what it depends on.
    pub(crate) fn needs(&self) -> Vec<usize> {
        let mut needs = vec![0; self.len()];
        for edge in self.inner.raw_edges() {
            needs[edge.source().index()] += 1;
        }
        needs
    }

    /// Every node after all that it depends on; where there is a choice, by key, whatever the order of insertion.
    pub fn order(&self) -> Result<Vec<NodeIx>, Vec<Cycle<K>>> {
        let (ranks, mut needs) = (self.ranks(), self.needs());
        let mut ready: BinaryHeap<Reverse<(usize, NodeIx)>> =
            self.nodes().filter(|node| needs[node.index()] == 0).map(|node| Reverse((ranks[node.index()], node))).collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(Reverse((_, node))) = ready.pop() {
            order.push(node);
            for dependent in self.dependents(node) {
                let left = &mut needs[dependent.index()];
                *left -= 1;
                if *left == 0 {
                    ready.push(Reverse((ranks[dependent.index()], dependent)));
                }
            }
        }
        if order.len() == self.len() { Ok(order) } else { Err(self.cycles()) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// `a>b` says that a depends on b; a bare name is a node.
    pub(crate) fn graph(text: &str) -> Graph<String, ()> {
        let mut graph = Graph::new();
        for word in text.split_whitespace() {
            let nodes: Vec<NodeIx> = word.split('>').map(|key| graph.add_node(key.to_owned(), ())).collect();
            for pair in nodes.windows(2) {
                graph.add_edge(pair[0], pair[1]);
            }
        }
        graph
    }

    pub(crate) fn names(graph: &Graph<String, ()>, nodes: impl IntoIterator<Item = NodeIx>) -> String {
        nodes.into_iter().map(|node| graph.key(node).as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn order_is_by_dependency_then_key() {
        for text in ["c>a c>b b>a z d", "d z b>a c>b c>a c>a"] {
            let graph = graph(text);
            assert_eq!(names(&graph, graph.order().unwrap()), "a b c d z", "{text}");
            let back = graph.reversed();
            assert_eq!(names(&back, back.order().unwrap()), "c b a d z", "{text}");
        }
    }

    #[test]
    fn reach() {
        let graph = graph("a>b>c d>c e");
        let node = |key: &str| graph.node(&key.to_owned()).unwrap();
        assert_eq!(names(&graph, graph.ancestors([node("b")])), "b c");
        assert_eq!(names(&graph, graph.descendants([node("c"), node("e"), node("e")])), "a b c d e");
        assert_eq!(names(&graph, graph.dependencies(node("a"))), "b");
        assert_eq!(graph.descendants([node("d")]).len(), 1);
    }

    #[test]
    fn keys_are_unique() {
        let mut graph = Graph::new();
        let a = graph.add_node("a", 1);
        assert_eq!(graph.add_node("a", 2), a);
        assert_eq!((graph.len(), *graph.payload(a)), (1, 2));
        *graph.payload_mut(a) += 1;
        assert_eq!(*graph.payload(a), 3);
        assert!(!graph.add_edge_by_key(&"a", &"b") && graph.edge_count() == 0);
    }

    #[test]
    fn a_long_chain() {
        let mut graph = Graph::with_capacity(100_000, 100_000);
        let nodes: Vec<NodeIx> = (0..100_000).map(|key| graph.add_node(key, ())).collect();
        for pair in nodes.windows(2) {
            graph.add_edge(pair[0], pair[1]);
        }
        assert_eq!(graph.order().unwrap()[0], nodes[99_999]);
        assert_eq!(graph.ancestors([nodes[0]]).len(), 100_000);
        graph.add_edge(nodes[99_999], nodes[0]);
        let cycles = graph.order().unwrap_err();
        assert_eq!((cycles.len(), cycles[0].keys.len()), (1, 100_000));
    }
}
