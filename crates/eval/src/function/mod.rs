//! The functions of the language.
//!
//! A function is an entry in the table of its family (`string.rs`, `network.rs`, …); [`Function::call`] does for all of them what the language
//! says about arguments: their number, conversion, null, marks and values that are not known yet. What comes from outside (files, clock,
//! randomness, templates) is asked of the [`Host`].

mod args;
mod assume;
mod charset;
mod collection;
mod conversion;
mod csv;
mod date;
mod decimal;
mod encoding;
pub(crate) mod equality;
mod error;
mod filesystem;
mod format;
mod glob;
mod hash;
mod host;
mod network;
mod number;
mod re2;
mod regex;
mod sequence;
mod set;
mod string;
mod template;
mod yaml_decode;
mod yaml_encode;

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use weir_value::{Marks, Type, Unknown, Value, convert};

use args::Args;
pub use conversion::type_text;
pub use error::{ErrorKind, FunctionError};
pub use host::{EntryKind, FileError, Host};

/// What a function gives back.
pub type Answer = Result<Value, FunctionError>;

/// One function.
pub struct Function {
    /// Its name, without `core::`.
    pub name: &'static str,
    /// What must be given.
    pub parameters: &'static [Parameter],
    /// What may follow, any number of times.
    pub variadic: Option<Parameter>,
    /// What is known of the result when an argument is not known yet.
    unknown: fn(&[Value]) -> Answer,
    /// The function itself; arguments are converted, without the marks and unknowns that their parameters do not take.
    call: fn(&Args<'_>) -> Answer,
}

/// One parameter.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// Its name, for messages.
    pub name: &'static str,
    /// The type to which arguments are converted; `any` leaves them as they are.
    pub ty: fn() -> Type,
    /// Whether an argument may be null.
    pub null: bool,
    /// Which unknown arguments the function takes itself.
    pub unknown: Unknowns,
    /// Which marks the function carries itself.
    pub marks: MarkRule,
}

/// Which arguments that are not known yet reach a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknowns {
    /// Only what is known through and through.
    None,
    /// A known container of unknown elements.
    Inside,
    /// All.
    Any,
}

/// Which marks of arguments reach a function; the others are put on its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkRule {
    /// No marks, at any depth.
    None,
    /// Marks of elements, not of the argument itself.
    Inside,
    /// All.
    Any,
}

const fn any() -> Type {
    Type::Dynamic
}
const fn text() -> Type {
    Type::String
}
const fn number() -> Type {
    Type::Number
}
fn text_list() -> Type {
    Type::list(Type::String)
}
fn any_list() -> Type {
    Type::list(Type::Dynamic)
}

impl Parameter {
    const fn new(name: &'static str, ty: fn() -> Type) -> Self {
        Self { name, ty, null: false, unknown: Unknowns::None, marks: MarkRule::None }
    }
    const fn any(name: &'static str) -> Self {
        Self::new(name, any)
    }
    const fn text(name: &'static str) -> Self {
        Self::new(name, text)
    }
    const fn number(name: &'static str) -> Self {
        Self::new(name, number)
    }
    /// Null is an argument as any other.
    const fn nullable(mut self) -> Self {
        self.null = true;
        self
    }
    /// The function looks at the container, not at the content: unknown and marked elements are fine.
    const fn shallow(mut self) -> Self {
        self.unknown = Unknowns::Inside;
        self.marks = MarkRule::Inside;
        self
    }
    /// Unknown arguments reach the function.
    const fn unknown(mut self) -> Self {
        self.unknown = Unknowns::Any;
        self
    }
    /// Marked arguments reach the function.
    const fn marked(mut self) -> Self {
        self.marks = MarkRule::Any;
        self
    }
}

