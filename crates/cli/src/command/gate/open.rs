//! `weir gate open`

use std::collections::BTreeSet;
use std::path::PathBuf;

use weir_addr::GateName;
use weir_diag::Diagnostics;
use weir_plan::{GateCandidate, GatePlan, GateStatus, Options};
use weir_state::{Approval, CheckRecord, GateAction, GateEvent, GateState, InputRecord, State, Store};
use weir_value::{Type, Value};

use super::answers::Inputs;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::file;
use crate::prompt;
use crate::stack::{Disk, Stack, VariableFlags, locked, now};
use crate::stored::{ChangeFlags, store_failure, who};

/// Open a gate: give its inputs, have its checks run
///
/// Exit code 4 means that the gate refused what was given.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    variables: VariableFlags,
    #[command(flatten)]
    state: ChangeFlags,
    /// An input: NAME=VALUE; may be given more than once
    #[arg(long = "input", id = "gate-input", value_name = "NAME=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// An input whose value is the content of a file: NAME=PATH; may be given more than once
    #[arg(long, value_name = "NAME=PATH", value_parser = pair)]
    file: Vec<(String, String)>,
    /// The gate
    name: String,
}

/// Reads `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| format!("\"{text}\" is not NAME=VALUE"))
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let mut texts = self.inputs;
        for (name, path) in self.file {
            texts.push((name, file::read(&PathBuf::from(path))?));
        }
        open_named(context, &self.variables, &self.state, &self.name, texts)
    }
}

/// Opens the gate of that name with inputs given as text.
pub(crate) fn open_named(context: &Context, variables: &VariableFlags, state: &ChangeFlags, name: &str, texts: Vec<(String, String)>) -> Outcome {
    let stack = Stack::load(context, &Disk, variables)?;
    let gate = GateName::new(name.strip_prefix("gate.").unwrap_or(name));
    let Some(declared) = stack.config.root.gates.get(&gate) else {
        let hint = weir_diag::did_you_mean(gate.as_str(), stack.config.root.gates.keys().map(GateName::as_str));
        return Err(Failure::error("No such gate", format!("The stack has no gate \"{}\".{hint}", gate.as_str())));
    };
    let mut inputs = Inputs::new();
    for (name, text) in texts {
        let Some(input) = declared.inputs.get(name.as_str()) else {
            let hint = weir_diag::did_you_mean(&name, declared.inputs.keys().map(|name| &**name));
            return Err(Failure::error("No such input", format!("{gate} has no input \"{name}\".{hint}")));
        };
        inputs.insert(name.as_str().into(), value(&stack, &name, &text, &input.constraint.ty)?);
    }
    let (store, _lock) = locked(context, state, "gate open")?;
    context.block_on(async {
        let mut state = stack.state(context, &*store).await?;
        open(context, &stack, &*store, &mut state, &gate, inputs).await
    })?
}

/// An input from its text: as it is for scalars, else an expression.
fn value(stack: &Stack, name: &str, text: &str, ty: &Type) -> Result<Value, Failure> {
    if ty.is_primitive() || *ty == Type::Dynamic {
        return Ok(Value::string(text));
    }
    let mut sources = weir_diag::Sources::new();
    let id = sources.add(format!("<input {name}>"), text);
    let (expr, mut diags) = weir_config::syntax::parse_expression(&sources, id);
    let host = stack.host();
    let mut evaluator = weir_eval::Evaluator::new(&(), &host);
    let value = evaluator.eval(&expr);
    diags.extend(evaluator.diags);
    if diags.has_errors() { Err(Failure::new(diags, &sources)) } else { Ok(value) }
}

