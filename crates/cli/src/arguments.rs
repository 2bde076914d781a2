//! The command line as Terraform's and OpenTofu's users write it, made into one that clap reads.
//!
//! Long options have one dash or two, values follow after `=` or as the next word, and a switch may be given a value: `-refresh=false`. Words from
//! `TF_CLI_ARGS`, `TF_CLI_ARGS_name` (and the same with `WEIR_`) stand directly after the command's name.

use std::any::TypeId;
use std::ffi::OsString;

use clap::{Arg, ArgAction, CommandFactory, FromArgMatches, Parser};

use crate::command::Command;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};

/// Infrastructure as code across stages and gates.
#[derive(Debug, Parser)]
#[command(name = "weir", disable_version_flag = true, args_override_self = true, max_term_width = 110)]
pub(crate) struct Cli {
    /// Switch to this folder before anything else
    #[arg(long, value_name = "DIR")]
    pub(crate) chdir: Option<std::path::PathBuf>,
    /// Show no colours and no rules
    #[arg(long, global = true, display_order = 900)]
    pub(crate) no_color: bool,
    /// Whether questions may be asked; -input=BOOL as with the incumbents
    #[arg(long = "interactive", global = true, display_order = 901, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) input: Option<bool>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// To run a command.
    Run(Box<Cli>),
    /// To show this text and end.
    Help(String, Exit),
}

/// Reads the command line, the program's name first.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>, env: &Environment) -> Result<Asked, Failure> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    insert_from_environment(&mut words, env)?;
    let mut command = go_switches(Cli::command());
    let matches = command.try_get_matches_from_mut(rewrite(words)).and_then(|matches| Cli::from_arg_matches(&matches));
    match matches {
        Ok(cli) => Ok(Asked::Run(Box::new(cli))),
        Err(error) => explain(&error),
    }
}

/// Whether the words ask for no colours, for what is said before they are understood.
pub(crate) fn no_color(words: &[OsString]) -> bool {
    words.iter().any(|word| matches!(word.to_str(), Some("-no-color" | "--no-color")))
}

fn explain(error: &clap::Error) -> Result<Asked, Failure> {
    use clap::error::ErrorKind;
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp => Ok(Asked::Help(one_dash(&text), Exit::DONE)),
        // As a shell says that a command was not found: nothing was asked.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Ok(Asked::Help(one_dash(&text), Exit(127))),
        _ => {
            let text = one_dash(text.strip_prefix("error: ").unwrap_or(&text));
            Err(Failure::error("Failed to parse the command line", text.replace("For more information, try '-help'.", "For more, run the command with -help.")))
        }
    }
}

/// Options with one dash, as they are documented.
fn one_dash(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("--") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let starts = !before.ends_with(|c: char| c.is_alphanumeric() || c == '-') && after[2..].starts_with(|c: char| c.is_ascii_lowercase());
        out.push_str(if starts { "-" } else { "--" });
        rest = &after[2..];
    }
    out + rest
}

/// Gives every switch an optional value, and lets help be asked for only in its long form or as `-h`.
fn go_switches(command: clap::Command) -> clap::Command {
    let switch = |arg: Arg| {
        if arg.get_value_parser().type_id() != TypeId::of::<bool>() || arg.get_long().is_none() || matches!(arg.get_action(), ArgAction::Help) {
            return arg;
        }
        let arg = match arg.get_action() {
            ArgAction::SetTrue => arg.action(ArgAction::Set).default_value("false"),
            _ => arg,
        };
        arg.num_args(0..=1).require_equals(true).default_missing_value("true").hide_possible_values(true).hide_default_value(true).value_name("BOOL")
    };
    command.mut_args(switch).mut_subcommands(go_switches)
}

fn rewrite(words: Vec<OsString>) -> Vec<OsString> {
    let mut raw = false;
    let mut out = Vec::with_capacity(words.len());
    for (at, word) in words.into_iter().enumerate() {
        let text = word.to_str().unwrap_or_default();
        if raw || at == 0 {
            out.push(word);
            continue;
        }
        let long = text.strip_prefix('-').is_some_and(|name| name.len() > 1 && name.starts_with(|c: char| c.is_ascii_alphabetic()));
        let new = match text {
            // The inputs of gates have the same name.
            "-input=true" | "-input=1" | "--input=true" | "--input=1" => "--interactive=true".into(),
            "-input=false" | "-input=0" | "--input=false" | "--input=0" => "--interactive=false".into(),
            "-v" | "-version" | "--version" if at == 1 => "version".into(),
            _ if long => format!("-{text}").into(),
            _ => word.clone(),
        };
        // What comes after these belongs to another program.
        raw = matches!(text, "--" | "-exec" | "--exec");
        out.push(new);
    }
    out
}

