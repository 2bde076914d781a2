//! Type constraints: `list(object({ a = optional(string, "x") }))`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_diag::{Diagnostics, did_you_mean};
use weir_value::{ObjectType, Type, Value};

use crate::syntax::{Expr, ExprKind};

/// A type and the defaults of its optional attributes.
#[derive(Clone, Debug)]
pub struct TypeConstraint {
    /// The type.
    pub ty: Type,
    /// The defaults, if there are any.
    pub defaults: Option<Arc<Defaults>>,
}

impl Default for TypeConstraint {
    fn default() -> Self {
        Self { ty: Type::Dynamic, defaults: None }
    }
}

/// The defaults of the optional attributes of a type, unevaluated.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// Of an object: the defaults of its attributes.
    pub own: BTreeMap<Arc<str>, Arc<Expr>>,
    /// Defaults further in.
    pub inner: BTreeMap<DefaultsKey, Arc<Defaults>>,
}

/// A way from a type to one inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefaultsKey {
    /// An attribute of an object.
    Attr(Arc<str>),
    /// The elements of a list, set or map.
    Element,
    /// An element of a tuple.
    At(usize),
}

const NAMES: [&str; 10] = ["any", "bool", "string", "number", "list", "set", "map", "tuple", "object", "optional"];

/// Reads a type constraint.
pub fn parse_type(expr: &Expr, diags: &mut Diagnostics) -> TypeConstraint {
    let (ty, defaults) = parse(expr, diags);
    TypeConstraint { ty, defaults }
}

type Parsed = (Type, Option<Arc<Defaults>>);

const INVALID: &str = "Invalid type specification";

fn parse(expr: &Expr, diags: &mut Diagnostics) -> Parsed {
    match &expr.kind {
        ExprKind::Parens(inner) => parse(inner, diags),
        ExprKind::Variable(name) => (keyword(&name.name, expr, diags), None),
        // Before Terraform 0.12 types were quoted; "string", "list" and "map" are still read.
        ExprKind::Literal(Value::String(name)) => match &**name {
            "string" => (Type::String, None),
            "list" => (Type::list(Type::String), None),
            "map" => (Type::map(Type::String), None),
            _ => {
                diags.error(expr.span, INVALID, format!("A type is written without quotes: {name}."));
                (Type::Dynamic, None)
            }
        },
        ExprKind::Call { name, args, .. } => call(&name.name, args, expr, diags),
        ExprKind::Invalid => (Type::Dynamic, None),
        _ => {
            diags.error(expr.span, INVALID, "A type is needed here: bool, number, string, any, or list(…), set(…), map(…), tuple([…]), object({…}).");
            (Type::Dynamic, None)
        }
    }
}

fn keyword(name: &str, expr: &Expr, diags: &mut Diagnostics) -> Type {
    match name {
        "any" => return Type::Dynamic,
        "bool" => return Type::Bool,
        "string" => return Type::String,
        "number" => return Type::Number,
        "list" | "map" | "set" => {
            diags.error(expr.span, INVALID, format!("The {name} type constructor requires one argument specifying the element type: {name}(string)."));
        }
        "object" => diags.error(
            expr.span,
            INVALID,
            "The object type constructor requires one argument specifying the attribute types and values as a map: object({ name = string }).",
        ),
        "tuple" => diags.error(expr.span, INVALID, "The tuple type constructor requires one argument specifying the element types as a list: tuple([string])."),
        _ => diags.error(expr.span, INVALID, format!("The keyword \"{name}\" is not a valid type specification.{}", did_you_mean(name, NAMES))),
    }
    Type::Dynamic
}

fn call(name: &str, args: &[Expr], expr: &Expr, diags: &mut Diagnostics) -> Parsed {
    let [argument] = args else {
        let why = match name {
            "list" | "set" | "map" | "tuple" | "object" => format!("The {name} type constructor requires one argument."),
            "optional" => "The optional modifier is only allowed for the attributes of an object type.".to_owned(),
            _ => format!("Keyword \"{name}\" is not a valid type constructor.{}", did_you_mean(name, NAMES)),
        };
        diags.error(expr.span, INVALID, why);
        return (Type::Dynamic, None);
    };
    let element = |wrap: fn(Type) -> Type, diags: &mut Diagnostics| {
        let (ty, defaults) = parse(argument, diags);
        (wrap(ty), defaults.map(|inner| Arc::new(Defaults { own: BTreeMap::new(), inner: [(DefaultsKey::Element, inner)].into() })))
    };
    match (name, &argument.kind) {
        ("list", _) => element(Type::list, diags),
        ("set", _) => element(Type::set, diags),
        ("map", _) => element(Type::map, diags),
        ("tuple", ExprKind::Tuple(items)) => {
            let mut inner = BTreeMap::new();
            let mut types = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let (ty, defaults) = parse(item, diags);
                types.push(ty);
                inner.extend(defaults.map(|defaults| (DefaultsKey::At(at), defaults)));
            }
            (Type::tuple(types), made(BTreeMap::new(), inner))
        }
        ("object", ExprKind::Object(items)) => {
            let (mut attributes, mut optional) = (BTreeMap::new(), BTreeSet::new());
            let (mut own, mut inner) = (BTreeMap::new(), BTreeMap::new());
            for item in items {
                let ExprKind::Literal(Value::String(key)) = &item.key.kind else {
                    diags.error(item.key.span, INVALID, "Object constructor map keys must be attribute names.");
                    continue;
                };
                let (ty, defaults) = match &item.value.kind {
                    ExprKind::Call { name, args, .. } if &*name.name == "optional" && (1..=2).contains(&args.len()) => {
                        optional.insert(key.clone());
                        if let Some(default) = args.get(1) {
                            own.insert(key.clone(), Arc::new(default.clone()));
                        }
                        parse(&args[0], diags)
                    }
                    _ => parse(&item.value, diags),
                };
                attributes.insert(key.clone(), ty);
                inner.extend(defaults.map(|defaults| (DefaultsKey::Attr(key.clone()), defaults)));
            }
            (Type::Object(Arc::new(ObjectType { attributes, optional })), made(own, inner))
        }
        ("tuple", _) => {
            diags.error(argument.span, INVALID, "Tuple type constructor requires a list of element types: tuple([string, number]).");
            (Type::Dynamic, None)
        }
        ("object", _) => {
            diags.error(
                argument.span,
                INVALID,
                "Object type constructor requires a map whose keys are attribute names and whose values are the corresponding attribute types.",
            );
            (Type::Dynamic, None)
        }
        ("optional", _) => {
            diags.error(expr.span, INVALID, "The optional modifier is only allowed for the attributes of an object type.");
            (Type::Dynamic, None)
        }
        _ => {
            diags.error(expr.span, INVALID, format!("Keyword \"{name}\" is not a valid type constructor.{}", did_you_mean(name, NAMES)));
            (Type::Dynamic, None)
        }
    }
}

fn made(own: BTreeMap<Arc<str>, Arc<Expr>>, inner: BTreeMap<DefaultsKey, Arc<Defaults>>) -> Option<Arc<Defaults>> {
    (!own.is_empty() || !inner.is_empty()).then(|| Arc::new(Defaults { own, inner }))
}