impl Function {
    const fn new(name: &'static str, parameters: &'static [Parameter], unknown: fn(&[Value]) -> Answer, call: fn(&Args<'_>) -> Answer) -> Self {
        Self { name, parameters, variadic: None, unknown, call }
    }
    const fn variadic(mut self, parameter: Parameter) -> Self {
        self.variadic = Some(parameter);
        self
    }

    /// The parameter of that argument; `None` where no argument is expected.
    pub fn parameter(&self, at: usize) -> Option<&Parameter> {
        self.parameters.get(at).or(self.variadic.as_ref())
    }

    /// The type of the result as far as it does not depend on the arguments.
    pub fn return_type(&self) -> Type {
        let args: Vec<Value> = self.parameters.iter().chain(&self.variadic).map(|parameter| Value::unknown((parameter.ty)())).collect();
        (self.unknown)(&args).map_or(Type::Dynamic, |value| value.ty())
    }

    /// Calls the function.
    pub fn call(&self, host: &dyn Host, args: &[Value]) -> Answer {
        self.check_count(args.len())?;
        let mut marks = Marks::NONE;
        let mut waits: Option<Option<Arc<str>>> = None;
        let mut values = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            let Some(parameter) = self.parameter(at) else { continue };
            let value = match (parameter.ty)() {
                Type::Dynamic => arg.clone(),
                ty => convert(arg, &ty).map_err(|error| FunctionError::argument(at, error.to_string()))?,
            };
            if !parameter.null && value.is_null() {
                return Err(FunctionError::argument(at, "argument must not be null"));
            }
            let (value, own) = match parameter.marks {
                MarkRule::None => value.unmark_deep(),
                MarkRule::Inside => value.unmark(),
                MarkRule::Any => (value, Marks::NONE),
            };
            marks = marks.union(own);
            let unknown = match parameter.unknown {
                Unknowns::None => !value.is_wholly_known(),
                Unknowns::Inside => !value.is_known(),
                Unknowns::Any => false,
            };
            if unknown && waits.is_none() {
                waits = Some(value.cause());
            }
            values.push(value);
        }
        let result = match waits {
            Some(cause) => (self.unknown)(&values).map(|value| because(value, cause)),
            None => (self.call)(&Args { host, values: &values }),
        };
        match result {
            Ok(value) => Ok(value.with_marks(marks)),
            // The message may quote an argument, or a part of it.
            Err(error) if !marks.is_empty() => Err(error.without_reason(marks)),
            Err(error) => Err(error),
        }
    }

    fn check_count(&self, given: usize) -> Result<(), FunctionError> {
        if let Some(missing) = self.parameters.get(given) {
            let least = if self.variadic.is_some() { "at least " } else { "" };
            return Err(FunctionError {
                kind: ErrorKind::NotEnough,
                argument: Some(given),
                message: format!("Function \"{}\" expects {least}{} argument(s). Missing value for \"{}\".", self.name, self.parameters.len(), missing.name),
            });
        }
        if self.variadic.is_none() && given > self.parameters.len() {
            return Err(FunctionError {
                kind: ErrorKind::TooMany,
                argument: Some(self.parameters.len()),
                message: format!("Function \"{}\" expects only {} argument(s).", self.name, self.parameters.len()),
            });
        }
        Ok(())
    }