fn insert_from_environment(words: &mut Vec<OsString>, env: &Environment) -> Result<(), Failure> {
    let is_option = |word: &OsString| word.to_str().is_some_and(|text| text.starts_with('-'));
    let mut at = 1;
    while let Some(word) = words.get(at).filter(|word| is_option(word)) {
        at += if matches!(word.to_str(), Some("-chdir" | "--chdir")) { 2 } else { 1 };
    }
    let Some(mut name) = words.get(at).and_then(|word| word.to_str()).map(ToOwned::to_owned) else { return Ok(()) };
    let Some(command) = Cli::command().find_subcommand(&name).cloned() else { return Ok(()) };
    at += 1;
    if let Some(sub) = words.get(at).and_then(|word| word.to_str()).filter(|sub| command.find_subcommand(sub).is_some()) {
        name = format!("{name}_{sub}");
        at += 1;
    }
    let mut more = Vec::new();
    for variable in ["CLI_ARGS".to_owned(), format!("CLI_ARGS_{}", name.replace('-', "_"))] {
        let Some(text) = env.setting(&variable) else { continue };
        let found = shlex::split(text).ok_or_else(|| {
            Failure::error("Invalid words in the environment", format!("{variable} (with WEIR_ or TF_ before it) has a quote that does not end: {text}"))
        })?;
        more.extend(found.into_iter().map(OsString::from));
    }
    words.splice(at..at, more);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &str, env: Environment) -> Cli {
        let words = std::iter::once("weir").chain(words.split(' ')).map(OsString::from);
        match parse(words, &env) {
            Ok(Asked::Run(cli)) => *cli,
            other => panic!("{other:?}"),
        }
    }

    fn check(words: &str) -> String {
        format!("{:?}", run(words, Environment::default()).command)
    }

    #[test]
    fn the_definition_is_sound() {
        go_switches(Cli::command()).debug_assert();
    }

    #[test]
    fn one_dash_two_dashes_and_values() {
        assert_eq!(check("version -json"), check("version --json=true"));
        assert_eq!(check("version -json=false"), check("version"));
        assert_ne!(check("version -json"), check("version"));
        assert_eq!(check("version -json=false -json"), check("version -json"));
        let cli = run("-chdir=a/b version -input=false -no-color", Environment::default());
        assert_eq!((cli.chdir, cli.input, cli.no_color), (Some("a/b".into()), Some(false), true));
        assert_eq!(check("-version"), check("version"));
        assert!(check("gate open g -input a=1 -input=b=false -file=c=d").contains(r#"[("a", "1"), ("b", "false")]"#));
    }

    #[test]
    fn words_from_the_environment() {
        let env = Environment::from([("TF_CLI_ARGS", "-no-color"), ("TF_CLI_ARGS_version", "'-json'"), ("TF_CLI_ARGS_plan", "-nonsense")]);
        let cli = run("-chdir x version", env);
        assert!(cli.no_color);
        assert_eq!(format!("{:?}", cli.command), check("version -json"));
        let words = ["weir", "version"].map(OsString::from);
        assert!(parse(words, &Environment::from([("WEIR_CLI_ARGS", "'")])).is_err());
    }

    #[test]
    fn mistakes_end_with_1() {
        let words = |text: &str| std::iter::once("weir").chain(text.split(' ').filter(|word| !word.is_empty())).map(OsString::from).collect::<Vec<_>>();
        let failure = parse(words("version -jsn"), &Environment::default()).unwrap_err();
        assert_eq!(failure.exit, Exit::ERROR);
        let detail = &failure.diagnostics.iter().next().unwrap().detail;
        assert!(detail.starts_with("unexpected argument '-jsn' found") && detail.contains("'-json'"), "{detail}");
        assert!(matches!(parse(words(""), &Environment::default()), Ok(Asked::Help(_, Exit(127)))));
        assert!(matches!(parse(words("-help"), &Environment::default()), Ok(Asked::Help(text, Exit::DONE)) if text.contains("-chdir <DIR>")));
    }
}
