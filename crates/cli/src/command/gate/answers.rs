//! Answers to gates and stages, for unattended runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use weir_addr::{GateName, StageName};
use weir_config::CallKind;
use weir_config::syntax::{Block, parse};
use weir_diag::{Diagnostics, Sources};
use weir_eval::Evaluator;
use weir_value::Value;

use crate::exit::Failure;
use crate::file;
use crate::stack::Stack;

/// Values of a gate's inputs.
pub(crate) type Inputs = BTreeMap<Arc<str>, Value>;

/// What to answer at which gate, and before which stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    gates: BTreeMap<GateName, Inputs>,
    stages: BTreeMap<StageName, bool>,
}

const FORM: &str =
    "A file of answers holds blocks with one label: gate \"NAME\" { input = value } opens a gate, stage \"NAME\" { confirm = true } lets a stage begin that asks.";

impl Answers {
    /// Reads a file of answers. It has a block for each gate that may be opened and for each stage with `confirm = true` that may begin:
    ///
    /// ```hcl
    /// gate "root_ca" {
    ///   chain_pem = file("chain.pem")
    /// }
    ///
    /// stage "cluster" {
    ///   confirm = true
    /// }
    /// ```
    ///
    /// `confirm = false` is an answer too: the run pauses before the stage without asking.
    pub(crate) fn read(stack: &Stack, path: &Path) -> Result<Self, Failure> {
        let text = file::read(path)?;
        let mut sources = Sources::new();
        let id = sources.add(path.display().to_string(), text);
        let (body, mut diags): (_, Diagnostics) = parse(&sources, id);
        let mut answers = Self::default();
        for attribute in &body.attributes {
            diags.error(attribute.name.span, "Unsupported argument", FORM);
        }
        for block in &body.blocks {
            match (&*block.kind.name, block.labels.len()) {
                ("gate", 1) => answers.gate(stack, block, &mut diags),
                ("stage", 1) => answers.stage(stack, block, &mut diags),
                _ => diags.error(block.span, "Unsupported block type", FORM),
            }
        }
        if diags.has_errors() { Err(Failure::new(diags, &sources)) } else { Ok(answers) }
    }

    fn gate(&mut self, stack: &Stack, block: &Block, diags: &mut Diagnostics) {
        let name = &block.labels[0];
        let gate = GateName::new(name.name.clone());
        let Some(declared) = stack.config.root.gates.get(&gate) else {
            let hint = weir_diag::did_you_mean(&name.name, stack.config.root.gates.keys().map(GateName::as_str));
            diags.error(name.span, "No such gate", format!("The stack has no gate \"{}\".{hint}", name.name));
            return;
        };
        let host = stack.host();
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
        self.gates.insert(gate, inputs);
    }

    fn stage(&mut self, stack: &Stack, block: &Block, diags: &mut Diagnostics) {
        let name = &block.labels[0];
        let stages = || stack.config.root.calls.values().filter(|call| call.kind == CallKind::Stage);
        let Some(declared) = stages().find(|call| call.name == name.name) else {
            let hint = weir_diag::did_you_mean(&name.name, stages().map(|call| &*call.name));
            diags.error(name.span, "No such stage", format!("The stack has no stage \"{}\".{hint}", name.name));
            return;
        };
        if !declared.confirm {
            diags.error(name.span, "Nothing to answer", format!("The stage \"{}\" does not ask: it has no confirm = true. Remove this block.", name.name));
            return;
        }
        for attribute in block.body.attributes.iter().filter(|attribute| &*attribute.name.name != "confirm") {
            diags.error(
                attribute.name.span,
                "Unsupported argument",
                format!("The answer to a stage is confirm = true; \"{}\" is not expected here.", attribute.name.name),
            );
        }
        for nested in &block.body.blocks {
            diags.error(nested.span, "Unsupported block type", "The answer to a stage is confirm = true; blocks are not expected here.");
        }
        let Some(attribute) = block.body.attribute("confirm") else {
            diags.error(block.span, "Missing required argument", "The argument \"confirm\" is required: true lets the stage begin, false does not.");
            return;
        };
        let host = stack.host();
        let mut evaluator = Evaluator::new(&(), &host);
        let value = evaluator.eval(&attribute.expr);
        let broken = evaluator.diags.has_errors();
        diags.extend(evaluator.diags);
        match value.as_bool() {
            Some(confirm) => {
                self.stages.insert(StageName::new(name.name.clone()), confirm);
            }
            None if broken => {}
            None => diags.error(attribute.expr.span, "Unsuitable value type", "The answer to a stage is true or false."),
        }
    }

    /// The answer to a gate.
    pub(crate) fn get(&self, gate: &GateName) -> Option<&Inputs> {
        self.gates.get(gate)
    }

    /// The answer to a stage that asks.
    pub(crate) fn stage_answer(&self, stage: &StageName) -> Option<bool> {
        self.stages.get(stage).copied()
    }

    /// The stages that may begin.
    pub(crate) fn confirmed(&self) -> BTreeSet<StageName> {
        self.stages.iter().filter(|(_, confirm)| **confirm).map(|(name, _)| name.clone()).collect()
    }
}
