//! The syntax tree: bodies, blocks and expressions, each with its place in the source.

use std::sync::Arc;

use weir_diag::Span;
use weir_value::Value;

/// The content of a file or of a block.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// Arguments in source order.
    pub attributes: Vec<Attribute>,
    /// Nested blocks in source order.
    pub blocks: Vec<Block>,
    /// From the first byte after the opening brace (or of the file) to the closing one.
    pub span: Span,
}

/// `name = expression`.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Ident,
    /// Its value, unevaluated.
    pub expr: Arc<Expr>,
    /// From the name to the end of the value.
    pub span: Span,
    /// True where it comes from JSON and a nested block would look the same.
    pub json: bool,
}

/// `kind "label" { … }`.
#[derive(Clone, Debug)]
pub struct Block {
    /// The word that it starts with.
    pub kind: Ident,
    /// Its labels, quoted or not.
    pub labels: Vec<Ident>,
    /// What stands in the braces.
    pub body: Body,
    /// Its header: the kind and the labels.
    pub span: Span,
}

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name; of a quoted label the text without quotes.
    pub name: Arc<str>,
    /// Where it stands (quotes included).
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The text that it was read from.
    pub span: Span,
}

/// The kinds of expression of the language.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A number, a boolean, null, or a string without interpolation.
    Literal(Value),
    /// A quoted template or heredoc with at least one interpolation or directive. One that is a single interpolation has a single part; where
    /// `~` ate the text beside it, an empty literal remains, which makes the result a string.
    Template(Vec<TemplatePart>),
    /// A root name: `var`, `aws_vpc`, `each`, a `for` variable.
    Variable(Ident),
    /// `object.name`.
    GetAttr {
        /// The object.
        object: Box<Expr>,
        /// The attribute.
        name: Ident,
    },
    /// `collection[key]`, and the legacy `collection.0`.
    Index {
        /// The collection.
        collection: Box<Expr>,
        /// The key.
        key: Box<Expr>,
    },
    /// `source[*].rest` (full) or `source.*.rest` (attribute-only); `each` is `rest` applied to [`ExprKind::SplatItem`].
    Splat {
        /// What is iterated.
        source: Box<Expr>,
        /// What is done with each item.
        each: Box<Expr>,
        /// True for `[*]`.
        full: bool,
    },
    /// The item that the nearest enclosing splat stands at.
    SplatItem,
    /// `name(args)`; a namespaced name is joined: `provider::pki::verify`.
    Call {
        /// The function.
        name: Ident,
        /// Its arguments.
        args: Vec<Expr>,
        /// True when the last argument is followed by `...`.
        expand: bool,
    },
    /// `condition ? yes : no`.
    Conditional {
        /// The condition.
        condition: Box<Expr>,
        /// Its value when true.
        yes: Box<Expr>,
        /// Its value when false.
        no: Box<Expr>,
    },
    /// `left op right`.
    Binary {
        /// Which operation.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `op operand`.
    Unary {
        /// Which operation.
        op: UnaryOp,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `[a, b]`.
    Tuple(Vec<Expr>),
    /// `{ a = b }`.
    Object(Vec<ObjectItem>),
    /// `[for …]` and `{for …}`.
    For(Box<ForExpr>),
    /// `(expr)`; kept, since `{ (key) = … }` and the formatter need it.
    Parens(Box<Expr>),
    /// Text that could not be read: an error was reported. Stands for an unknown value of any type, so that nothing else is said about it.
    Invalid,
}

/// One `key = value` of an object literal.
#[derive(Clone, Debug)]
pub struct ObjectItem {
    /// The key: a bare word is a string literal; `(expr)` is [`ExprKind::Parens`].
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// A `for` expression.
#[derive(Clone, Debug)]
pub struct ForExpr {
    /// The key (or index) variable.
    pub key: Option<Ident>,
    /// The value variable.
    pub value: Ident,
    /// What is iterated.
    pub collection: Expr,
    /// The key expression: present makes the result an object.
    pub result_key: Option<Expr>,
    /// The value expression.
    pub result: Expr,
    /// True with `...` after the value of an object result.
    pub grouped: bool,
    /// The filter after `if`.
    pub condition: Option<Expr>,
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Text, with escapes and `~` trimming already resolved; not yet NFC-normalised, since that concerns the whole string.
    Literal(Arc<str>),
    /// `${expr}`.
    Interpolation(Expr),
    /// `%{if condition}…%{else}…%{endif}`.
    If {
        /// The condition.
        condition: Expr,
        /// The parts when it holds.
        yes: Vec<TemplatePart>,
        /// The parts when it does not.
        no: Vec<TemplatePart>,
        /// The opening directive.
        span: Span,
    },
    /// `%{for key, value in collection}…%{endfor}`.
    For {
        /// The key variable.
        key: Option<Ident>,
        /// The value variable.
        value: Ident,
        /// What is iterated.
        collection: Expr,
        /// The parts for each item.
        body: Vec<TemplatePart>,
        /// The opening directive.
        span: Span,
    },
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `!`
    Not,
}

impl Body {
    /// The argument of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name.name == name)
    }

    /// The nested blocks of that kind.
    pub fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| &*block.kind.name == kind)
    }
}