/// Runs the checks with these inputs and records the result; an error with exit code 4 when the gate refuses.
pub(crate) async fn open(context: &Context, stack: &Stack, store: &dyn Store, state: &mut State, gate: &GateName, inputs: Inputs) -> Outcome {
    let candidate = GateCandidate { gate: gate.clone(), inputs, wait: true };
    let options = Options { no_refresh: true, parallelism: 10, ..Options::default() };
    let made = stack.plan(state, &options, Some(&candidate)).await;
    let Some(plan) = made.plan.gates.iter().find(|plan| plan.name == *gate) else {
        return Err(Failure::new(made.diags, &stack.config.sources));
    };
    let refused = |state: &mut State, reason: String| {
        record(context, state, plan, GateAction::Refuse, Some(reason));
    };
    if made.diags.has_errors() {
        let reason = made.diags.iter().next().map(|item| item.summary.clone()).unwrap_or_default();
        refused(state, reason);
        store.write(state).map_err(store_failure)?;
        return Err(Failure { exit: Exit(4), ..Failure::new(made.diags, &stack.config.sources) });
    }
    match &plan.status {
        GateStatus::Waiting => {
            return Err(Failure::error(
                "The gate is not ready",
                format!("What {gate} depends on is not applied yet. Run weir apply first: it goes on to this gate and stops there."),
            ));
        }
        GateStatus::Stale(why) => {
            refused(state, why.clone());
            store.write(state).map_err(store_failure)?;
            let mut diags = Diagnostics::new();
            for check in plan.checks.iter().filter(|check| check.ok != Some(true)) {
                let message = if check.message.is_empty() { "it cannot be decided yet" } else { &check.message };
                diags.push(weir_diag::Diagnostic::error(format!("Check \"{}\" does not hold", check.name), message));
            }
            if diags.is_empty() {
                diags.push(weir_diag::Diagnostic::error("The gate stays closed", format!("{why}.")));
            }
            return Err(Failure { exit: Exit(4), ..Failure::new(diags, &stack.config.sources) });
        }
        GateStatus::Ready | GateStatus::Open => {}
    }
    let values = plan.candidate.clone().unwrap_or_default();
    let mut records = std::collections::BTreeMap::new();
    for (name, value) in &values {
        let input = InputRecord::new(value).map_err(|error| Failure::error("Cannot record a gate input", format!("{name}: {error}.")))?;
        records.insert(name.clone(), input);
    }
    let name = who(context);
    let when = now().to_string();
    let entry = state.weir.gates.entry(gate.clone()).or_default();
    entry.inputs = records;
    entry.instructions_digest.clone_from(&plan.instructions_digest);
    entry.approvals = vec![Approval { who: name, when }];
    let enough = approvers(entry) >= plan.approvals;
    entry.state = if enough { GateState::Open } else { GateState::Closed };
    record(context, state, plan, GateAction::Open, None);
    store.write(state).map_err(store_failure)?;
    let paint = context.paint();
    if enough {
        context.out.line(format!("{} {gate} is open.", paint.good("Opened:")));
        if let Some(until) = &plan.valid_until {
            context.out.line(format!("It stays open until {until}."));
        }
    } else {
        context.out.line(format!(
            "{gate} accepted its inputs; it needs {} approvals, this was the first. Others approve with: weir gate approve {}",
            plan.approvals,
            gate.as_str()
        ));
    }
    Ok(Exit::DONE)
}

/// How many different people have approved.
pub(super) fn approvers(record: &weir_state::GateRecord) -> u64 {
    record.approvals.iter().map(|approval| approval.who.as_str()).collect::<BTreeSet<_>>().len() as u64
}

/// Adds an entry to a gate's history.
pub(super) fn record(context: &Context, state: &mut State, plan: &GatePlan, action: GateAction, reason: Option<String>) {
    let approval = state.weir.approval.as_ref().and_then(|raw| serde_json::from_str::<weir_plan::Approval>(raw.as_str()).ok());
    let entry = state.weir.gates.entry(plan.name.clone()).or_default();
    entry.history.push(GateEvent {
        action,
        who: who(context),
        when: now().to_string(),
        reason,
        plan_digest: approval.map(|approval| approval.digest()),
        inputs: if action == GateAction::Open {
            entry.inputs.iter().map(|(name, input)| (name.clone(), input.digest.clone())).collect()
        } else {
            std::collections::BTreeMap::new()
        },
        checks: plan
            .checks
            .iter()
            .map(|check| CheckRecord { name: check.name.to_string(), ok: check.ok == Some(true), message: (!check.message.is_empty()).then(|| check.message.clone()) })
            .collect(),
    });
}

/// Asks whether to open a gate now.
pub(crate) fn wanted(context: &Context, plan: &GatePlan) -> Result<bool, Failure> {
    let out = &context.out;
    out.line(format!("\n{} {}\n", context.paint().bold(format!("{} is ready:", plan.name)), plan.description));
    if let Some(instructions) = &plan.instructions {
        out.line(format!("{}\n", instructions.trim_end()));
    }
    prompt::approve(context, "Do you want to open it now?", "Anything else pauses here; open it later with weir gate open.", "")
}

/// Asks for the inputs of a gate.
pub(crate) fn ask(context: &Context, stack: &Stack, plan: &GatePlan) -> Result<Inputs, Failure> {
    let mut inputs = Inputs::new();
    for input in plan.inputs.iter() {
        context.out.line(format!("{} ({}): {}", input.name, input.ty, input.description));
        let text = prompt::ask(context, "Value, or @FILE")?;
        if text.is_empty() && input.optional {
            continue;
        }
        let text = match text.strip_prefix('@') {
            Some(path) => file::read(&PathBuf::from(path))?,
            None => text,
        };
        inputs.insert(input.name.clone(), value(stack, &input.name, &text, &input.ty)?);
    }
    Ok(inputs)
}
