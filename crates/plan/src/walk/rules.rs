//! Conditions: validation of variables, pre- and postconditions, checks.

use weir_config::CheckRule;
use weir_diag::{Diagnostic, Span};
use weir_eval::Evaluator;
use weir_value::{Type, Value, convert};

use super::Walk;
use crate::condition::{CheckStatus, Checked, CheckedInstance};
use crate::scope::ModuleScope;

/// What a condition that does not hold is told at.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// At the condition itself, which belongs to what stands here.
    Condition(Span),
    /// At the value that it was asked of.
    Value(Span),
}

impl Walk<'_> {
    /// Evaluates a condition; reports and gives `Some(false)` when it does not hold, `None` when it is not known.
    pub(crate) fn rule(&self, scope: &ModuleScope<'_>, rule: &CheckRule, summary: &str, span: Span, address: Option<&str>) -> Option<bool> {
        self.judged(scope, rule, summary, Place::Condition(span), address).0
    }

    /// The same of a condition whose result is kept. `told` is what is reported when it does not hold: summary, place and address.
    pub(super) fn noted(&self, scope: &ModuleScope<'_>, rule: &CheckRule, told: (&str, Place, Option<&str>), of: (&Checked, CheckedInstance)) -> Option<bool> {
        let (summary, place, address) = told;
        let (holds, message) = self.judged(scope, rule, summary, place, address);
        let status = match holds {
            Some(true) => CheckStatus::Pass,
            Some(false) => CheckStatus::Fail,
            None => CheckStatus::Unknown,
        };
        self.found().conditions.note(of.0, of.1, status, Some(message));
        holds
    }

    pub(super) fn judged(&self, scope: &ModuleScope<'_>, rule: &CheckRule, summary: &str, place: Place, address: Option<&str>) -> (Option<bool>, String) {
        let (holds, message) = self.condition(scope, rule);
        if holds == Some(false) {
            let diagnostic = Diagnostic::error(summary, message.clone());
            let mut diagnostic = match place {
                Place::Condition(owner) => diagnostic.at(rule.condition.span).label(owner, "demanded here"),
                Place::Value(value) => diagnostic.at(value).label(rule.condition.span, "this does not hold"),
            };
            if let Some(address) = address {
                diagnostic = diagnostic.of(address);
            }
            let mut evaluator = Evaluator::new(scope, self.host);
            let diagnostic = evaluator.describe(diagnostic, &rule.condition);
            self.report([diagnostic]);
        }
        (holds, message)
    }

    /// Whether a condition holds, and what to say when it does not.
    pub(crate) fn condition(&self, scope: &ModuleScope<'_>, rule: &CheckRule) -> (Option<bool>, String) {
        let mut evaluator = Evaluator::new(scope, self.host);
        let value = evaluator.eval(&rule.condition);
        let failed = evaluator.diags.has_errors();
        let holds = match convert(&value, &Type::Bool).map(|value| value.unmark().0) {
            _ if failed => Some(false),
            Ok(Value::Bool(truth)) => Some(truth),
            Ok(Value::Unknown(_)) => None,
            Ok(_) | Err(_) => {
                evaluator.diags.error(rule.condition.span, "Invalid condition result", "The condition must be true or false.");
                Some(false)
            }
        };
        let mut message = value.cause().filter(|_| holds.is_none()).map(|cause| cause.to_string()).unwrap_or_default();
        if holds == Some(false) {
            if failed {
                message = evaluator.diags.iter().map(|d| format!("{}: {}", d.summary, d.detail)).collect::<Vec<_>>().join(" ");
            } else {
                let text = evaluator.eval(&rule.error_message);
                if !evaluator.diags.has_errors() && convert(&text, &Type::String).is_err() {
                    let detail = format!("The error message must be a string, and this is {}.", text.ty());
                    self.report([Diagnostic::error("Invalid error message", detail).at(rule.error_message.span)]);
                }
                message = match convert(&text, &Type::String).map(Value::unmark) {
                    Ok((Value::String(text), marks)) if marks.is_empty() => text.trim_end().to_owned(),
                    Ok((_, marks)) if !marks.is_empty() => "The error message included a sensitive or ephemeral value, so it is not shown.".to_owned(),
                    _ => "The condition does not hold; its error message is not known.".to_owned(),
                };
            }
        }
        (holds, message)
    }
}
