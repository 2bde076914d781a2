//! What may start now, given what has ended.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::Hash;

use crate::{Cycle, Graph, NodeIx};

/// How a node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// What depends on it may start.
    Done,
    /// What depends on it is skipped: it failed, or it is a gate that is not open.
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Waiting,
    Running,
    Ended,
    Skipped,
}

/// A walk over a graph, from dependencies to dependents, by as many workers as the caller has.
///
/// It knows nothing of threads or futures: take nodes from [`Walk::ready`] while there are workers, run them, and report each to [`Walk::finish`]. The graph is not borrowed.
#[derive(Clone, Debug)]
pub struct Walk {
    status: Vec<Status>,
    /// How many of what a node depends on have not ended.
    needs: Vec<usize>,
    /// The dependents of node `n` are `dependents[starts[n]..starts[n + 1]]`.
    starts: Vec<usize>,
    dependents: Vec<NodeIx>,
    ranks: Vec<usize>,
    ready: BinaryHeap<Reverse<(usize, NodeIx)>>,
    running: usize,
    skipped: Vec<(NodeIx, NodeIx)>,
    stopped: bool,
}

impl Walk {
    /// A walk over all of `graph`; the cycles if it has any.
    pub fn new<K: Clone + Eq + Hash + Ord, N>(graph: &Graph<K, N>) -> Result<Self, Vec<Cycle<K>>> {
        let order = graph.order()?;
        let mut ranks = vec![0; graph.len()];
        for (rank, node) in order.into_iter().enumerate() {
            ranks[node.index()] = rank;
        }
        let needs = graph.needs();
        let mut starts = Vec::with_capacity(graph.len() + 1);
        let mut dependents = Vec::with_capacity(graph.edge_count());
        for node in graph.nodes() {
            starts.push(dependents.len());
            dependents.extend(graph.dependents(node));
        }
        starts.push(dependents.len());
        let ready = graph.nodes().filter(|node| needs[node.index()] == 0).map(|node| Reverse((ranks[node.index()], node))).collect();
        let status = vec![Status::Waiting; graph.len()];
        Ok(Self { status, needs, starts, dependents, ranks, ready, running: 0, skipped: Vec::new(), stopped: false })
    }

    /// A node to start now, in the graph's order; none if all that could start has.
    pub fn ready(&mut self) -> Option<NodeIx> {
        if self.stopped {
            return None;
        }
        let Reverse((_, node)) = self.ready.pop()?;
        self.status[node.index()] = Status::Running;
        self.running += 1;
        Some(node)
    }

    /// Takes note that a node ended. False, and nothing noted, if it was not running.
    pub fn finish(&mut self, node: NodeIx, end: End) -> bool {
        if self.status[node.index()] != Status::Running {
            return false;
        }
        self.status[node.index()] = Status::Ended;
        self.running -= 1;
        match end {
            End::Done => {
                for at in self.range(node) {
                    let dependent = self.dependents[at];
                    self.needs[dependent.index()] -= 1;
                    if self.needs[dependent.index()] == 0 && self.status[dependent.index()] == Status::Waiting {
                        self.ready.push(Reverse((self.ranks[dependent.index()], dependent)));
                    }
                }
            }
            End::Failed => self.skip_dependents(node),
        }
        true
    }

    fn skip_dependents(&mut self, cause: NodeIx) {
        let mut stack = vec![cause];
        while let Some(node) = stack.pop() {
            for at in self.range(node) {
                let dependent = self.dependents[at];
                if self.status[dependent.index()] == Status::Waiting {
                    self.status[dependent.index()] = Status::Skipped;
                    self.skipped.push((dependent, cause));
                    stack.push(dependent);
                }
            }
        }
    }

    fn range(&self, node: NodeIx) -> std::ops::Range<usize> {
        self.starts[node.index()]..self.starts[node.index() + 1]
    }

    /// Starts nothing more; what runs may end.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// How many nodes run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Whether nothing runs and nothing more will start.
    pub fn is_over(&self) -> bool {
        self.running == 0 && (self.stopped || self.ready.is_empty())
    }

    /// What will not start, and the failed node because of which, in the order in which that became known.
    pub fn skipped(&self) -> &[(NodeIx, NodeIx)] {
        &self.skipped
    }

