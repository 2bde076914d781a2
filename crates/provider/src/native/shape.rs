//! From Rust types to schemas.

use std::collections::{BTreeMap, BTreeSet};

use weir_value::Type;

use crate::{Block, Nesting, Schema};

/// A type with attributes; derived.
pub trait Shape {
    /// Its attributes and blocks.
    fn block() -> Block;
}

/// A [`Shape`] that is a type of its own: a resource, a data source, a provider's configuration. Derived with `#[schema(name = …)]`.
pub trait Describe: Shape {
    /// The type's name.
    const NAME: &'static str;
    /// Its schema.
    fn schema() -> Schema;
}

/// The language's type of an attribute's Rust type.
pub trait SchemaType {
    /// The type.
    fn ty() -> Type;
}

impl SchemaType for String {
    fn ty() -> Type {
        Type::String
    }
}
impl SchemaType for bool {
    fn ty() -> Type {
        Type::Bool
    }
}
macro_rules! numbers {
    ($($number:ty)*) => { $(impl SchemaType for $number {
        fn ty() -> Type {
            Type::Number
        }
    })* };
}
numbers!(i32 i64 u64 f64);
impl<T: SchemaType> SchemaType for Option<T> {
    fn ty() -> Type {
        T::ty()
    }
}
impl<T: SchemaType> SchemaType for Vec<T> {
    fn ty() -> Type {
        Type::list(T::ty())
    }
}
impl<T: SchemaType> SchemaType for BTreeSet<T> {
    fn ty() -> Type {
        Type::set(T::ty())
    }
}
impl<T: SchemaType> SchemaType for BTreeMap<String, T> {
    fn ty() -> Type {
        Type::map(T::ty())
    }
}

/// The set of what a list type is a list of.
pub fn as_set(ty: Type) -> Type {
    match ty {
        Type::List(element) => Type::Set(element),
        other => other,
    }
}

/// A Rust type of a nested block: `Option<T>`, `Vec<T>`, `BTreeMap<String, T>`.
pub trait NestedShape {
    /// How it repeats.
    const NESTING: Nesting;
    /// What stands in it.
    fn nested() -> Block;
}
impl<T: Shape> NestedShape for Option<T> {
    const NESTING: Nesting = Nesting::Single;
    fn nested() -> Block {
        T::block()
    }
}
impl<T: Shape> NestedShape for Vec<T> {
    const NESTING: Nesting = Nesting::List;
    fn nested() -> Block {
        T::block()
    }
}
impl<T: Shape> NestedShape for BTreeMap<String, T> {
    const NESTING: Nesting = Nesting::Map;
    fn nested() -> Block {
        T::block()
    }
}
