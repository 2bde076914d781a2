//! `expect_failures`

use weir_addr::Mode;
use weir_config::syntax::{Step, Traversal};
use weir_config::{CheckRule, Module};
use weir_diag::{Diagnostic, Diagnostics, Severity, Span};
use weir_plan::ASSERTION_FAILED;

/// What a run has found, sorted by what it was told to expect.
pub(super) struct Sorted {
    /// What nobody expected; check blocks that do not hold are errors here.
    pub(super) rest: Diagnostics,
    /// What was expected.
    pub(super) met: Diagnostics,
}

/// Takes out what the conditions of expected objects report.
pub(super) struct Expected<'a>(Vec<(&'a Traversal, Vec<Span>)>);

impl<'a> Expected<'a> {
    /// The objects by their references, and where their conditions stand.
    pub(super) fn of(references: &'a [Traversal], module: &Module, diags: &mut Diagnostics) -> Self {
        let mut expected = Vec::new();
        for reference in references {
            match rules(reference, module) {
                Some(spans) => expected.push((reference, spans)),
                None => diags.error(
                    reference.span,
                    "Invalid `expect_failures` reference",
                    format!("{} names no variable, output, check, resource or data source of the module: only these have conditions that can fail.", shown(reference)),
                ),
            }
        }
        Self(expected)
    }

    /// Sorts what was found.
    pub(super) fn sort(&self, diags: Diagnostics) -> Sorted {
        let mut sorted = Sorted { rest: Diagnostics::new(), met: Diagnostics::new() };
        for mut diagnostic in diags {
            if self.0.iter().any(|(_, rules)| is_about(&diagnostic, rules)) {
                sorted.met.push(diagnostic);
                continue;
            }
            if diagnostic.summary == ASSERTION_FAILED {
                diagnostic.severity = Severity::Error;
            }
            sorted.rest.push(diagnostic);
        }
        sorted
    }

    /// The name of the first object whose condition has failed.
    pub(super) fn first_met(&self, met: &Diagnostics) -> String {
        let fails = |rules: &[Span]| met.iter().any(|found| is_about(found, rules));
        self.0.iter().find(|(_, rules)| fails(rules)).map(|(reference, _)| shown(reference)).unwrap_or_default()
    }

    /// Complains about expected objects whose conditions all hold.
    pub(super) fn missing(&self, met: &Diagnostics) -> Diagnostics {
        let fails = |rules: &[Span]| met.iter().any(|found| is_about(found, rules));
        let complain = |reference: &Traversal| {
            let detail = format!("The checkable object, {}, was expected to report an error but did not.", shown(reference));
            Diagnostic::error("Missing expected failure", detail).at(reference.span)
        };
        self.0.iter().filter(|(_, rules)| !fails(rules)).map(|(reference, _)| complain(reference)).collect()
    }
}

/// Whether what was found concerns one of these conditions.
fn is_about(found: &Diagnostic, rules: &[Span]) -> bool {
    found.span.iter().chain(found.labels.iter().map(|label| &label.span)).any(|span| rules.contains(span))
}

/// Where the conditions of an object stand.
fn rules(reference: &Traversal, module: &Module) -> Option<Vec<Span>> {
    let names: Vec<_> = reference.steps.iter().map_while(|step| if let Step::Attr(name, _) = step { Some(name) } else { None }).collect();
    let spans = |rules: &[CheckRule]| rules.iter().map(|rule| rule.condition.span).collect();
    let resource = |mode, type_: &std::sync::Arc<str>, name: &std::sync::Arc<str>| {
        let resource = module.resources.get(&(mode, type_.clone(), name.clone()))?;
        let all = resource.lifecycle.preconditions.iter().chain(&resource.lifecycle.postconditions);
        Some(all.map(|rule| rule.condition.span).collect())
    };
    match (&*reference.root.name, names.as_slice()) {
        ("var", [name]) => Some(spans(&module.variables.get(*name)?.validations)),
        ("output", [name]) => Some(spans(&module.outputs.get(*name)?.preconditions)),
        ("check", [name]) => Some(spans(&module.checks.get(*name)?.rules)),
        ("data", [type_, name]) => resource(Mode::Data, type_, name),
        ("ephemeral", [type_, name]) => resource(Mode::Ephemeral, type_, name),
        ("resource", [type_, name]) => resource(Mode::Managed, type_, name),
        (_, [name]) => resource(Mode::Managed, &reference.root.name, name),
        _ => None,
    }
}

/// A reference as it is written, without keys.
pub(super) fn shown(reference: &Traversal) -> String {
    let mut text = reference.root.name.to_string();
    for step in &reference.steps {
        match step {
            Step::Attr(name, _) => text += &format!(".{name}"),
            Step::Index(key, _) => match key.as_str() {
                Some(key) => text += &format!("[{key:?}]"),
                None => text += &format!("[{}]", key.as_u64().unwrap_or_default()),
            },
        }
    }
    text
}
