//! Functions that a provider offers: `provider::NAME::FUNCTION(…)`.

use weir_value::Type;

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// True when null may be given.
    pub allow_null: bool,
}

/// What a function takes and gives. Unknown arguments never reach a function: its result is then unknown.
#[derive(Clone, Debug)]
pub struct FunctionSchema {
    /// Its name, without the provider.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Its parameters in order.
    pub parameters: Vec<Parameter>,
    /// The parameter that takes all further arguments.
    pub variadic: Option<Parameter>,
    /// The type of its result.
    pub returns: Type,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FunctionFault {
    /// The argument that is wrong, from 0.
    pub argument: Option<usize>,
    /// What is wrong.
    pub message: String,
}
