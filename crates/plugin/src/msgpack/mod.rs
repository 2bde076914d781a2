//! Values as MessagePack, in the form that the protocol gives them: typed by a schema, so that the same bytes mean different things under different types.
//!
//! Unknown values are extensions (0, or 12 with what is known of them), numbers are exact (as text where no machine number holds them), and where the type says `any` a
//! value is a pair of its type and itself.

mod read;
mod write;

pub use read::decode;
pub use write::encode;

use weir_value::Path;

/// The extension of an unknown value of which nothing is known.
const UNKNOWN: i8 = 0;
/// The extension of an unknown value with refinements.
const REFINED: i8 = 12;

/// The keys of the map in a refined unknown value.
mod refinement {
    pub(super) const IS_NULL: i64 = 1;
    pub(super) const PREFIX: i64 = 2;
    pub(super) const MIN_LENGTH: i64 = 5;
    pub(super) const MAX_LENGTH: i64 = 6;
}

/// Why a value could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError {
    /// Where.
    pub path: Path,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for CodecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.to_string();
        if path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", path.trim_start_matches('.'), self.message) }
    }
}

impl std::error::Error for CodecError {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use weir_value::{Number, Refinement, Type, Unknown, Value};

    use super::*;

    fn check(value: Value, ty: Type, bytes: &[u8]) {
        assert_eq!(encode(&value, &ty).unwrap(), bytes, "{value:?}");
        assert_eq!(decode(bytes, &ty).unwrap(), value);
    }

    #[test]
    fn bytes_are_those_of_the_protocol() {
        check(Value::Null(Type::String), Type::String, b"\xc0");
        check(true.into(), Type::Bool, b"\xc3");
        check(Value::unknown(Type::Number), Type::Number, b"\xd4\x00\x00");
        check("a".into(), Type::String, b"\xa1a");
        check(Value::from(5), Type::Number, b"\x05");
        check(Value::from(-200), Type::Number, b"\xd1\xff\x38");
        check(Value::Number(Number::parse("1.5").unwrap()), Type::Number, b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00");
        let big = Number::parse("123456789012345678901").unwrap();
        check(Value::Number(big), Type::Number, b"\xb5123456789012345678901");
        check(Value::strings(["x"]), Type::list(Type::String), b"\x91\xa1x");
        let object = Type::object([("b", Type::Bool), ("a", Type::String)]);
        check(Value::object([("a", Value::Null(Type::String)), ("b", false.into())]), object, b"\x82\xa1a\xc0\xa1b\xc2");
        check("a".into(), Type::Dynamic, b"\x92\xc4\x08\"string\"\xa1a");
        check(Value::unknown_not_null(Type::String), Type::String, b"\xc7\x03\x0c\x81\x01\xc2");
    }

    #[test]
    fn what_does_not_fit_is_an_error_with_a_path() {
        let ty = Type::object([("a", Type::list(Type::Bool))]);
        let error = decode(b"\x81\xa1a\x91\xa1x", &ty).unwrap_err();
        assert_eq!(error.to_string(), "a[0]: a bool is required, but have MessagePack 0xa1");
        for cut in [&b""[..], b"\x81", b"\x81\xa1", b"\x81\xa1a\xdd\xff\xff\xff\xff", b"\x81\xa1b\xc0", b"\xc0\xc0"] {
            assert!(decode(cut, &ty).is_err(), "{cut:?}");
        }
        assert!(encode(&Value::from("x"), &ty).is_err());
    }

    #[test]
    fn unknown_refinements_are_skipped() {
        // A lower bound of a number, which Weir does not keep, before one that it does.
        let bytes = b"\xc7\x07\x0c\x82\x03\x92\x05\xc3\x01\xc2";
        assert_eq!(decode(bytes, &Type::Number).unwrap(), Value::unknown_not_null(Type::Number));
        assert_eq!(decode(b"\xd4\x63\x00", &Type::Bool).unwrap(), Value::unknown(Type::Bool));
    }

    fn types() -> impl Strategy<Value = Type> {
        let leaf = prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String), Just(Type::Dynamic)];
        leaf.prop_recursive(4, 24, 4, |inner| {
            // Collections of any are of one type in values, so their elements are concrete.
            let concrete = inner.clone().prop_map(|ty| if ty.has_dynamic() { Type::String } else { ty });
            prop_oneof![
                concrete.clone().prop_map(Type::list),
                concrete.clone().prop_map(Type::set),
                concrete.prop_map(Type::map),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Type::tuple),
                prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                    .prop_map(|attributes| Type::object(attributes.into_iter().map(|(name, ty)| (Arc::from(name), ty)))),
            ]
        })
    }

    fn numbers() -> impl Strategy<Value = Number> {
        prop_oneof![
            any::<i64>().prop_map(|number| Number::parse(&number.to_string()).unwrap()),
            (-1000i64..1000, 0u32..100).prop_map(|(whole, part)| Number::parse(&format!("{whole}.{part:02}")).unwrap()),
            "[1-9][0-9]{20,60}".prop_map(|digits| Number::parse(&digits).unwrap()),
            any::<f64>().prop_filter_map("finite", Number::from_f64),
        ]
    }

    fn refinements(ty: Type) -> BoxedStrategy<Value> {
        let text = matches!(ty, Type::String);
        let collection = ty.element().is_some();
        (any::<bool>(), "[a-z]{0,5}", 0u64..3, prop::option::of(3u64..9))
            .prop_map(move |(not_null, prefix, min, max)| {
                let mut refinement = Refinement { not_null, ..Refinement::default() };
                if text {
                    refinement.prefix = prefix.into();
                }
                if collection {
                    (refinement.min_length, refinement.max_length) = (min, max);
                }
                Value::Unknown(Arc::new(Unknown { ty: ty.clone(), refinement, cause: None }))
            })
            .boxed()
    }

    fn values(ty: Type) -> BoxedStrategy<Value> {
        let some: BoxedStrategy<Value> = match &ty {
            Type::Dynamic => types().prop_flat_map(values).boxed(),
            Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
            Type::Number => numbers().prop_map(Value::Number).boxed(),
            Type::String => any::<String>().prop_map(Value::string).boxed(),
            Type::List(element) | Type::Set(element) => {
                let (element, set) = ((**element).clone(), matches!(ty, Type::Set(_)));
                prop::collection::vec(values(element.clone()), 0..20)
                    .prop_map(move |items| if set { Value::set(element.clone(), items) } else { Value::list(element.clone(), items) })
                    .boxed()
            }
            Type::Map(element) => {
                let element = (**element).clone();
                prop::collection::btree_map("\\PC{0,40}", values(element.clone()), 0..4).prop_map(move |entries| Value::map(element.clone(), entries)).boxed()
            }
            Type::Tuple(items) => items.iter().cloned().map(values).collect::<Vec<_>>().prop_map(Value::tuple).boxed(),
            Type::Object(object) => {
                object.attributes.iter().map(|(name, ty)| (Just(name.clone()), values(ty.clone()))).collect::<Vec<_>>().prop_map(Value::object).boxed()
            }
        };
        prop_oneof![8 => some, 1 => Just(Value::Null(ty.clone())), 1 => refinements(ty)].boxed()
    }

    proptest! {
        #[test]
        fn every_value_survives((value, ty) in types().prop_flat_map(|ty| (values(ty.clone()), Just(ty)))) {
            let bytes = encode(&value, &ty).unwrap();
            prop_assert_eq!(decode(&bytes, &ty).unwrap(), value);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), ty in types()) {
            let _ = decode(&bytes, &ty);
        }
    }
}
