//! A keyed DAG on petgraph: order, cycles, bounded concurrent walk, DOT.
//!
//! An edge goes from what needs to what is needed; everything here speaks of *dependencies* and *dependents*. All of it is linear in nodes and edges (sorting by key aside), and
//! nothing recurses: a chain of 100,000 nodes is walked like any other graph.
//!
//! It is *not* an executor: [`Walk`] says what may start, and the caller runs it.

mod cycle;
mod dot;
mod graph;
mod walk;

pub use cycle::Cycle;
pub use graph::{Graph, NodeIx};
pub use walk::{End, Walk};
