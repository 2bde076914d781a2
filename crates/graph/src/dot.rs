//! Graphviz.

use std::fmt::Write;
use std::hash::Hash;

use crate::Graph;

impl<K: Clone + Eq + Hash + Ord, N> Graph<K, N> {
    /// The graph in the DOT language, nodes and edges in the order of keys. An edge leads to what is needed.
    pub fn to_dot(&self, label: impl Fn(&K, &N) -> String) -> String {
        let mut nodes: Vec<_> = self.nodes().collect();
        nodes.sort_unstable_by(|a, b| self.key(*a).cmp(self.key(*b)));
        let labels: Vec<String> = self.nodes().map(|node| quoted(&label(self.key(node), self.payload(node)))).collect();
        let mut out = String::from("digraph {\n  rankdir = \"RL\";\n  node [shape = \"rect\"];\n");
        for node in &nodes {
            let _ = writeln!(out, "  {};", labels[node.index()]);
        }
        for node in &nodes {
            let mut needed: Vec<_> = self.dependencies(*node).collect();
            needed.sort_unstable_by(|a, b| self.key(*a).cmp(self.key(*b)));
            needed.dedup();
            for next in needed {
                let _ = writeln!(out, "  {} -> {};", labels[node.index()], labels[next.index()]);
            }
        }
        out.push_str("}\n");
        out
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use crate::graph::tests::graph;

    #[test]
    fn dot() {
        let text = graph("b>a[\"x\"] b>a[\"x\"]").to_dot(|key, ()| key.clone());
        assert_eq!(
            text,
            r#"digraph {
  rankdir = "RL";
  node [shape = "rect"];
  "a[\"x\"]";
  "b";
  "b" -> "a[\"x\"]";
}
"#
        );
    }
}
