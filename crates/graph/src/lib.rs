//! A keyed DAG on petgraph: cycles and DOT.
//!
//! Edges point from what depends to what is depended on. Everything is linear in nodes and edges and without recursion, so a chain of 100,000 nodes is fine.
//! It is not an executor: the walks of `plan` and `apply` drive their own futures.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::hash::Hash;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Nodes with keys, and what each depends on.
pub struct Graph<K, N> {
    graph: DiGraph<(K, N), ()>,
    index: HashMap<K, NodeIndex>,
}

/// A circle: each key depends on the next, the last on the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle<K> {
    /// The keys in order, each once.
    pub keys: Vec<K>,
}

impl<K: Clone + Eq + Hash + Ord, N> Default for Graph<K, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Clone + Eq + Hash + Ord, N> Graph<K, N> {
    /// An empty graph.
    pub fn new() -> Self {
        Self { graph: DiGraph::new(), index: HashMap::new() }
    }

    /// Adds a node; one that exists keeps its payload.
    pub fn add_node(&mut self, key: K, payload: N) {
        if !self.index.contains_key(&key) {
            let at = self.graph.add_node((key.clone(), payload));
            self.index.insert(key, at);
        }
    }

    /// `from` depends on `to`; nothing happens when one of them is not there.
    pub fn add_edge(&mut self, from: &K, to: &K) {
        if let (Some(from), Some(to)) = (self.index.get(from), self.index.get(to)) {
            self.graph.add_edge(*from, *to, ());
        }
    }

    /// One shortest circle of each group of nodes that depend on each other; empty when the graph has an order.
    pub fn cycles(&self) -> Vec<Cycle<K>> {
        let mut found: Vec<Cycle<K>> = kosaraju_scc(&self.graph).into_iter().filter_map(|group| self.circle(&group)).collect();
        found.sort_by(|a, b| a.keys.cmp(&b.keys));
        found
    }

    fn circle(&self, group: &[NodeIndex]) -> Option<Cycle<K>> {
        let start = *group.iter().min_by_key(|at| &self.graph[**at].0)?;
        if group.len() == 1 && !self.graph.contains_edge(start, start) {
            return None;
        }
        let inside: std::collections::HashSet<NodeIndex> = group.iter().copied().collect();
        let mut came: HashMap<NodeIndex, NodeIndex> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for next in self.graph.neighbors(at).filter(|next| inside.contains(next)) {
                if next == start {
                    let mut keys = vec![self.graph[at].0.clone()];
                    let mut back = at;
                    while back != start {
                        back = *came.get(&back)?;
                        keys.push(self.graph[back].0.clone());
                    }
                    keys.reverse();
                    return Some(Cycle { keys });
                }
                if !came.contains_key(&next) {
                    came.insert(next, at);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// The graph in the DOT language; `label` names a node, or leaves it out.
    pub fn to_dot(&self, label: impl Fn(&K, &N) -> Option<String>) -> String {
        let mut out = String::from("digraph {\n  compound = \"true\"\n  newrank = \"true\"\n");
        let names: Vec<Option<String>> = self.graph.node_weights().map(|(key, payload)| label(key, payload)).collect();
        let mut lines: Vec<String> = names.iter().flatten().map(|name| format!("  {name:?} [shape = \"box\"]\n")).collect();
        lines.sort();
        let mut edges = Vec::new();
        for edge in self.graph.edge_indices() {
            if let Some((from, to)) = self.graph.edge_endpoints(edge)
                && let (Some(Some(from)), Some(Some(to))) = (names.get(from.index()), names.get(to.index()))
            {
                edges.push(format!("  {from:?} -> {to:?}\n"));
            }
        }
        edges.sort();
        edges.dedup();
        for line in lines.into_iter().chain(edges) {
            let _ = write!(out, "{line}");
        }
        out.push_str("}\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(u32, u32)]) -> Graph<u32, ()> {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.add_node(*from, ());
            graph.add_node(*to, ());
            graph.add_edge(from, to);
        }
        graph
    }

    #[test]
    fn circles() {
        assert_eq!(graph(&[(1, 2), (2, 3)]).cycles(), []);
        assert_eq!(graph(&[(1, 2), (2, 3), (3, 1), (3, 2), (4, 4)]).cycles(), [Cycle { keys: vec![1, 2, 3] }, Cycle { keys: vec![4] }]);
        let chain: Vec<(u32, u32)> = (0..100_000).map(|at| (at, at + 1)).collect();
        assert_eq!(graph(&chain).cycles(), []);
    }

    #[test]
    fn dot() {
        let text = graph(&[(1, 2)]).to_dot(|key, ()| Some(format!("n{key}")));
        assert!(text.contains("\"n1\" -> \"n2\""), "{text}");
    }
}
