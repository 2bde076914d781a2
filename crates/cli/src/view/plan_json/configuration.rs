//! The `configuration` of plan format 1.2: the blocks as they are written, with what each expression refers to.

use serde_json::{Map, Value as Json, json};
use weir_addr::Mode;
use weir_config::syntax::{Body, Expr, Step, Traversal, for_each_call, for_each_variable};
use weir_config::{Call, Module, ProviderRef, Repeat, Resource};
use weir_eval::Evaluator;
use weir_eval::function::Host;
use weir_provider::{Block, Nesting, Schema};
use weir_value::Value;

use super::values::known;
use crate::stack::Stack;

/// The configuration of a stack.
pub(super) fn document(stack: &Stack) -> Json {
    let host = stack.host();
    let writer = Writer { stack, host: &host };
    let mut providers = Map::new();
    for (at, module) in stack.nodes.modules.iter().enumerate() {
        writer.providers(at, module, &mut providers);
    }
    json!({ "provider_config": providers, "root_module": writer.module(0, &stack.config.root) })
}

struct Writer<'a> {
    stack: &'a Stack,
    host: &'a dyn Host,
}

impl Writer<'_> {
    /// The provider configurations that a module declares, requires or implies.
    fn providers(&self, at: usize, module: &Module, out: &mut Map<String, Json>) {
        let declared = module.providers.keys().cloned();
        let required = module.required_providers.keys().map(|name| ProviderRef { name: name.clone(), alias: None });
        let implied = module.resources.values().map(|resource| resource.provider.clone());
        for wanted in declared.chain(required).chain(implied) {
            let Some((home, of)) = self.stack.nodes.provider(at, &wanted) else { continue };
            let owner = &self.stack.nodes.modules[home];
            let key = key(owner, &of);
            if out.contains_key(&key) {
                continue;
            }
            let addr = self.stack.catalog.resolve(owner, &of.name);
            let mut entry = json!({ "name": &*of.name, "full_name": addr.to_string() });
            if let Some(alias) = &of.alias {
                entry["alias"] = json!(&**alias);
            }
            if let Some(version) = owner.required_providers.get(&of.name).and_then(|required| required.version.as_deref()) {
                entry["version_constraint"] = json!(version);
            }
            if !owner.path.is_root() {
                entry["module_address"] = json!(owner.path.to_string());
            }
            if let Some(block) = owner.providers.get(&of) {
                let schema = self.stack.catalog.schema(&addr);
                let expressions = self.body(&block.body, schema.as_deref().map(|schema| &schema.config.block));
                if !expressions.is_empty() {
                    entry["expressions"] = Json::Object(expressions);
                }
            }
            out.insert(key, entry);
        }
    }

    fn module(&self, at: usize, module: &Module) -> Json {
        let mut entry = Map::new();
        let mut put = |name: &str, entries: Map<String, Json>| {
            if !entries.is_empty() {
                entry.insert(name.to_owned(), Json::Object(entries));
            }
        };
        put("outputs", module.outputs.values().map(|output| (output.name.to_string(), self.output(output))).collect());
        put("module_calls", module.calls.values().map(|call| (call.name.to_string(), self.call(at, module, call))).collect());
        put("variables", module.variables.values().map(|variable| (variable.name.to_string(), self.variable(variable))).collect());
        let of = |mode: Mode| module.resources.values().filter(move |resource| resource.mode == mode);
        let resources: Vec<Json> = of(Mode::Managed).chain(of(Mode::Data)).map(|resource| self.resource(at, module, resource)).collect();
        if !resources.is_empty() {
            entry.insert("resources".to_owned(), Json::Array(resources));
        }
        Json::Object(entry)
    }

    fn output(&self, output: &weir_config::Output) -> Json {
        let mut entry = json!({ "expression": self.expression(&output.expr) });
        if output.sensitive {
            entry["sensitive"] = json!(true);
        }
        if output.ephemeral {
            entry["ephemeral"] = json!(true);
        }
        if !output.description.is_empty() {
            entry["description"] = json!(&*output.description);
        }
        depends_on(&mut entry, &output.depends_on);
        entry
    }

    fn variable(&self, variable: &weir_config::Variable) -> Json {
        let mut entry = json!({});
        // What is never shown is not shown here either.
        if let Some(default) = variable.default.as_ref().filter(|_| !variable.sensitive) {
            entry["default"] = self.constant(default).unwrap_or(Json::Null);
        }
        if !variable.description.is_empty() {
            entry["description"] = json!(&*variable.description);
        }
        for (name, set) in [("sensitive", variable.sensitive), ("ephemeral", variable.ephemeral)] {
            if set {
                entry[name] = json!(true);
            }
        }
        entry
    }

    fn call(&self, at: usize, module: &Module, call: &Call) -> Json {
        let mut entry = json!({ "source": &*call.source });
        let expressions: Map<String, Json> = call.args.iter().map(|(name, (expr, _))| (name.to_string(), self.expression(expr))).collect();
        if !expressions.is_empty() {
            entry["expressions"] = Json::Object(expressions);
        }
        self.repeat(&mut entry, &call.repeat);
        if let (Some(child), Some(below)) = (module.children.get(&call.name), self.stack.nodes.child(at, &call.name)) {
            entry["module"] = self.module(below, child);
        }
        depends_on(&mut entry, &call.depends_on);
        entry
    }

    fn resource(&self, at: usize, module: &Module, resource: &Resource) -> Json {
        let (mode, prefix) = if resource.mode == Mode::Data { ("data", "data.") } else { ("managed", "") };
        let provider = self.stack.nodes.provider(at, &resource.provider);
        let schemas = self.stack.catalog.schema(&self.stack.catalog.resolve(module, &resource.provider.name));
        let schema: Option<&Schema> = schemas.as_deref().and_then(|schemas| {
            let types = if resource.mode == Mode::Data { &schemas.data_sources } else { &schemas.resources };
            types.get(&resource.type_).map(|schema| &**schema)
        });
        let mut entry = json!({
            "address": format!("{prefix}{}.{}", resource.type_, resource.name),
            "mode": mode, "type": &*resource.type_, "name": &*resource.name,
            "provider_config_key": provider.map_or_else(|| resource.provider.name.to_string(), |(home, of)| key(&self.stack.nodes.modules[home], &of)),
            "schema_version": schema.map_or(0, |schema| schema.version),
        });
        let expressions = self.body(&resource.body, schema.map(|schema| &schema.block));
        if !expressions.is_empty() {
            entry["expressions"] = Json::Object(expressions);
        }
        self.repeat(&mut entry, &resource.repeat);
        depends_on(&mut entry, &resource.depends_on);
        entry
    }

    fn repeat(&self, entry: &mut Json, repeat: &Repeat) {
        let (name, expr) = match repeat {
            Repeat::Once => return,
            Repeat::Count(expr) => ("count_expression", expr),
            Repeat::ForEach(expr) => ("for_each_expression", expr),
        };
        let written = self.expression(expr);
        if written.as_object().is_some_and(|written| !written.is_empty()) {
            entry[name] = written;
        }
    }

    /// The arguments and nested blocks of a body. What `dynamic` makes cannot be said before it is evaluated, and is left out.
    fn body(&self, body: &Body, schema: Option<&Block>) -> Map<String, Json> {
        let mut out = Map::new();
        for attribute in &body.attributes {
            let secret = schema.and_then(|schema| schema.attributes.get(&attribute.name.name)).is_some_and(|attribute| attribute.sensitive || attribute.write_only);
            let written = self.expression(&attribute.expr);
            let written = if secret && written.get("constant_value").is_some() { json!({}) } else { written };
            out.insert(attribute.name.name.to_string(), written);
        }
        for block in &body.blocks {
            let nested = schema.and_then(|schema| schema.blocks.get(&block.kind.name));
            let Some(nested) = nested else { continue };
            let written = Json::Object(self.body(&block.body, Some(&nested.block)));
            let slot = out.entry(block.kind.name.to_string());
            match nested.nesting {
                Nesting::Single | Nesting::Group => drop(slot.or_insert(written)),
                Nesting::List | Nesting::Set => {
                    if let Json::Array(blocks) = slot.or_insert_with(|| json!([])) {
                        blocks.push(written);
                    }
                }
                Nesting::Map => {
                    let label = block.labels.first().map(|label| label.name.to_string()).unwrap_or_default();
                    if let Json::Object(blocks) = slot.or_insert_with(|| json!({})) {
                        blocks.insert(label, written);
                    }
                }
            }
        }
        out
    }

    /// `constant_value`, `references`, or nothing for what is computed from nothing.
    fn expression(&self, expr: &Expr) -> Json {
        let mut references: Vec<String> = Vec::new();
        for_each_variable(expr, &mut |traversal| {
            for text in unwrapped(traversal) {
                if !references.contains(&text) {
                    references.push(text);
                }
            }
        });
        if !references.is_empty() {
            return json!({ "references": references });
        }
        self.constant(expr).map_or_else(|| json!({}), |value| json!({ "constant_value": value }))
    }

    /// The value of an expression without references and calls.
    fn constant(&self, expr: &Expr) -> Option<Json> {
        let mut calls = false;
        for_each_call(expr, &mut |_| calls = true);
        if calls {
            return None;
        }
        let mut evaluator = Evaluator::new(&(), self.host);
        let value = evaluator.eval(expr);
        (!evaluator.diags.has_errors()).then(|| known(&value))
    }
}