    /// The summary and the detail of the diagnostic for an error of this function.
    pub fn explain(&self, error: &FunctionError) -> (&'static str, String) {
        let parameter = error.argument.and_then(|at| self.parameter(at)).map_or("", |parameter| parameter.name);
        match error.kind {
            ErrorKind::NotEnough => ("Not enough function arguments", error.message.clone()),
            ErrorKind::TooMany => ("Too many function arguments", error.message.clone()),
            ErrorKind::Argument => ("Invalid function argument", format!("Invalid value for \"{parameter}\" parameter: {}.", error.message)),
            ErrorKind::Call => ("Error in function call", format!("Call to function \"{}\" failed: {}.", self.name, error.message)),
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// An unknown result says what it waits for, unless it knows better.
fn because(value: Value, cause: Option<Arc<str>>) -> Value {
    match value {
        Value::Unknown(unknown) if unknown.cause.is_none() && cause.is_some() => Value::Unknown(Arc::new(Unknown { cause, ..(*unknown).clone() })),
        other => other,
    }
}

fn unknown_any(_: &[Value]) -> Answer {
    Ok(Value::unknown(Type::Dynamic))
}
fn unknown_text(_: &[Value]) -> Answer {
    Ok(Value::unknown_not_null(Type::String))
}
fn unknown_number(_: &[Value]) -> Answer {
    Ok(Value::unknown_not_null(Type::Number))
}
fn unknown_bool(_: &[Value]) -> Answer {
    Ok(Value::unknown_not_null(Type::Bool))
}
fn unknown_text_list(_: &[Value]) -> Answer {
    Ok(Value::unknown_not_null(text_list()))
}

/// What the evaluator does itself, since it must see the expressions rather than their values.
pub const SPECIAL: [&str; 3] = ["can", "convert", "try"];

const FAMILIES: &[&[Function]] = &[
    assume::FUNCTIONS,
    collection::FUNCTIONS,
    conversion::FUNCTIONS,
    date::FUNCTIONS,
    encoding::FUNCTIONS,
    filesystem::FUNCTIONS,
    format::FUNCTIONS,
    hash::FUNCTIONS,
    network::FUNCTIONS,
    number::FUNCTIONS,
    regex::FUNCTIONS,
    sequence::FUNCTIONS,
    set::FUNCTIONS,
    string::FUNCTIONS,
    template::FUNCTIONS,
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> =
    LazyLock::new(|| FAMILIES.iter().flat_map(|family| family.iter()).map(|function| (function.name, function)).collect());

/// The function of that name, which may start with `core::`; `None` also for those of [`SPECIAL`].
pub fn lookup(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name.strip_prefix("core::").unwrap_or(name)).copied()
}

/// The names of all functions, those of [`SPECIAL`] among them, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = BY_NAME.keys().copied().chain(SPECIAL).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_there_once() {
        assert_eq!(FAMILIES.iter().map(|family| family.len()).sum::<usize>(), BY_NAME.len());
        assert_eq!(names().len(), 137);
        assert_eq!(lookup("core::abs").map(|function| function.name), Some("abs"));
        assert!(lookup("try").is_none() && lookup("nothing").is_none());
    }

    #[test]
    fn counts_are_checked() {
        let explain = |name: &str, count: usize| {
            let function = lookup(name).unwrap();
            let error = function.call(&testing::Nowhere, &vec![Value::from(1); count]).unwrap_err();
            let (summary, detail) = function.explain(&error);
            format!("{summary}: {detail}")
        };
        assert_eq!(explain("abs", 0), "Not enough function arguments: Function \"abs\" expects 1 argument(s). Missing value for \"num\".");
        assert_eq!(explain("abs", 2), "Too many function arguments: Function \"abs\" expects only 1 argument(s).");
        assert_eq!(explain("join", 0), "Not enough function arguments: Function \"join\" expects at least 1 argument(s). Missing value for \"separator\".");
    }

    #[test]
    fn errors_show_no_secrets() {
        let secret = Value::from("hunter2").with_marks(Marks::SENSITIVE);
        let call = |name: &str, args: &[Value]| lookup(name).unwrap().call(&testing::Nowhere, args).unwrap_err().message;
        assert_eq!(call("base64decode", std::slice::from_ref(&secret)), "the reason is not shown, because an argument is sensitive");
        let hidden = "the value is not accepted; the reason is not shown, because an argument is sensitive";
        assert_eq!(call("parseint", &[secret.clone(), 10.into()]), hidden);
        assert_eq!(call("abs", &[secret]), "a number is required");
    }

    #[test]
    fn return_types() {
        let check = |name: &str, expected: &str| assert_eq!(lookup(name).unwrap().return_type().to_string(), expected, "{name}");
        check("abs", "number");
        check("chunklist", "list(list(any))");
        check("merge", "any");
        check("setunion", "set(any)");
    }
}
