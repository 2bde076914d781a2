//! The evaluator.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_config::syntax::{Expr, ExprKind, ForExpr, Ident, ObjectItem, for_each_variable};
use weir_diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use weir_value::{Marks, Refinement, Type, Unknown, Value, convert, unify};

use crate::access::{self, get_attr, index};
use crate::function::{self, ErrorKind, FunctionError, Host};
use crate::{Scope, operator};

/// Computes expressions. After an error in one part the evaluation goes on with an unknown value in its place, so that every independent error is
/// found; they gather in [`Evaluator::diags`].
pub struct Evaluator<'a> {
    pub(crate) scope: &'a dyn Scope,
    pub(crate) host: &'a dyn Host,
    /// What was wrong so far.
    pub diags: Diagnostics,
    frames: Vec<(Arc<str>, Value)>,
    items: Vec<Value>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator with nothing bound.
    pub fn new(scope: &'a dyn Scope, host: &'a dyn Host) -> Self {
        Self { scope, host, diags: Diagnostics::new(), frames: Vec::new(), items: Vec::new() }
    }

    /// The value of an expression; unknown of type `any` where an error was found.
    pub fn eval(&mut self, expr: &Expr) -> Value {
        match &expr.kind {
            ExprKind::Literal(value) => value.clone(),
            ExprKind::Invalid => Value::unknown(Type::Dynamic),
            ExprKind::Parens(inner) => self.eval(inner),
            ExprKind::Variable(_) | ExprKind::GetAttr { .. } | ExprKind::Index { .. } => self.chain(expr),
            ExprKind::Template(parts) => self.template(parts, expr.span),
            ExprKind::SplatItem => self.items.last().cloned().unwrap_or_else(Value::null),
            ExprKind::Splat { source, each, full: _ } => self.splat(source, each),
            ExprKind::Call { name, args, expand } => self.call(expr, name, args, *expand),
            ExprKind::Conditional { condition, yes, no } => self.conditional(expr, condition, yes, no),
            ExprKind::Binary { op, left, right, .. } => self.binary(*op, left, right, expr),
            ExprKind::Unary { op, operand } => self.unary(*op, operand),
            ExprKind::Tuple(items) => Value::tuple(items.iter().map(|item| self.eval(item)).collect::<Vec<_>>()),
            ExprKind::Object(items) => self.object(items),
            ExprKind::For(each) => self.for_expr(each, expr.span),
        }
    }

    /// Evaluates with further names bound, as `for` does.
    pub fn with<T>(&mut self, bound: impl IntoIterator<Item = (Arc<str>, Value)>, run: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.frames.len();
        self.frames.extend(bound);
        let result = run(self);
        self.frames.truncate(before);
        result
    }

    /// Reports an error at an expression, with the values that it refers to, and gives the stand-in value.
    pub(crate) fn fail(&mut self, span: Span, summary: &str, detail: impl Into<String>, about: &[&Expr]) -> Value {
        let mut diagnostic = Diagnostic::error(summary, detail).at(span);
        for expr in about {
            diagnostic = self.describe(diagnostic, expr);
        }
        self.diags.push(diagnostic);
        Value::unknown(Type::Dynamic)
    }

    /// Adds what the references in an expression are at present.
    pub fn describe(&mut self, mut diagnostic: Diagnostic, expr: &Expr) -> Diagnostic {
        let mut chains = Vec::new();
        for_each_variable(expr, &mut |traversal| chains.push(traversal.clone()));
        for traversal in chains.into_iter().take(6) {
            let mark = self.diags.len();
            let names: Vec<(&Arc<str>, Span)> = access::leading_names(&traversal.steps);
            let value = match self.bound(&traversal.root.name) {
                Some(value) => Some(access::follow(value, &traversal.steps)),
                None => self.scope.lookup(&traversal.root, &names).ok().map(|found| access::follow(found.value, &traversal.steps[found.used..])),
            };
            debug_assert_eq!(mark, self.diags.len());
            if let Some(Some(value)) = value {
                let line = format!("{} {}", access::written(&traversal), access::summary(&value));
                if !diagnostic.values.contains(&line) {
                    diagnostic = diagnostic.value(line);
                }
            }
        }
        diagnostic
    }

    fn bound(&self, name: &str) -> Option<Value> {
        self.frames.iter().rev().find(|(bound, _)| &**bound == name).map(|(_, value)| value.clone())
    }

    /// A root name followed by attributes and indexes.
    fn chain(&mut self, expr: &Expr) -> Value {
        let mut steps: Vec<&Expr> = Vec::new();
        let mut at = expr;
        let mut value = loop {
            match &at.kind {
                ExprKind::GetAttr { object, .. } => {
                    steps.push(at);
                    at = object;
                }
                ExprKind::Index { collection, .. } => {
                    steps.push(at);
                    at = collection;
                }
                ExprKind::Variable(root) => {
                    if let Some(value) = self.bound(&root.name) {
                        break value;
                    }
                    let names: Vec<(&Arc<str>, Span)> =
                        steps.iter().rev().map_while(|step| if let ExprKind::GetAttr { name, .. } = &step.kind { Some((&name.name, name.span)) } else { None }).collect();
                    match self.scope.lookup(root, &names) {
                        Ok(found) => {
                            steps.truncate(steps.len() - found.used);
                            break found.value;
                        }
                        Err(diagnostic) => {
                            self.diags.push(diagnostic.at(expr.span));
                            return Value::unknown(Type::Dynamic);
                        }
                    }
                }
                _ => break self.eval(at),
            }
        };
        for step in steps.into_iter().rev() {
            let next = match &step.kind {
                ExprKind::GetAttr { object, name } => get_attr(&value, name).map_err(|d| (d, &**object)),
                ExprKind::Index { collection, key } => {
                    let key_value = self.eval(key);
                    index(&value, &key_value, key.span).map_err(|d| (d, &**collection))
                }
                _ => return value,
            };
            value = match next {
                Ok(next) => next,
                Err((diagnostic, about)) => {
                    let diagnostic = self.describe(diagnostic.at(step.span), about);
                    self.diags.push(diagnostic);
                    return Value::unknown(Type::Dynamic);
                }
            };
        }
        value
    }

    fn splat(&mut self, source: &Expr, each: &Expr) -> Value {
        let (value, marks) = self.eval(source).unmark();
        let result = match &value {
            Value::Null(_) => {
                if matches!(value.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_)) {
                    return self.fail(source.span, "Splat of null value", "Splat expressions (with the * symbol) cannot be applied to null sequences.", &[source]);
                }
                Value::tuple([])
            }
            Value::Unknown(unknown) => match &unknown.ty {
                Type::List(element) | Type::Set(element) => {
                    let item = self.each(each, Value::unknown(rest(element)));
                    like(unknown, Type::list(item.ty()))
                }
                Type::Tuple(types) => {
                    let items: Vec<Value> = types.iter().map(|ty| self.each(each, Value::unknown(ty.clone()))).collect();
                    Value::tuple(items)
                }
                _ => like(unknown, Type::Dynamic),
            },
            Value::List(..) | Value::Set(_) => {
                let items: Vec<Value> = value.elements().cloned().collect::<Vec<_>>().into_iter().map(|item| self.each(each, item)).collect();
                let types: Vec<Type> = items.iter().map(Value::ty).collect();
                match types.first() {
                    Some(first) if types.iter().all(|ty| ty == first) => Value::list(first.clone(), items),
                    Some(_) => Value::tuple(items),
                    None => {
                        // What the elements would have been says what the list is of.
                        let element = value.ty().element().cloned().unwrap_or(Type::Dynamic);
                        let quiet = std::mem::take(&mut self.diags);
                        let ty = self.each(each, Value::unknown(element)).ty();
                        self.diags = quiet;
                        Value::list(ty, [])
                    }
                }
            }
            Value::Tuple(items) => Value::tuple(items.iter().map(|item| self.each(each, item.clone())).collect::<Vec<_>>()),
            _ => Value::tuple([self.each(each, value.clone())]),
        };
        result.with_marks(marks)
    }

    fn each(&mut self, each: &Expr, item: Value) -> Value {
        self.items.push(item);
        let value = self.splat_rest(each);
        self.items.pop();
        value
    }

    /// The rest of a splat is a chain whose root is the item.
    fn splat_rest(&mut self, each: &Expr) -> Value {
        match &each.kind {
            ExprKind::GetAttr { object, name } => {
                let object = self.splat_rest(object);
                get_attr(&object, name).unwrap_or_else(|diagnostic| {
                    self.diags.push(diagnostic.at(each.span));
                    Value::unknown(Type::Dynamic)
                })
            }
            ExprKind::Index { collection, key } => {
                let (collection, key_value) = (self.splat_rest(collection), self.eval(key));
                index(&collection, &key_value, key.span).unwrap_or_else(|diagnostic| {
                    self.diags.push(diagnostic.at(each.span));
                    Value::unknown(Type::Dynamic)
                })
            }
            _ => self.eval(each),
        }
    }

    fn conditional(&mut self, expr: &Expr, condition: &Expr, yes: &Expr, no: &Expr) -> Value {
        let test = self.eval(condition);
        let before = std::mem::take(&mut self.diags);
        let yes_value = self.eval(yes);
        let yes_diags = std::mem::take(&mut self.diags);
        let no_value = self.eval(no);
        let no_diags = std::mem::replace(&mut self.diags, before);
        // Only what is wrong in the chosen part counts.
        let (test, marks) = match convert(&test, &Type::Bool) {
            Ok(test) => test.unmark(),
            Err(error) => return self.fail(condition.span, "Incorrect condition type", format!("The condition expression must be of type bool: {error}."), &[condition]),
        };
        let Some(ty) = common(&yes_value, &no_value) else {
            let detail = format!(
                "The true and false result expressions must have consistent types. The 'true' value is {}, but the 'false' value is {}.",
                yes_value.ty().friendly_name(),
                no_value.ty().friendly_name()
            );
            return self.fail(expr.span, "Inconsistent conditional result types", detail, &[]);
        };
        let chosen = match test {
            Value::Null(_) => return self.fail(condition.span, "Null condition", "The condition value is null. Conditions must either be true or false.", &[condition]),
            Value::Bool(truth) => {
                self.diags.extend(if truth { yes_diags } else { no_diags });
                if truth { (yes_value, "true") } else { (no_value, "false") }
            }
            other => {
                let inner = yes_value.marks_deep().union(no_value.marks_deep());
                let refinement = refinement(&yes_value).either(&refinement(&no_value));
                let unknown = Unknown { ty, refinement, cause: other.cause() };
                return Value::Unknown(Arc::new(unknown)).with_marks(marks.union(inner));
            }
        };
        let (chosen, which) = chosen;
        match convert(&chosen, &ty) {
            Ok(value) => value.with_marks(marks),
            Err(error) => self.fail(expr.span, "Inconsistent conditional result types", format!("The {which} result value has the wrong type: {error}."), &[]),
        }
    }

    fn object(&mut self, items: &[ObjectItem]) -> Value {
        let mut entries = BTreeMap::new();
        let mut marks = Marks::NONE;
        let mut unknown_key = false;
        for item in items {
            let key = self.eval(&item.key);
            let value = self.eval(&item.value);
            let (key, key_marks) = key.unmark();
            marks = marks.union(key_marks);
            match convert(&key, &Type::String) {
                Ok(Value::String(key)) => {
                    entries.insert(key, value);
                }
                Ok(Value::Unknown(_)) => unknown_key = true,
                Ok(_) => {
                    self.fail(item.key.span, "Null value as key", "Can't use a null value as a key.", &[&item.key]);
                }
                Err(error) => {
                    self.fail(item.key.span, "Incorrect key type", format!("Can't use this value as a key: {error}."), &[&item.key]);
                }
            }
        }
        let object = if unknown_key { Value::unknown(Type::Dynamic) } else { Value::Object(Arc::new(entries)) };
        object.with_marks(marks)
    }

    fn for_expr(&mut self, each: &ForExpr, span: Span) -> Value {
        let (collection, mut marks) = self.eval(&each.collection).unmark();
        let pairs = match access::pairs(&collection) {
            Ok(Some(pairs)) => pairs,
            Ok(None) => {
                let ty = match (&each.result_key, collection.ty()) {
                    (Some(_), _) | (_, Type::Dynamic) => Type::Dynamic,
                    _ => Type::Dynamic,
                };
                // Marks of what the body refers to would be lost otherwise.
                return Value::Unknown(Arc::new(Unknown { ty, refinement: Refinement { not_null: true, ..Refinement::default() }, cause: collection.cause() }))
                    .with_marks(marks);
            }
            Err(access::NotIterable::Null) => {
                return self.fail(
                    each.collection.span,
                    "Iteration over null value",
                    "A null value cannot be used as the collection in a 'for' expression.",
                    &[&each.collection],
                );
            }
            Err(access::NotIterable::Scalar) => {
                let detail = format!("A value of type {} cannot be used as the collection in a 'for' expression.", collection.ty().friendly_name());
                return self.fail(each.collection.span, "Iteration over non-iterable value", detail, &[&each.collection]);
            }
        };
        let mut items = Vec::new();
        let mut entries: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let mut groups: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
        let mut unknown = None;
        for (key, value) in pairs {
            let bound = each.key.iter().map(|ident| (ident.name.clone(), key.clone())).chain([(each.value.name.clone(), value)]).collect::<Vec<_>>();
            let before = self.frames.len();
            self.frames.extend(bound);
            if let Some(condition) = &each.condition {
                let test = self.eval(condition);
                match convert(&test, &Type::Bool).map(Value::unmark) {
                    Ok((Value::Bool(keep), own)) => {
                        marks = marks.union(own);
                        if !keep {
                            self.frames.truncate(before);
                            continue;
                        }
                    }
                    Ok((Value::Unknown(test), own)) => {
                        marks = marks.union(own);
                        unknown.get_or_insert(test.cause.clone());
                    }
                    Ok(_) => {
                        self.fail(condition.span, "Condition is null", "The value of the 'if' clause must not be null.", &[condition]);
                        unknown.get_or_insert(None);
                    }
                    Err(error) => {
                        self.fail(condition.span, "Invalid 'for' condition", format!("The 'if' clause value is invalid: {error}."), &[condition]);
                        unknown.get_or_insert(None);
                    }
                }
            }
            let result = self.eval(&each.result);
            if let Some(key_expr) = &each.result_key {
                let (key, own) = self.eval(key_expr).unmark();
                marks = marks.union(own);
                match convert(&key, &Type::String) {
                    Ok(Value::String(key)) if each.grouped => groups.entry(key).or_default().push(result),
                    Ok(Value::String(key)) => {
                        if entries.contains_key(&key) {
                            let detail = format!(
                                "Two different items produced the key \"{key}\" in this 'for' expression. If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key."
                            );
                            self.fail(key_expr.span, "Duplicate object key", detail, &[key_expr]);
                        }
                        entries.insert(key, result);
                    }
                    Ok(Value::Unknown(key)) => {
                        unknown.get_or_insert(key.cause.clone());
                    }
                    Ok(_) => {
                        self.fail(key_expr.span, "Invalid object key", "Key expression in 'for' expression must not produce a null value.", &[key_expr]);
                    }
                    Err(error) => {
                        self.fail(key_expr.span, "Invalid object key", format!("The key expression produced an invalid result: {error}."), &[key_expr]);
                    }
                }
            } else {
                items.push(result);
            }
            self.frames.truncate(before);
        }
        if let Some(cause) = unknown {
            let inner = items.iter().chain(entries.values()).chain(groups.values().flatten()).fold(Marks::NONE, |all, item| all.union(item.marks_deep()));
            let unknown = Unknown { ty: Type::Dynamic, refinement: Refinement { not_null: true, ..Refinement::default() }, cause };
            let _ = span;
            return Value::Unknown(Arc::new(unknown)).with_marks(marks.union(inner));
        }
        let result = match (&each.result_key, each.grouped) {
            (None, _) => Value::tuple(items),
            (Some(_), true) => Value::object(groups.into_iter().map(|(key, items)| (key, Value::tuple(items)))),
            (Some(_), false) => Value::Object(Arc::new(entries)),
        };
        result.with_marks(marks)
    }

    fn call(&mut self, expr: &Expr, name: &Ident, args: &[Expr], expand: bool) -> Value {
        match name.name.strip_prefix("core::").unwrap_or(&name.name) {
            "try" => return self.try_call(expr, args),
            "can" => return self.can_call(expr, args),
            _ => {}
        }
        let mut values: Vec<Value> = args.iter().map(|arg| self.eval(arg)).collect();
        let mut marks = Marks::NONE;
        if expand && let Some(last) = values.pop() {
            let span = args.last().map_or(name.span, |arg| arg.span);
            let (list, own) = last.unmark();
            marks = own;
            match &list {
                Value::List(..) | Value::Tuple(_) | Value::Set(_) => values.extend(list.elements().cloned()),
                Value::Unknown(unknown) => return like(unknown, Type::Dynamic).with_marks(marks),
                Value::Null(_) => return self.fail(span, "Invalid expanding argument value", "The expanding argument (indicated by ...) must not be null.", &[]),
                _ => return self.fail(span, "Invalid expanding argument value", "The expanding argument (indicated by ...) must be of a tuple, list, or set type.", &[]),
            }
        }
        if let Some(rest) = name.name.strip_prefix("provider::") {
            let (provider, function) = rest.split_once("::").unwrap_or((rest, ""));
            return match self.scope.call_provider(provider, function, &values) {
                Some(Ok(value)) => value.with_marks(marks),
                Some(Err(error)) => {
                    let (summary, detail) = explain(&name.name, &error);
                    self.function_failed(expr, args, &error, summary, detail)
                }
                None => self.fail(
                    name.span,
                    "Call to unknown function",
                    format!("There is no function named \"{}\": no provider with the local name \"{provider}\" offers it.", name.name),
                    &[],
                ),
            };
        }
        let Some(function) = function::lookup(&name.name) else {
            let known = function::names();
            let hint = did_you_mean(&name.name, known.iter().copied());
            return self.fail(name.span, "Call to unknown function", format!("There is no function named \"{}\".{hint}", name.name), &[]);
        };
        match function.call(self.host, &values) {
            Ok(value) => value.with_marks(marks),
            Err(error) => {
                let (summary, detail) = function.explain(&error);
                self.function_failed(expr, args, &error, summary, detail)
            }
        }
    }

    fn function_failed(&mut self, expr: &Expr, args: &[Expr], error: &FunctionError, summary: &str, detail: String) -> Value {
        let at = error.argument.and_then(|at| args.get(at)).filter(|_| error.kind != ErrorKind::NotEnough);
        let about: Vec<&Expr> = at.map_or_else(|| args.iter().collect(), |arg| vec![arg]);
        self.fail(at.map_or(expr.span, |arg| arg.span), summary, detail, &about)
    }

    /// `try(a, b, …)`: the first argument without an error.
    fn try_call(&mut self, expr: &Expr, args: &[Expr]) -> Value {
        let before = std::mem::take(&mut self.diags);
        let mut reasons = Vec::new();
        for arg in args {
            let value = self.eval(arg);
            let found = std::mem::take(&mut self.diags);
            if !found.has_errors() {
                self.diags = before;
                // What is not known yet may still turn out to be an error.
                return match value.cause() {
                    _ if value.is_wholly_known() => value,
                    Some(cause) => Value::unknown_because(Type::Dynamic, cause).with_marks(value.marks_deep()),
                    None => Value::unknown(Type::Dynamic).with_marks(value.marks_deep()),
                };
            }
            reasons.extend(found.iter().next().map(|diagnostic| format!("- {}: {}", diagnostic.summary, diagnostic.detail)));
        }
        self.diags = before;
        if args.is_empty() {
            return self.fail(expr.span, "Error in function call", "Call to function \"try\" failed: at least one argument is required.", &[]);
        }
        self.fail(
            expr.span,
            "Error in function call",
            format!("Call to function \"try\" failed: no expression succeeded:\n{}\n\nAt least one expression must produce a successful result.", reasons.join("\n")),
            &[],
        )
    }

    fn can_call(&mut self, expr: &Expr, args: &[Expr]) -> Value {
        let [arg] = args else {
            return self.fail(expr.span, "Error in function call", "Call to function \"can\" failed: exactly one argument is required.", &[]);
        };
        let before = std::mem::take(&mut self.diags);
        let value = self.eval(arg);
        let failed = std::mem::replace(&mut self.diags, before).has_errors();
        if !failed && !value.is_wholly_known() {
            // What an unknown turns out to be may still be an error.
            return Value::unknown_not_null(Type::Bool).with_marks(value.marks_deep());
        }
        Value::from(!failed).with_marks(value.marks_deep())
    }

    fn binary(&mut self, op: weir_config::syntax::BinaryOp, left: &Expr, right: &Expr, expr: &Expr) -> Value {
        // A long chain such as a + b + c + … leans to the left: it is worked off without recursion.
        let mut chain = vec![(op, left, right, expr)];
        while let Some((_, left, ..)) = chain.last()
            && let ExprKind::Binary { op, left: inner, right, .. } = &left.kind
        {
            chain.push((*op, &**inner, &**right, *left));
        }
        let first = chain.last().map_or(left, |(_, left, ..)| *left);
        let mut value = self.eval(first);
        while let Some((op, left, right, whole)) = chain.pop() {
            let right_value = self.eval(right);
            value = match operator::binary(op, &value, &right_value) {
                Ok(value) => value,
                Err(operator::Fault::Left(message)) => self.fail(left.span, "Invalid operand", format!("Unsuitable value for left operand: {message}."), &[left]),
                Err(operator::Fault::Right(message)) => self.fail(right.span, "Invalid operand", format!("Unsuitable value for right operand: {message}."), &[right]),
                Err(operator::Fault::Whole(summary, detail)) => self.fail(whole.span, summary, detail, &[left, right]),
            };
        }
        value
    }

    fn unary(&mut self, op: weir_config::syntax::UnaryOp, operand: &Expr) -> Value {
        let value = self.eval(operand);
        operator::unary(op, &value)
            .unwrap_or_else(|message| self.fail(operand.span, "Invalid operand", format!("Unsuitable value for unary operand: {message}."), &[operand]))
    }
}