/// `aws`, `aws.east`, `module.m:aws`
fn key(module: &Module, of: &ProviderRef) -> String {
    let name = match &of.alias {
        Some(alias) => format!("{}.{alias}", of.name),
        None => of.name.to_string(),
    };
    if module.path.is_root() { name } else { format!("{}:{name}", module.path) }
}

fn depends_on(entry: &mut Json, traversals: &[Traversal]) {
    if !traversals.is_empty() {
        entry["depends_on"] = traversals.iter().map(|traversal| text(traversal, traversal.steps.len())).collect();
    }
}

/// A traversal up to that many steps, as it is written.
fn text(traversal: &Traversal, steps: usize) -> String {
    let mut out = traversal.root.name.to_string();
    for step in &traversal.steps[..steps.min(traversal.steps.len())] {
        match step {
            Step::Attr(name, _) => out.extend([".", name]),
            Step::Index(Value::String(key), _) => out.push_str(&format!("[{}]", weir_value::json_string(key))),
            Step::Index(Value::Number(at), _) => out.push_str(&format!("[{at}]")),
            Step::Index(..) => out.push_str("[...]"),
        }
    }
    out
}

/// A reference, then the things that it is a part of: the attribute, the instance, the resource.
fn unwrapped(traversal: &Traversal) -> Vec<String> {
    // How many steps name the thing itself.
    let named = match &*traversal.root.name {
        "data" | "ephemeral" => 2,
        // The whole of `each.key` is a name, as is `var.x`.
        _ => 1,
    };
    let mut lengths = vec![traversal.steps.len()];
    let is_resource = !matches!(&*traversal.root.name, "var" | "local" | "each" | "count" | "path" | "terraform" | "self" | "gate" | "stage" | "module");
    if &*traversal.root.name == "self" {
        lengths.push(0);
    } else {
        let indexed = matches!(traversal.steps.get(named), Some(Step::Index(..))) && (is_resource || &*traversal.root.name == "module");
        // Of an output of a module: `module.m.id`, then `module.m`.
        let output = if &*traversal.root.name == "module" { named + usize::from(indexed) + 1 } else { 0 };
        lengths.extend([output, if indexed { named + 1 } else { 0 }, named].into_iter().filter(|length| *length > 0 && *length < traversal.steps.len()));
    }
    lengths.dedup();
    lengths.into_iter().map(|length| text(traversal, length)).collect()
}

#[cfg(test)]
mod tests {
    use weir_config::syntax::parse_expression;
    use weir_diag::Sources;

    use super::*;

    #[track_caller]
    fn check(expression: &str, expected: &[&str]) {
        let mut sources = Sources::new();
        let id = sources.add("<test>", expression);
        let (expr, diags) = parse_expression(&sources, id);
        assert!(!diags.has_errors());
        let mut found = Vec::new();
        for_each_variable(&expr, &mut |traversal| found.extend(unwrapped(traversal)));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_reference_is_followed_by_what_it_is_a_part_of() {
        check("terraform_data.a[0].id", &["terraform_data.a[0].id", "terraform_data.a[0]", "terraform_data.a"]);
        check("terraform_data.a[*].output", &["terraform_data.a"]);
        check("terraform_data.b", &["terraform_data.b"]);
        check("data.a.b.c", &["data.a.b.c", "data.a.b"]);
        check("var.x.y", &["var.x.y", "var.x"]);
        check("each.key", &["each.key"]);
        check("self.id", &["self.id", "self"]);
        check("module.m[\"k\"].id", &["module.m[\"k\"].id", "module.m[\"k\"]", "module.m"]);
        check("module.m.id", &["module.m.id", "module.m"]);
    }
}
