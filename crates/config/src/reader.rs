//! Takes the arguments of a body one by one, and complains about what nobody took.

use std::sync::Arc;

use weir_diag::{Diagnostics, Span, did_you_mean};
use weir_value::Value;

use crate::CheckRule;
use crate::syntax::{Attribute, Block, Body, Expr, ExprKind, Ident, Step, Traversal, for_each_variable};

/// A body whose known arguments are being taken.
pub(crate) struct Reader<'a> {
    body: &'a Body,
    taken: Vec<&'static str>,
    pub(crate) diags: &'a mut Diagnostics,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a Body, diags: &'a mut Diagnostics) -> Self {
        redefined(body, diags);
        Self { body, taken: Vec::new(), diags }
    }

    pub(crate) fn attribute(&mut self, name: &'static str) -> Option<&'a Attribute> {
        self.taken.push(name);
        self.body.attribute(name)
    }
    pub(crate) fn expr(&mut self, name: &'static str) -> Option<Arc<Expr>> {
        self.attribute(name).map(|attribute| attribute.expr.clone())
    }
    /// A literal string.
    pub(crate) fn string(&mut self, name: &'static str) -> Option<Arc<str>> {
        let attribute = self.attribute(name)?;
        match &attribute.expr.kind {
            ExprKind::Literal(Value::String(text)) => Some(text.clone()),
            ExprKind::Invalid => None,
            _ => {
                self.diags.error(
                    attribute.expr.span,
                    "Unsuitable value type",
                    format!("The argument \"{name}\" must be a literal string: it is read before anything is evaluated."),
                );
                None
            }
        }
    }
    /// A literal bool.
    pub(crate) fn bool(&mut self, name: &'static str) -> Option<bool> {
        let attribute = self.attribute(name)?;
        match &attribute.expr.kind {
            ExprKind::Literal(Value::Bool(truth)) => Some(*truth),
            ExprKind::Literal(Value::String(text)) if matches!(&**text, "true" | "false") => Some(&**text == "true"),
            ExprKind::Invalid => None,
            _ => {
                self.diags.error(
                    attribute.expr.span,
                    "Unsuitable value type",
                    format!("The argument \"{name}\" must be true or false, written literally: it is read before anything is evaluated."),
                );
                None
            }
        }
    }
    /// A list of references.
    pub(crate) fn references(&mut self, name: &'static str) -> Vec<Traversal> {
        let Some(attribute) = self.attribute(name) else { return Vec::new() };
        let ExprKind::Tuple(items) = &attribute.expr.kind else {
            if !matches!(attribute.expr.kind, ExprKind::Invalid) {
                self.diags.error(attribute.expr.span, "Invalid expression", format!("\"{name}\" must be a list of references: [ … ]."));
            }
            return Vec::new();
        };
        items.iter().filter_map(|item| reference(item, self.diags)).collect()
    }

    /// The nested blocks of a kind.
    pub(crate) fn blocks(&mut self, kind: &'static str) -> impl Iterator<Item = &'a Block> + use<'a> {
        self.taken.push(kind);
        self.body.blocks_of(kind)
    }
    /// The nested block of a kind that may stand once.
    pub(crate) fn block(&mut self, kind: &'static str) -> Option<&'a Block> {
        let mut blocks = self.blocks(kind);
        let first = blocks.next();
        for double in blocks {
            self.diags.error(double.span, format!("Duplicate {kind} block"), format!("Only one \"{kind}\" block is allowed here: join the two."));
        }
        first
    }
    /// Blocks with a `condition` and an `error_message`.
    pub(crate) fn rules(&mut self, kind: &'static str) -> Vec<CheckRule> {
        self.blocks(kind).filter_map(|block| rule(block, self.diags)).collect()
    }
    /// The same, of rules that have to look at something.
    pub(crate) fn rules_about_something(&mut self, kind: &'static str) -> Vec<CheckRule> {
        let rules = self.rules(kind);
        for rule in &rules {
            let mut refers = matches!(rule.condition.kind, ExprKind::Invalid);
            for_each_variable(&rule.condition, &mut |_| refers = true);
            if !refers {
                let detail =
                    "The condition expression must refer to at least one object from elsewhere in the configuration, or else its result would not be checking anything.";
                self.diags.error(rule.condition.span, format!("Invalid {kind} expression"), detail);
            }
        }
        rules
    }

    /// Complains about everything that was not taken.
    pub(crate) fn finish(self) {
        let known = || self.taken.iter().copied();
        for attribute in &self.body.attributes {
            let name = &*attribute.name.name;
            if !self.taken.contains(&name) {
                let hint = did_you_mean(name, known());
                self.diags.error(attribute.name.span, "Unsupported argument", format!("An argument named \"{name}\" is not expected here.{hint}"));
            }
        }
        for block in &self.body.blocks {
            let kind = &*block.kind.name;
            if !self.taken.contains(&kind) {
                let hint = did_you_mean(kind, known());
                self.diags.error(block.kind.span, "Unsupported block type", format!("Blocks of type \"{kind}\" are not expected here.{hint}"));
            }
        }
    }

    /// The body without what was taken: what belongs to a provider's schema.
    pub(crate) fn rest(self) -> Body {
        Body {
            attributes: self.body.attributes.iter().filter(|attribute| !self.taken.contains(&&*attribute.name.name)).cloned().collect(),
            blocks: self.body.blocks.iter().filter(|block| !self.taken.contains(&&*block.kind.name)).cloned().collect(),
            span: self.body.span,
        }
    }
}

/// Complains about arguments that are set twice in one body.
pub(crate) fn redefined(body: &Body, diags: &mut Diagnostics) {
    let mut seen: Vec<&str> = Vec::new();
    for attribute in &body.attributes {
        let name = &*attribute.name.name;
        if seen.contains(&name) {
            diags.error(
                attribute.name.span,
                "Attribute redefined",
                format!("The argument \"{name}\" was already set. Each argument may be set only once: remove one of the two."),
            );
        }
        seen.push(name);
    }
}

/// Complains about arguments that are set twice, in a body and all that is nested in it.
pub fn redefined_anywhere(body: &Body, diags: &mut Diagnostics) {
    redefined(body, diags);
    for block in &body.blocks {
        redefined_anywhere(&block.body, diags);
    }
}

/// A rule block.
pub(crate) fn rule(block: &Block, diags: &mut Diagnostics) -> Option<CheckRule> {
    labels(block, 0, diags);
    let mut reader = Reader::new(&block.body, diags);
    let parts = (required(&mut reader, "condition", block.span), required(&mut reader, "error_message", block.span));
    reader.finish();
    let (Some(condition), Some(error_message)) = parts else { return None };
    Some(CheckRule { condition, error_message, span: block.span })
}

/// An argument that must be there.
pub(crate) fn required(reader: &mut Reader<'_>, name: &'static str, span: Span) -> Option<Arc<Expr>> {
    let found = reader.expr(name);
    if found.is_none() {
        reader.diags.error(span, "Missing required argument", format!("The argument \"{name}\" is required, but no definition was found."));
    }
    found
}

/// The one reference that an expression is.
pub(crate) fn reference(expr: &Expr, diags: &mut Diagnostics) -> Option<Traversal> {
    let mut found = Vec::new();
    for_each_variable(expr, &mut |traversal| found.push(traversal.clone()));
    // `[var.x]` and calls also contain a variable; a reference is the whole expression.
    if let ([_], ExprKind::Variable(_) | ExprKind::GetAttr { .. } | ExprKind::Index { .. }) = (found.as_slice(), &expr.kind) {
        return found.pop();
    }
    if let Some(quoted) = quoted(expr) {
        diags.warning(expr.span, "Quoted references are deprecated", "A reference needs no quotes: remove them.");
        return Some(quoted);
    }
    if !matches!(expr.kind, ExprKind::Invalid) {
        diags.error(expr.span, "Invalid expression", "A single reference is needed here, such as aws_vpc.main, module.network or gate.root_ca, without quotes.");
    }
    None
}

/// A reference in quotes, as it was written before Terraform 0.12: names with dots between them.
fn quoted(expr: &Expr) -> Option<Traversal> {
    let ExprKind::Literal(Value::String(text)) = &expr.kind else { return None };
    let mut names = text.split('.').map(|name| weir_addr::is_identifier(name).then(|| Arc::<str>::from(name)));
    let root = Ident { name: names.next()??, span: expr.span };
    let steps: Vec<Step> = names.map(|name| name.map(|name| Step::Attr(name, expr.span))).collect::<Option<_>>()?;
    (!steps.is_empty()).then_some(Traversal { root, steps, span: expr.span })
}

/// The labels of a block, if there are as many as needed.
pub(crate) fn labels<'a>(block: &'a Block, count: usize, diags: &mut Diagnostics) -> Option<&'a [Ident]> {
    let kind = &block.kind.name;
    let names: &[&str] = match (&**kind, count) {
        (_, 2) => &["type", "name"],
        _ => &["name"],
    };
    if block.labels.len() < count {
        diags.error(
            block.span,
            format!("Missing {} for {kind}", names[block.labels.len()]),
            format!("All {kind} blocks must have {count} label{} ({}).", if count == 1 { "" } else { "s" }, names[..count].join(", ")),
        );
        return None;
    }
    if let Some(extra) = block.labels.get(count) {
        let detail = if count == 0 {
            format!("No labels are expected for {kind} blocks.")
        } else {
            format!("Only {count} labels ({}) are expected for {kind} blocks.", names[..count].join(", "))
        };
        diags.error(extra.span, format!("Extraneous label for {kind}"), detail);
        return None;
    }
    for label in &block.labels {
        if !weir_addr::is_identifier(&label.name) && !matches!(&**kind, "check") {
            diags.error(label.span, "Invalid name", "A name must start with a letter or underscore and may contain only letters, digits, underscores, and dashes.");
            return None;
        }
    }
    Some(&block.labels)
}
