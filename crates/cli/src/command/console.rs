//! `weir console`

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use weir_config::continues;
use weir_config::syntax::{Expr, ExprKind, parse_expression};
use weir_diag::{Diagnostic, Diagnostics, Sources};
use weir_eval::function::type_text;
use weir_plan::{Console, Options, Planning, console};
use weir_state::State;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::stack::{Disk, Stack, VariableFlags};
use crate::stored::StateFlags;
use crate::view::expression;

const HELP: &str = "\
Write an expression to see its value: 1 + 1, var.name, aws_vpc.main.id, or
type(local.x) for its type. It may go over several lines while a bracket is
open. Objects and data sources are what the state says; nothing is read anew.
To leave, write exit, or press Ctrl-D.";

/// Try expressions of the language on this stack
///
/// Names have the values of the state, of the variables, and of what the configuration makes of them. What is piped in is one expression after the other: the value of the last one
/// is printed, and the first error ends it with 1.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    variables: VariableFlags,
    #[command(flatten)]
    place: StateFlags,
}

/// What an entry gives.
enum Answer {
    Text(String),
    Error(Failure),
    Exit,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let mut stack = Stack::load(context, &Disk, &self.variables)?;
        stack.assume_variables();
        let prior = self.place.read(context)?.unwrap_or_else(State::default);
        let options = Options { no_refresh: true, parallelism: 1, ..Options::default() };
        let host = stack.host();
        let planning = Planning {
            config: &stack.config,
            nodes: &stack.nodes,
            catalog: &stack.catalog,
            host: &host,
            prior: &prior,
            options: &options,
            cwd: PathBuf::from("."),
            workspace: stack.workspace.clone(),
            given: &stack.given,
            candidate: None,
        };
        context.block_on(console(planning, |console, diags| {
            context.report(&diags, &stack.config.sources);
            let session = Session { context, console, sources: &stack.config.sources };
            if std::io::stdin().is_terminal() { session.interactive() } else { session.piped() }
        }))?
    }
}

struct Session<'a> {
    context: &'a Context,
    console: &'a Console<'a>,
    sources: &'a Sources,
}

impl Session<'_> {
    /// Answers each entry; an error does not end it.
    fn interactive(&self) -> Outcome {
        while let Some(entry) = self.entry(true)? {
            match self.answer(&entry) {
                Answer::Text(text) => self.context.out.line(text + "\n"),
                Answer::Error(failure) => self.context.report(&failure.diagnostics, &failure.sources),
                Answer::Exit => return Ok(Exit::DONE),
            }
        }
        self.context.out.line("");
        Ok(Exit::DONE)
    }

    /// Prints the answer to the last entry; an error ends it.
    fn piped(&self) -> Outcome {
        let mut last = None;
        while let Some(entry) = self.entry(false)? {
            match self.answer(&entry) {
                Answer::Text(text) => last = Some(text),
                Answer::Error(failure) => return Err(failure),
                Answer::Exit => return Ok(Exit::DONE),
            }
        }
        if let Some(text) = last {
            self.context.out.line(text);
        }
        Ok(Exit::DONE)
    }

    /// One line, and those that follow while a bracket or heredoc is open.
    fn entry(&self, prompts: bool) -> Result<Option<String>, Failure> {
        let mut entry = String::new();
        loop {
            if prompts {
                self.context.out.text(if entry.is_empty() { "> " } else { ": " });
            }
            let read = std::io::stdin().lock().read_line(&mut entry);
            let read = read.map_err(|error| Failure::error("Cannot read the expression", format!("Standard input: {error}.")))?;
            if read == 0 {
                return Ok((!entry.is_empty()).then_some(entry));
            }
            if !continues(&entry) {
                return Ok(Some(entry));
            }
        }
    }

    fn answer(&self, entry: &str) -> Answer {
        match entry.trim() {
            "" => return Answer::Text(String::new()),
            "exit" => return Answer::Exit,
            "help" => return Answer::Text(HELP.to_owned()),
            _ => {}
        }
        let mut sources = self.sources.clone();
        // The end of a heredoc needs the newline behind it.
        let newline = if entry.contains("<<") { "\n" } else { "" };
        let id = sources.add("<console-input>", entry.trim_end().to_owned() + newline);
        let (expr, diags) = parse_expression(&sources, id);
        if diags.has_errors() {
            return Answer::Error(Failure::new(diags, &sources));
        }
        let typed = type_argument(&expr);
        if let Some(inner) = typed
            && type_argument(inner).is_some()
        {
            return Answer::Text("type".to_owned());
        }
        let (value, mut diags) = self.console.eval(typed.unwrap_or(&expr));
        if let Some(call) = find_type(typed.unwrap_or(&expr)) {
            diags = Diagnostics::from(
                Diagnostic::error("Invalid use of type function", "The function \"type\" belongs to the console: it must be the whole expression, not a part of one.")
                    .at(call.span),
            );
        }
        if diags.has_errors() {
            return Answer::Error(Failure::new(diags, &sources));
        }
        self.context.report(&diags, &sources);
        Answer::Text(if typed.is_some() { type_text(&value.ty()) } else { expression::text(&value) })
    }
}

/// What `type(…)` is asked about, when that is the whole expression.
fn type_argument(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Call { name, args, expand: false } if &*name.name == "type" => match args.as_slice() {
            [argument] => Some(argument),
            _ => None,
        },
        ExprKind::Parens(inner) => type_argument(inner),
        _ => None,
    }
}

/// A call of `type` somewhere in an expression.
fn find_type(expr: &Expr) -> Option<&Expr> {
    let mut exprs = vec![expr];
    while let Some(expr) = exprs.pop() {
        match &expr.kind {
            ExprKind::Call { name, args, .. } => {
                if &*name.name == "type" {
                    return Some(expr);
                }
                exprs.extend(args);
            }
            ExprKind::GetAttr { object: inner, .. } | ExprKind::Unary { operand: inner, .. } | ExprKind::Parens(inner) => exprs.push(inner),
            ExprKind::Index { collection: left, key: right } | ExprKind::Splat { source: left, each: right, .. } | ExprKind::Binary { left, right, .. } => {
                exprs.extend([&**left, &**right]);
            }
            ExprKind::Conditional { condition, yes, no } => exprs.extend([&**condition, &**yes, &**no]),
            ExprKind::Tuple(items) => exprs.extend(items),
            ExprKind::Object(items) => exprs.extend(items.iter().flat_map(|item| [&item.key, &item.value])),
            ExprKind::For(each) => {
                exprs.extend([&each.collection, &each.result]);
                exprs.extend(each.result_key.iter().chain(&each.condition));
            }
            _ => {}
        }
    }
    None
}
