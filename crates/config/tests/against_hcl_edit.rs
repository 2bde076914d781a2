//! Our trees against those of hcl-edit, an independent parser, for every configuration of this repository and the constructs that they lack.
//!
//! Compared is the structure. Not compared is the text between the sequences of templates, where hcl-edit leaves escapes, `~` and indentation to
//! its evaluation.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::path::Path;

use hcl_edit::expr::{BinaryOperator, Expression, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::structure::Body as Other;
use hcl_edit::template::{Directive, Element, Template};
use weir_config::syntax::{BinaryOp, Body, Expr, ExprKind, TemplatePart, UnaryOp, parse};
use weir_diag::Sources;
use weir_value::Value;

const MORE: &str = r#"
a = -x + 2 * 3 - 4 / 5 % 6 == 7 && !b || c != d
b = a < 1 || b <= 2 && c > 3 == d >= 4
c = x ? y : z ? 1.5e3 : (null)
d = a.b[0]["k"][c].d.*.e.f
e = a[*].b[0].c
f = [for k, v in m : v if k != "x"]
g = {for k, v in m : k => v... if v}
h = { a = 1, "b" : 2, (c) = 3
  d = [1, true, f(1, g::h(x...))] }
i = "a ${b} %{ if c }d${e}%{ else }f%{ endif }%{ for k, v in m }${k}%{ endfor }"
j = "plain \n \"text\" $${x} é"
block "label" bare { k = 1 }
"#;

struct Print {
    out: String,
}

impl Print {
    fn ours(&mut self, body: &Body) {
        for attribute in &body.attributes {
            let _ = write!(self.out, "\n{} = ", attribute.name.name);
            self.expr(&attribute.expr);
        }
        for block in &body.blocks {
            let labels: Vec<_> = block.labels.iter().map(|label| &*label.name).collect();
            let _ = write!(self.out, "\n{} {labels:?} {{", block.kind.name);
            self.ours(&block.body);
            self.out.push('}');
        }
    }

    fn list<'a>(&mut self, items: impl IntoIterator<Item = &'a Expr>) {
        for item in items {
            self.expr(item);
            self.out.push(' ');
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(Value::Number(number)) => _ = write!(self.out, "{:?}", number.to_f64()),
            ExprKind::Literal(Value::String(text)) => _ = write!(self.out, "{text:?}"),
            ExprKind::Literal(Value::Bool(truth)) => _ = write!(self.out, "{truth}"),
            ExprKind::Literal(_) => self.out.push_str("null"),
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Variable(name) => self.out.push_str(&name.name),
            ExprKind::GetAttr { object, name } => {
                self.expr(object);
                let _ = write!(self.out, ".{}", name.name);
            }
            ExprKind::Index { collection, key } => {
                self.expr(collection);
                self.out.push('[');
                self.expr(key);
                self.out.push(']');
            }
            ExprKind::Splat { source, each, full } => {
                self.expr(source);
                self.out.push_str(if *full { "[*]" } else { ".*" });
                self.expr(each);
            }
            ExprKind::SplatItem | ExprKind::Invalid => {}
            ExprKind::Call { name, args, expand } => {
                let _ = write!(self.out, "{}(", name.name);
                self.list(args);
                self.out.push_str(if *expand { "...)" } else { ")" });
            }
            ExprKind::Conditional { condition, yes, no } => {
                self.out.push_str("(? ");
                self.list([&**condition, yes, no]);
                self.out.push(')');
            }
            ExprKind::Binary { op, left, right, .. } => {
                let _ = write!(self.out, "({op:?} ");
                self.list([&**left, right]);
                self.out.push(')');
            }
            ExprKind::Unary { op, operand } => {
                let _ = write!(self.out, "({op:?} ");
                self.list([&**operand]);
                self.out.push(')');
            }
            ExprKind::Tuple(items) => {
                self.out.push('[');
                self.list(items);
                self.out.push(']');
            }
            ExprKind::Object(items) => {
                self.out.push('{');
                for item in items {
                    self.expr(&item.key);
                    self.out.push('=');
                    self.expr(&item.value);
                    self.out.push(' ');
                }
                self.out.push('}');
            }
            ExprKind::For(parts) => {
                let key = parts.key.as_ref().map(|key| &*key.name);
                let _ = write!(self.out, "(for {key:?} {} in ", parts.value.name);
                self.list([&parts.collection]);
                self.list(&parts.result_key);
                self.list([&parts.result]);
                self.out.push_str(if parts.grouped { "... if " } else { "if " });
                self.list(&parts.condition);
                self.out.push(')');
            }
            ExprKind::Parens(inner) => {
                self.out.push('<');
                self.expr(inner);
                self.out.push('>');
            }
        }
    }

    fn parts(&mut self, parts: &[TemplatePart]) {
        self.out.push('`');
        for part in parts {
            match part {
                TemplatePart::Literal(_) => {}
                TemplatePart::Interpolation(expr) => self.list([expr]),
                TemplatePart::If { condition, yes, no, .. } => {
                    self.out.push_str("if ");
                    self.list([condition]);
                    self.parts(yes);
                    self.parts(no);
                }
                TemplatePart::For { key, value, collection, body, .. } => {
                    let key = key.as_ref().map(|key| &*key.name);
                    let _ = write!(self.out, "for {key:?} {} in ", value.name);
                    self.list([collection]);
                    self.parts(body);
                }
            }
        }
        self.out.push('`');
    }

    fn other(&mut self, body: &Other) {
        for attribute in body.attributes() {
            let _ = write!(self.out, "\n{} = ", attribute.key.as_str());
            self.other_expr(&attribute.value);
        }
        for block in body.blocks() {
            let labels: Vec<_> = block.labels.iter().map(|label| label.as_str()).collect();
            let _ = write!(self.out, "\n{} {labels:?} {{", block.ident.as_str());
            self.other(&block.body);
            self.out.push('}');
        }
    }

    fn other_list<'a>(&mut self, items: impl IntoIterator<Item = &'a Expression>) {
        for item in items {
            self.other_expr(item);
            self.out.push(' ');
        }
    }

    fn other_expr(&mut self, expr: &Expression) {
        match expr {
            Expression::Null(_) => self.out.push_str("null"),
            Expression::Bool(truth) => _ = write!(self.out, "{}", truth.value()),
            Expression::Number(number) => _ = write!(self.out, "{:?}", number.value().as_f64().unwrap_or_default()),
            Expression::String(text) => _ = write!(self.out, "{:?}", text.as_str()),
            Expression::Array(items) => {
                self.out.push('[');
                self.other_list(items);
                self.out.push(']');
            }
            Expression::Object(items) => {
                self.out.push('{');
                for (key, value) in items {
                    match key {
                        ObjectKey::Ident(name) => _ = write!(self.out, "{:?}", name.as_str()),
                        ObjectKey::Expression(expr) => self.other_expr(expr),
                    }
                    self.out.push('=');
                    self.other_expr(value.expr());
                    self.out.push(' ');
                }
                self.out.push('}');
            }
            Expression::StringTemplate(template) => self.elements(template),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => {
                self.out.push('<');
                self.other_expr(inner.inner());
                self.out.push('>');
            }
            Expression::Variable(name) => self.out.push_str(name.as_str()),
            Expression::Conditional(parts) => {
                self.out.push_str("(? ");
                self.other_list([&parts.cond_expr, &parts.true_expr, &parts.false_expr]);
                self.out.push(')');
            }
            Expression::FuncCall(call) => {
                for part in &call.name.namespace {
                    let _ = write!(self.out, "{}::", part.as_str());
                }
                let _ = write!(self.out, "{}(", call.name.name.as_str());
                self.other_list(&call.args);
                self.out.push_str(if call.args.expand_final() { "...)" } else { ")" });
            }
            Expression::Traversal(traversal) => {
                self.other_expr(&traversal.expr);
                for operator in &traversal.operators {
                    match operator.value() {
                        TraversalOperator::AttrSplat(_) => self.out.push_str(".*"),
                        TraversalOperator::FullSplat(_) => self.out.push_str("[*]"),
                        TraversalOperator::GetAttr(name) => _ = write!(self.out, ".{}", name.as_str()),
                        TraversalOperator::Index(key) => {
                            self.out.push('[');
                            self.other_expr(key);
                            self.out.push(']');
                        }
                        TraversalOperator::LegacyIndex(key) => _ = write!(self.out, "[{:?}]", *key.value() as f64),
                    }
                }
            }
            Expression::UnaryOp(operation) => {
                let op = match operation.operator.value() {
                    UnaryOperator::Neg => UnaryOp::Negate,
                    UnaryOperator::Not => UnaryOp::Not,
                };
                let _ = write!(self.out, "({op:?} ");
                self.other_list([&operation.expr]);
                self.out.push(')');
            }
            Expression::BinaryOp(operation) => {
                let op = match operation.operator.value() {
                    BinaryOperator::Eq => BinaryOp::Equal,
                    BinaryOperator::NotEq => BinaryOp::NotEqual,
                    BinaryOperator::LessEq => BinaryOp::LessEqual,
                    BinaryOperator::GreaterEq => BinaryOp::GreaterEqual,
                    BinaryOperator::Less => BinaryOp::Less,
                    BinaryOperator::Greater => BinaryOp::Greater,
                    BinaryOperator::Plus => BinaryOp::Add,
                    BinaryOperator::Minus => BinaryOp::Subtract,
                    BinaryOperator::Mul => BinaryOp::Multiply,
                    BinaryOperator::Div => BinaryOp::Divide,
                    BinaryOperator::Mod => BinaryOp::Modulo,
                    BinaryOperator::And => BinaryOp::And,
                    BinaryOperator::Or => BinaryOp::Or,
                };
                let _ = write!(self.out, "({op:?} ");
                self.other_list([&operation.lhs_expr, &operation.rhs_expr]);
                self.out.push(')');
            }
            Expression::ForExpr(parts) => {
                let key = parts.intro.key_var.as_ref().map(|key| key.as_str());
                let _ = write!(self.out, "(for {key:?} {} in ", parts.intro.value_var.as_str());
                self.other_list([&parts.intro.collection_expr]);
                self.other_list(&parts.key_expr);
                self.other_list([&parts.value_expr]);
                self.out.push_str(if parts.grouping { "... if " } else { "if " });
                self.other_list(parts.cond.as_ref().map(|cond| &cond.expr));
                self.out.push(')');
            }
        }
    }

    /// A template of text only is a string for us.
    fn template(&mut self, template: &Template) {
        if template.into_iter().all(Element::is_literal) {
            let text: String = template.into_iter().filter_map(Element::as_literal).map(|text| text.value().as_str()).collect();
            let _ = write!(self.out, "{text:?}");
        } else {
            self.elements(template);
        }
    }

    fn elements<'a>(&mut self, elements: impl IntoIterator<Item = &'a Element>) {
        self.out.push('`');
        for element in elements {
            match element {
                Element::Literal(_) => {}
                Element::Interpolation(interpolation) => self.other_list([&interpolation.expr]),
                Element::Directive(directive) => match &**directive {
                    Directive::If(parts) => {
                        self.out.push_str("if ");
                        self.other_list([&parts.if_expr.cond_expr]);
                        self.elements(&parts.if_expr.template);
                        match &parts.else_expr {
                            Some(other) => self.elements(&other.template),
                            None => self.out.push_str("``"),
                        }
                    }
                    Directive::For(parts) => {
                        let key = parts.for_expr.key_var.as_ref().map(|key| key.as_str());
                        let _ = write!(self.out, "for {key:?} {} in ", parts.for_expr.value_var.as_str());
                        self.other_list([&parts.for_expr.collection_expr]);
                        self.elements(&parts.for_expr.template);
                    }
                },
            }
        }
        self.out.push('`');
    }
}

fn check(name: &str, text: &str) {
    let mut sources = Sources::new();
    let id = sources.add(name, text);
    let (body, diagnostics) = parse(&sources, id);
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let other = hcl_edit::parser::parse_body(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut ours = Print { out: String::new() };
    ours.ours(&body);
    let mut theirs = Print { out: String::new() };
    theirs.other(&other);
    for (ours, theirs) in ours.out.lines().zip(theirs.out.lines()) {
        assert_eq!(ours, theirs, "{name}");
    }
    assert_eq!(ours.out.lines().count(), theirs.out.lines().count(), "{name}");
}

/// Checks every configuration below a folder; returns how many there were.
fn check_folder(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let mut count = 0;
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            count += check_folder(&path);
        } else if path.extension().is_some_and(|extension| extension == "tf" || extension == "hcl" || extension == "tfvars") {
            check(&path.display().to_string(), &std::fs::read_to_string(&path).unwrap());
            count += 1;
        }
    }
    count
}

#[test]
fn constructs() {
    check("more", MORE);
}

#[test]
fn configurations_of_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let count: usize = ["stacks", "modules", "examples"].iter().map(|folder| check_folder(&root.join(folder))).sum();
    assert!(count > 20, "{count}");
}
