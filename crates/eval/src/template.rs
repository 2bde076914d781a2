//! Templates.

use std::sync::Arc;

use weir_config::syntax::TemplatePart;
use weir_diag::Span;
use weir_value::{Marks, Refinement, Type, Unknown, Value, convert};

use crate::Evaluator;
use crate::access::{self, NotIterable};

/// How deep `templatefile` and `templatestring` may call themselves.
pub const MAX_TEMPLATE_DEPTH: usize = 1024;

/// A template in the making: text as long as it is known.
struct Text {
    known: String,
    waits: Option<Option<Arc<str>>>,
    marks: Marks,
}

impl Evaluator<'_> {
    pub(crate) fn template(&mut self, parts: &[TemplatePart], span: Span) -> Value {
        if let [TemplatePart::Interpolation(expr)] = parts {
            return self.eval(expr);
        }
        let mut text = Text { known: String::new(), waits: None, marks: Marks::NONE };
        self.parts(parts, &mut text);
        let _ = span;
        let value = match text.waits {
            None => Value::string(text.known),
            Some(cause) => {
                let refinement = Refinement { not_null: true, prefix: text.known.into(), ..Refinement::default() };
                Value::Unknown(Arc::new(Unknown { ty: Type::String, refinement, cause }))
            }
        };
        value.with_marks(text.marks)
    }

    fn parts(&mut self, parts: &[TemplatePart], text: &mut Text) {
        for part in parts {
            match part {
                TemplatePart::Literal(literal) => text.push(literal),
                TemplatePart::Interpolation(expr) => {
                    let value = self.eval(expr);
                    let (value, marks) = value.unmark();
                    text.marks = text.marks.union(marks);
                    match convert(&value, &Type::String) {
                        Ok(Value::String(piece)) => text.push(&piece),
                        Ok(Value::Unknown(unknown)) => {
                            if text.waits.is_none() {
                                text.known.push_str(&unknown.refinement.prefix);
                            }
                            text.wait(unknown.cause.clone());
                        }
                        Ok(_) => {
                            self.fail(
                                expr.span,
                                "Invalid template interpolation value",
                                "The expression result is null. Cannot include a null value in a string template.",
                                &[expr],
                            );
                        }
                        Err(error) => {
                            self.fail(
                                expr.span,
                                "Invalid template interpolation value",
                                format!("Cannot include the given value in a string template: {error}."),
                                &[expr],
                            );
                        }
                    }
                }
                TemplatePart::If { condition, yes, no, .. } => {
                    let test = self.eval(condition);
                    match convert(&test, &Type::Bool).map(Value::unmark) {
                        Ok((Value::Bool(truth), marks)) => {
                            text.marks = text.marks.union(marks);
                            self.parts(if truth { yes } else { no }, text);
                        }
                        Ok((Value::Unknown(unknown), marks)) => {
                            text.marks = text.marks.union(marks);
                            text.wait(unknown.cause.clone());
                            // For the marks of both. What is wrong in one of them may be in the one that is not taken.
                            let before = std::mem::take(&mut self.diags);
                            self.parts(yes, text);
                            self.parts(no, text);
                            self.diags = before;
                        }
                        Ok(_) => {
                            self.fail(condition.span, "Null condition", "The condition value is null. Conditions must either be true or false.", &[condition]);
                        }
                        Err(error) => {
                            self.fail(condition.span, "Incorrect condition type", format!("The condition expression must be of type bool: {error}."), &[condition]);
                        }
                    }
                }
                TemplatePart::For { key, value, collection, body, .. } => {
                    let (items, marks) = self.eval(collection).unmark();
                    text.marks = text.marks.union(marks);
                    match access::pairs(&items) {
                        Ok(Some(pairs)) => {
                            for (item_key, item) in pairs {
                                let bound = key.iter().map(|ident| (ident.name.clone(), item_key.clone())).chain([(value.name.clone(), item)]).collect::<Vec<_>>();
                                self.with(bound, |evaluator| evaluator.parts(body, text));
                            }
                        }
                        Ok(None) => text.wait(items.cause()),
                        Err(NotIterable::Null) => {
                            self.fail(
                                collection.span,
                                "Iteration over null value",
                                "A null value cannot be used as the collection in a 'for' expression.",
                                &[collection],
                            );
                        }
                        Err(NotIterable::Scalar) => {
                            let detail = format!("A value of type {} cannot be used as the collection in a 'for' expression.", items.ty().friendly_name());
                            self.fail(collection.span, "Iteration over non-iterable value", detail, &[collection]);
                        }
                    }
                }
            }
        }
    }
}

impl Text {
    fn push(&mut self, piece: &str) {
        if self.waits.is_none() {
            self.known.push_str(piece);
        }
    }
    fn wait(&mut self, cause: Option<Arc<str>>) {
        self.waits.get_or_insert(cause);
    }
}
