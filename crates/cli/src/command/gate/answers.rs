//! Answers to gates, for unattended runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use weir_addr::GateName;
use weir_config::syntax::parse;
use weir_diag::{Diagnostics, Sources};
use weir_eval::Evaluator;
use weir_value::Value;

use crate::exit::Failure;
use crate::file;
use crate::stack::Stack;

/// Values of a gate's inputs.
pub(crate) type Inputs = BTreeMap<Arc<str>, Value>;

/// What to answer at which gate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(BTreeMap<GateName, Inputs>);

impl Answers {
    /// Reads a file of `gate "NAME" { input = value }` blocks.
    pub(crate) fn read(stack: &Stack, path: &Path) -> Result<Self, Failure> {
        let text = file::read(path)?;
        let mut sources = Sources::new();
        let id = sources.add(path.display().to_string(), text);
        let (body, mut diags): (_, Diagnostics) = parse(&sources, id);
        let host = stack.host();
        let mut answers = BTreeMap::new();
        for attribute in &body.attributes {
            diags.error(attribute.name.span, "Unsupported argument", "A file of answers holds gate blocks: gate \"NAME\" { input = value }.");
        }
        for block in &body.blocks {
            let ("gate", [name]) = (&*block.kind.name, block.labels.as_slice()) else {
                diags.error(block.span, "Unsupported block type", "A file of answers holds gate blocks with one label: gate \"NAME\" { input = value }.");
                continue;
            };
            let gate = GateName::new(name.name.clone());
            let Some(declared) = stack.config.root.gates.get(&gate) else {
                let hint = weir_diag::did_you_mean(&name.name, stack.config.root.gates.keys().map(GateName::as_str));
                diags.error(name.span, "No such gate", format!("The stack has no gate \"{}\".{hint}", name.name));
                continue;
            };
            let mut inputs = Inputs::new();
            for attribute in &block.body.attributes {
                if !declared.inputs.contains_key(&attribute.name.name) {
                    let hint = weir_diag::did_you_mean(&attribute.name.name, declared.inputs.keys().map(|name| &**name));
                    diags.error(attribute.name.span, "Unsupported argument", format!("{gate} has no input \"{}\".{hint}", attribute.name.name));
                    continue;
                }
                let mut evaluator = Evaluator::new(&(), &host);
                inputs.insert(attribute.name.name.clone(), evaluator.eval(&attribute.expr));
                diags.extend(evaluator.diags);
            }
            answers.insert(gate, inputs);
        }
        if diags.has_errors() { Err(Failure::new(diags, &sources)) } else { Ok(Self(answers)) }
    }

    /// The answer to a gate.
    pub(crate) fn get(&self, gate: &GateName) -> Option<&Inputs> {
        self.0.get(gate)
    }
}