fn explain(name: &str, error: &FunctionError) -> (&'static str, String) {
    match error.kind {
        ErrorKind::NotEnough => ("Not enough function arguments", error.message.clone()),
        ErrorKind::TooMany => ("Too many function arguments", error.message.clone()),
        ErrorKind::Argument => ("Invalid function argument", format!("Call to function \"{name}\" failed: {}.", error.message)),
        ErrorKind::Call => ("Error in function call", format!("Call to function \"{name}\" failed: {}.", error.message)),
    }
}

/// An unknown value of another type that waits for the same.
fn like(unknown: &Unknown, ty: Type) -> Value {
    Value::Unknown(Arc::new(Unknown { ty, refinement: Refinement::default(), cause: unknown.cause.clone() }))
}

fn rest(element: &Type) -> Type {
    element.clone()
}

/// The type that both results of a conditional get.
fn common(yes: &Value, no: &Value) -> Option<Type> {
    match (yes.ty(), no.ty()) {
        (a, b) if a == b => Some(a),
        (Type::Dynamic, other) if yes.is_null() => Some(other),
        (other, Type::Dynamic) if no.is_null() => Some(other),
        (Type::Dynamic, _) | (_, Type::Dynamic) => Some(Type::Dynamic),
        (a, b) => unify(&[a, b]),
    }
}

fn refinement(value: &Value) -> Refinement {
    match value.unmarked() {
        Value::Null(_) => Refinement::default(),
        Value::Unknown(unknown) => unknown.refinement.clone(),
        Value::String(text) => Refinement { not_null: true, prefix: text.clone(), ..Refinement::default() },
        other => {
            let length = if other.is_wholly_known() { other.length().map(|length| length as u64) } else { None };
            Refinement { not_null: true, min_length: length.unwrap_or(0), max_length: length, ..Refinement::default() }
        }
    }
}
