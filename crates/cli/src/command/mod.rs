//! One file per command. To add one: write the file with a clap struct `Arguments` that has `fn run(self, &Context) -> Outcome`, and name it in the list
//! below.

use std::ffi::OsString;

use crate::arguments::{self, Asked, Cli};
use crate::context::Context;
use crate::environment::Environment;
use crate::exit::{Exit, Failure, Outcome};
use crate::log;
use crate::output::Output as Stream;
use crate::terminal::Terminal;
use crate::view::diagnostic::Look;

macro_rules! commands {
    ($($module:ident: $name:ident,)*) => {
        $(mod $module;)*

        /// What can be done.
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Command {
            $(#[allow(missing_docs)] $name($module::Arguments),)*
        }

        impl Command {
            fn run(self, context: &Context) -> Outcome {
                match self {
                    $(Self::$name(arguments) => arguments.run(context),)*
                }
            }
        }
    };
}

commands! {
    apply: Apply,
    cert: Cert,
    console: Console,
    destroy: Destroy,
    fmt: Fmt,
    force_unlock: ForceUnlock,
    gate: Gate,
    get: Get,
    graph: Graph,
    import: Import,
    init: Init,
    output: Output,
    pki: Pki,
    plan: Plan,
    providers: Providers,
    refresh: Refresh,
    sandbox: Sandbox,
    show: Show,
    state: State,
    taint: Taint,
    untaint: Untaint,
    validate: Validate,
    vault: Vault,
    version: Version,
    workspace: Workspace,
}

impl Command {
    /// Whether a program is to be told, message by message.
    fn streams(&self) -> bool {
        match self {
            Self::Apply(arguments) => arguments.json,
            Self::Destroy(arguments) => arguments.streams(),
            Self::Plan(arguments) => arguments.json,
            Self::Refresh(arguments) => arguments.streams(),
            _ => false,
        }
    }
}

/// Runs one command line to its end.
pub(crate) fn main(words: impl IntoIterator<Item = OsString>, env: Environment) -> Exit {
    let words: Vec<OsString> = words.into_iter().collect();
    let early = Terminal::new(&env, arguments::no_color(&words), None);
    let cli = match arguments::parse(words, &env) {
        Ok(Asked::Run(cli)) => *cli,
        Ok(Asked::Help(text, exit)) => {
            Stream::standard().text(text);
            return exit;
        }
        Err(failure) => return tell(&failure, early),
    };
    let terminal = Terminal::new(&env, cli.no_color, cli.input);
    match enter(cli, env, terminal) {
        Ok(exit) => exit,
        Err(failure) => tell(&failure, terminal),
    }
}

fn enter(cli: Cli, env: Environment, terminal: Terminal) -> Outcome {
    log::start(&env)?;
    if let Some(dir) = &cli.chdir {
        let moved = std::env::set_current_dir(dir);
        moved.map_err(|error| Failure::error("Cannot change the folder", format!("-chdir={}: {error}.", dir.display())))?;
    }
    let context = if cli.command.streams() { Context::streaming(env, terminal) } else { Context::new(env, terminal) };
    let outcome = cli.command.run(&context);
    let outcome = match outcome {
        Err(failure) if context.stream.is_some() => {
            context.report(&failure.diagnostics, &failure.sources);
            Ok(failure.exit)
        }
        outcome => outcome,
    };
    let lost = context.output_failure().map(|error| Failure::error("The output is not complete", format!("Standard output cannot be written: {error}.")));
    match (outcome, lost) {
        (Ok(_), Some(lost)) => Err(lost),
        (outcome, _) => outcome,
    }
}

fn tell(failure: &Failure, terminal: Terminal) -> Exit {
    let err = Stream::error();
    for diagnostic in failure.diagnostics.iter() {
        err.text(Look::of(&terminal).render(diagnostic, &failure.sources));
    }
    failure.exit
}
