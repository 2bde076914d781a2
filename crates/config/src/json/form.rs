//! Which properties of which blocks are blocks, and what the strings of the others are.

/// What the strings of a property are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Templates: `"a ${var.b}"`.
    Template,
    /// Themselves: what is read before anything can be evaluated.
    Literal,
    /// Expressions: references, types and keywords, which the native syntax writes without quotes.
    Expression,
}

/// A kind of block.
pub(super) struct Form {
    pub(super) kind: &'static str,
    /// How many names stand between its kind and its content.
    pub(super) labels: usize,
    /// The blocks in it.
    pub(super) blocks: &'static [&'static Form],
    /// Its arguments that are not templates.
    pub(super) arguments: &'static [(&'static str, Reading)],
    /// What the strings of the others are.
    pub(super) others: Reading,
    /// True where a provider's schema says which further properties are blocks.
    pub(super) open: bool,
}

impl Form {
    const fn new(kind: &'static str, labels: usize) -> Self {
        Self { kind, labels, blocks: &[], arguments: &[], others: Reading::Template, open: false }
    }
    const fn blocks(self, blocks: &'static [&'static Form]) -> Self {
        Self { blocks, ..self }
    }
    const fn arguments(self, arguments: &'static [(&'static str, Reading)]) -> Self {
        Self { arguments, ..self }
    }
    const fn literal(self) -> Self {
        Self { others: Reading::Literal, ..self }
    }
    const fn open(self) -> Self {
        Self { open: true, ..self }
    }

    pub(super) fn block(&self, name: &str) -> Option<&'static Self> {
        self.blocks.iter().copied().find(|form| form.kind == name)
    }

    pub(super) fn reading(&self, name: &str) -> Reading {
        self.arguments.iter().find(|(argument, _)| *argument == name).map_or(self.others, |(_, reading)| *reading)
    }
}

use Reading::{Expression, Literal};

static RULES: [Form; 4] = [Form::new("validation", 0), Form::new("precondition", 0), Form::new("postcondition", 0), Form::new("assert", 0)];

static LIFECYCLE: Form = Form::new("lifecycle", 0).blocks(&[&RULES[1], &RULES[2]]).arguments(&[("ignore_changes", Expression), ("replace_triggered_by", Expression)]);

static CONNECTION: Form = Form::new("connection", 0);

static PROVISIONER: Form = Form::new("provisioner", 1).blocks(&[&CONNECTION]).arguments(&[("when", Expression), ("on_failure", Expression)]);

/// `dynamic`, also where a schema decides about everything else.
pub(super) static DYNAMIC: Form = Form::new("dynamic", 1).blocks(&[&CONTENT]).arguments(&[("iterator", Expression), ("labels", Literal)]);

static CONTENT: Form = Form::new("content", 0).blocks(&[&DYNAMIC]).open();

/// What a nested block of a provider's type is.
pub(super) static NESTED: Form = Form::new("", 0).blocks(&[&DYNAMIC]).open();

static IN_OBJECT: [&Form; 4] = [&LIFECYCLE, &PROVISIONER, &CONNECTION, &DYNAMIC];

static OBJECTS: [Form; 3] = [object("resource"), object("data"), object("ephemeral")];

const fn object(kind: &'static str) -> Form {
    Form::new(kind, 2).blocks(&IN_OBJECT).arguments(&[("provider", Expression), ("depends_on", Expression)]).open()
}

static VARIABLE: Form =
    Form::new("variable", 1).blocks(&[&RULES[0]]).arguments(&[("type", Expression), ("default", Literal), ("description", Literal), ("deprecated", Literal)]);

static OUTPUT: Form = Form::new("output", 1).blocks(&[&RULES[1]]).arguments(&[("depends_on", Expression), ("description", Literal), ("deprecated", Literal)]);

static LOCALS: Form = Form::new("locals", 0);

static MODULE: Form = Form::new("module", 1).arguments(&[("source", Literal), ("version", Literal), ("providers", Expression), ("depends_on", Expression)]);

static PROVIDER: Form = Form::new("provider", 1).blocks(&[&DYNAMIC]).arguments(&[("alias", Literal), ("version", Literal)]).open();

static SETTINGS: [Form; 5] = [
    Form::new("required_providers", 0).literal(),
    Form::new("backend", 1).literal(),
    Form::new("cloud", 0).literal(),
    Form::new("provider_meta", 1),
    Form::new("encryption", 0),
];

static IN_TERRAFORM: [&Form; 5] = [&SETTINGS[0], &SETTINGS[1], &SETTINGS[2], &SETTINGS[3], &SETTINGS[4]];

static TERRAFORMS: [Form; 2] = [terraform("terraform"), terraform("tofu")];

const fn terraform(kind: &'static str) -> Form {
    Form::new(kind, 0).blocks(&IN_TERRAFORM).arguments(&[("experiments", Expression)]).literal()
}

static CHECK: Form = Form::new("check", 1).blocks(&[&RULES[3], &OBJECTS[1]]);

static MOVED: Form = Form::new("moved", 0).arguments(&[("from", Expression), ("to", Expression)]);

static REMOVED: Form = Form::new("removed", 0).blocks(&[&LIFECYCLE, &PROVISIONER, &CONNECTION]).arguments(&[("from", Expression)]);

static IMPORT: Form = Form::new("import", 0).arguments(&[("to", Expression), ("provider", Expression)]);

/// A file.
pub(super) static FILE: Form = Form::new("", 0).blocks(&[
    &OBJECTS[0],
    &OBJECTS[1],
    &OBJECTS[2],
    &VARIABLE,
    &OUTPUT,
    &LOCALS,
    &MODULE,
    &PROVIDER,
    &TERRAFORMS[0],
    &TERRAFORMS[1],
    &CHECK,
    &MOVED,
    &REMOVED,
    &IMPORT,
]);
