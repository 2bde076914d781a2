//! Cycles, as short as can be shown.

use std::collections::VecDeque;
use std::fmt;
use std::hash::Hash;

use petgraph::algo::kosaraju_scc;

use crate::{Graph, NodeIx};

/// A chain of nodes each of which depends on the next, and the last on the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle<K> {
    /// The nodes; the smallest key first.
    pub keys: Vec<K>,
}

/// `a → b → a`
impl<K: fmt::Display> fmt::Display for Cycle<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in &self.keys {
            write!(f, "{key} → ")?;
        }
        self.keys.first().map_or(Ok(()), |first| write!(f, "{first}"))
    }
}

impl<K: Clone + Eq + Hash + Ord, N> Graph<K, N> {
    /// One cycle of each knot of nodes that all depend on each other: the shortest through the node with the smallest key. In the order of these keys.
    pub fn cycles(&self) -> Vec<Cycle<K>> {
        let mut knot = vec![usize::MAX; self.len()];
        let mut cycles = Vec::new();
        for (number, nodes) in kosaraju_scc(&self.inner).into_iter().enumerate() {
            for node in &nodes {
                knot[node.index()] = number;
            }
            let first = nodes.into_iter().map(NodeIx).min_by_key(|node| self.key(*node));
            cycles.extend(first.and_then(|first| self.shortest_through(first, &knot)));
        }
        cycles.sort_unstable_by(|a, b| a.keys.cmp(&b.keys));
        cycles
    }

    /// The shortest way from `start` back to it within its knot, breadth first.
    fn shortest_through(&self, start: NodeIx, knot: &[usize]) -> Option<Cycle<K>> {
        if self.dependencies(start).any(|next| next == start) {
            return Some(Cycle { keys: vec![self.key(start).clone()] });
        }
        let mut reached_from = std::collections::HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for next in self.dependencies(node).filter(|next| knot[next.index()] == knot[start.index()]) {
                if next == start {
                    let mut keys = vec![self.key(node).clone()];
                    let mut at = node;
                    while let Some(&before) = reached_from.get(&at) {
                        at = before;
                        keys.push(self.key(at).clone());
                    }
                    keys.reverse();
                    return Some(Cycle { keys });
                }
                if let std::collections::hash_map::Entry::Vacant(entry) = reached_from.entry(next) {
                    entry.insert(node);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::tests::graph;

    fn check(text: &str) -> String {
        let graph = graph(text);
        let cycles: Vec<String> = graph.cycles().iter().map(ToString::to_string).collect();
        assert_eq!(graph.order().err().map_or(0, |cycles| cycles.len()), cycles.len());
        cycles.join(", ")
    }

    #[test]
    fn each_knot_once_and_short() {
        assert_eq!(check("a>b>c a>c"), "");
        assert_eq!(check("x>y c>a>b>c"), "a → b → c → a");
        assert_eq!(check("a>a b"), "a → a");
        // The way round through b and c is longer than that through d.
        assert_eq!(check("a>b>c>a a>d>a"), "a → d → a");
        // Two knots, one needing the other, and what leads to them.
        assert_eq!(check("z>q q>p p>q q>a a>b b>a"), "a → b → a, p → q → p");
    }
}
