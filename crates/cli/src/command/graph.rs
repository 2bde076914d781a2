//! `weir graph`

use weir_plan::Node;

use crate::context::Context;
use crate::exit::{Exit, Outcome};
use crate::stack::{Disk, Stack, VariableFlags};

/// Print the graph of resources, stages and gates in the DOT language
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    variables: VariableFlags,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let stack = Stack::load(context, &Disk, &self.variables)?;
        let nodes = &stack.nodes;
        let mut graph = weir_graph::Graph::new();
        for id in 0..nodes.nodes.len() {
            graph.add_node(id, ());
        }
        for (id, deps) in nodes.deps.iter().enumerate() {
            for dep in deps {
                graph.add_edge_by_key(&id, dep);
            }
        }
        let text = graph.to_dot(|id, ()| match &nodes.nodes[*id] {
            Node::Done { .. } => format!("{} (done)", nodes.name(*id)),
            _ => nodes.name(*id),
        });
        context.out.text(text);
        Ok(Exit::DONE)
    }
}
