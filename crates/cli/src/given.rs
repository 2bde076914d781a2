//! `-var` and `-var-file`, in the order in which they are given: the last one counts.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};

/// One of the two.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    /// `-var=NAME=VALUE`
    Value(String),
    /// `-var-file=FILE`
    File(PathBuf),
}

/// Values of variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct VariableFlags {
    pub(crate) given: Vec<Given>,
}

impl clap::Args for VariableFlags {
    fn augment_args(command: Command) -> Command {
        let var = Arg::new("var").long("var").value_name("NAME=VALUE").action(ArgAction::Append);
        let file = Arg::new("var_file").long("var-file").value_name("FILE").action(ArgAction::Append).value_parser(clap::value_parser!(PathBuf));
        command
            .arg(var.help("Value of a root variable: NAME=VALUE; may be given more than once"))
            .arg(file.help("File with values of root variables; may be given more than once"))
    }
    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for VariableFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let places = |name: &str| matches.indices_of(name).into_iter().flatten();
        let values = matches.get_many::<String>("var").into_iter().flatten().map(|text| Given::Value(text.clone()));
        let files = matches.get_many::<PathBuf>("var_file").into_iter().flatten().map(|path| Given::File(path.clone()));
        let mut all: Vec<(usize, Given)> = places("var").zip(values).chain(places("var_file").zip(files)).collect();
        all.sort_by_key(|(place, _)| *place);
        Ok(Self { given: all.into_iter().map(|(_, given)| given).collect() })
    }
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
