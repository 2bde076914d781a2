//! Names of stages and gates.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::AddrError;
use crate::scan::Scanner;

macro_rules! name {
    ($(#[$doc:meta])* $ty:ident, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $ty(Arc<str>);

        impl $ty {
            #[doc = concat!("The ", $word, " of this name, taken as it is.")]
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The bare name.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The bare name, shared.
            pub fn name(&self) -> &Arc<str> {
                &self.0
            }
        }

        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($word, ".{}"), self.0)
            }
        }

        /// Reads the address or the bare name.
        impl FromStr for $ty {
            type Err = AddrError;
            fn from_str(text: &str) -> Result<Self, AddrError> {
                let mut scanner = Scanner::new(text);
                scanner.eat(concat!($word, "."));
                let name = scanner.identifier(concat!("the name of a ", $word))?;
                scanner.end(Self::new(name))
            }
        }
    };
}

name! {
    /// A stage of the stack; prints `stage.cluster`.
    StageName, "stage"
}
name! {
    /// A gate of the stack; prints `gate.root_ca`.
    GateName, "gate"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads() {
        assert_eq!("root_ca".parse::<GateName>().unwrap().to_string(), "gate.root_ca");
        assert_eq!("gate.root_ca".parse::<GateName>().unwrap().as_str(), "root_ca");
        assert_eq!(StageName::new("pki").to_string(), "stage.pki");
        assert!("gate.".parse::<GateName>().is_err() && "gate.a.b".parse::<GateName>().is_err());
        assert_eq!(serde_json::to_string(&GateName::new("a")).unwrap(), "\"a\"");
    }
}