    /// What was neither started nor skipped: something only after [`Walk::stop`], or while it goes on. In the graph's order.
    pub fn waiting(&self) -> Vec<NodeIx> {
        let mut waiting: Vec<(usize, NodeIx)> =
            (0..self.status.len()).filter(|at| self.status[*at] == Status::Waiting).map(|at| (self.ranks[at], NodeIx(petgraph::graph::NodeIndex::new(at)))).collect();
        waiting.sort_unstable();
        waiting.into_iter().map(|(_, node)| node).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::{graph, names};

    /// Walks with `workers`, the longest running ends first; `!` marks what fails. Each step shows what runs.
    fn check(text: &str, workers: usize, fails: &[&str]) -> (String, String) {
        let graph = graph(text);
        let mut walk = Walk::new(&graph).unwrap();
        let mut running = std::collections::VecDeque::new();
        let mut steps = Vec::new();
        while !walk.is_over() {
            while running.len() < workers {
                let Some(node) = walk.ready() else { break };
                running.push_back(node);
            }
            assert_eq!(walk.running(), running.len());
            steps.push(names(&graph, running.iter().copied()));
            let node = running.pop_front().unwrap();
            let end = if fails.contains(&graph.key(node).as_str()) { End::Failed } else { End::Done };
            assert!(walk.finish(node, end) && !walk.finish(node, end));
        }
        let skipped = walk.skipped().iter().map(|(node, cause)| format!("{}<{}", graph.key(*node), graph.key(*cause)));
        let mut skipped: Vec<String> = skipped.collect();
        skipped.sort();
        assert!(walk.waiting().is_empty());
        (steps.join(", "), skipped.join(" "))
    }

    #[test]
    fn starts_as_soon_as_possible() {
        assert_eq!(check("d>b>a d>c>a e", 2, &[]).0, "a e, e b, b c, c, d");
        assert_eq!(check("d>b>a d>c>a e", 1, &[]).0, "a, b, c, d, e");
        assert_eq!(check("b>a b>a", 9, &[]).0, "a, b");
        assert_eq!(check("", 1, &[]).0, "");
    }

    #[test]
    fn failure_skips_dependents_once() {
        let (steps, skipped) = check("d>b>a d>c>a e>d f", 2, &["b", "c"]);
        assert_eq!((steps.as_str(), skipped.as_str()), ("a f, f b, b c, c", "d<b e<b"));
        assert_eq!(check("b>a c", 1, &["a"]), ("a, c".to_owned(), "b<a".to_owned()));
        // b is skipped because of x, and a ends well only afterwards.
        assert_eq!(check("b>a b>x", 2, &["x"]).1, "b<x");
        assert_eq!(check("b>a b>x c>b", 2, &["a"]).1, "b<a c<a");
    }

    #[test]
    fn stops() {
        let graph = graph("b>a c");
        let mut walk = Walk::new(&graph).unwrap();
        let a = walk.ready().unwrap();
        walk.stop();
        assert!(walk.ready().is_none() && !walk.is_over());
        assert!(walk.finish(a, End::Done) && walk.is_over());
        assert_eq!(names(&graph, walk.waiting()), "b c");
        assert!(walk.skipped().is_empty());
    }

    #[test]
    fn cycles_are_refused() {
        assert_eq!(Walk::new(&graph("a>b>a")).unwrap_err().len(), 1);
    }

    #[test]
    fn a_long_chain_and_a_wide_fan() {
        let mut graph = Graph::new();
        let nodes: Vec<NodeIx> = (0..100_000).map(|key| graph.add_node(key, ())).collect();
        for at in 1..50_000 {
            graph.add_edge(nodes[at], nodes[at - 1]);
        }
        for at in 50_000..100_000 {
            graph.add_edge(nodes[at], nodes[49_999]);
        }
        let mut walk = Walk::new(&graph).unwrap();
        let mut count = 0;
        while let Some(node) = walk.ready() {
            count += 1;
            let end = if count == 50_000 { End::Failed } else { End::Done };
            walk.finish(node, end);
        }
        assert_eq!((count, walk.skipped().len()), (50_000, 50_000));
        let mut walk = Walk::new(&graph).unwrap();
        let first = walk.ready().unwrap();
        walk.finish(first, End::Failed);
        assert_eq!(walk.skipped().len(), 99_999);
    }
}
