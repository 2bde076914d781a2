//! The configuration in a plan as JSON: what its expressions refer to, as policy checks and cost estimators read it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use weir_config::syntax::{Body, Expr, ExprKind, Step, TemplatePart, Traversal, for_each_variable};
use weir_config::{Module, ProviderRef, Repeat, Resource};
use weir_eval::Evaluator;
use weir_plan::{Catalog, DiskHost, Nodes};
use weir_provider::{Block, Nesting};

/// What the parts of the document are made from.
struct Source<'a> {
    nodes: &'a Nodes,
    catalog: &'a Catalog,
    host: &'a DiskHost,
}

/// The document.
pub(crate) fn document(nodes: &Nodes, catalog: &Catalog, host: &DiskHost) -> Json {
    let source = Source { nodes, catalog, host };
    json!({ "provider_config": source.providers(), "root_module": source.module(0) })
}

impl Source<'_> {
    fn providers(&self) -> Json {
        let mut all: BTreeMap<String, Json> = BTreeMap::new();
        for (at, module) in self.nodes.modules.iter().enumerate() {
            let implied = module.resources.values().filter_map(|resource| self.nodes.provider(at, &resource.provider));
            let written = module.providers.keys().map(|of| (at, of.clone()));
            for (at, of) in implied.chain(written).collect::<Vec<_>>() {
                all.entry(self.provider_key(at, &of)).or_insert_with(|| self.provider(at, &of));
            }
        }
        json!(all)
    }

    fn provider_key(&self, at: usize, of: &ProviderRef) -> String {
        let name = of.alias.as_ref().map_or_else(|| of.name.to_string(), |alias| format!("{}.{alias}", of.name));
        let path = &self.nodes.modules[at].path;
        if path.is_root() { name } else { format!("{path}:{name}") }
    }

    fn provider(&self, at: usize, of: &ProviderRef) -> Json {
        let module = &self.nodes.modules[at];
        let addr = self.catalog.resolve(module, &of.name);
        let mut entry = json!({ "name": &*of.name, "full_name": addr.to_string() });
        if let Some(alias) = &of.alias {
            entry["alias"] = json!(&**alias);
        }
        if !module.path.is_root() {
            entry["module_address"] = json!(module.path.to_string());
        }
        if let Some(version) = module.required_providers.get(&of.name).and_then(|required| required.version.as_deref()) {
            entry["version_constraint"] = json!(version);
        }
        if let Some(block) = module.providers.get(of) {
            let schema = self.catalog.schema(&addr);
            let expressions = self.body(&block.body, schema.as_ref().map(|schema| &schema.config.block));
            if expressions.as_object().is_some_and(|entries| !entries.is_empty()) {
                entry["expressions"] = expressions;
            }
        }
        entry
    }

    fn module(&self, at: usize) -> Json {
        let module = &self.nodes.modules[at];
        let mut document = Map::new();
        let mut add = |name: &str, entries: Map<String, Json>| {
            if !entries.is_empty() {
                document.insert(name.to_owned(), Json::Object(entries));
            }
        };
        add("outputs", self.outputs(module));
        add("module_calls", self.calls(at));
        add("variables", self.variables(module));
        let resources: Vec<Json> = module.resources.values().map(|resource| self.resource(at, resource)).collect();
        if !resources.is_empty() {
            document.insert("resources".to_owned(), Json::Array(resources));
        }
        Json::Object(document)
    }

    fn outputs(&self, module: &Module) -> Map<String, Json> {
        let output = |output: &weir_config::Output| {
            let mut entry = json!({ "expression": self.expression(&output.expr) });
            described(&mut entry, &output.description, output.sensitive);
            depends(&mut entry, &output.depends_on);
            entry
        };
        module.outputs.iter().map(|(name, found)| (name.to_string(), output(found))).collect()
    }

    fn variables(&self, module: &Module) -> Map<String, Json> {
        let variable = |variable: &weir_config::Variable| {
            let mut entry = json!({});
            // What is secret is in no document that a plan is read from.
            let shown = variable.default.as_ref().filter(|_| !variable.sensitive && !variable.ephemeral);
            if let Some(default) = shown.and_then(|default| self.constant(default)) {
                entry["default"] = default;
            }
            described(&mut entry, &variable.description, variable.sensitive);
            entry
        };
        module.variables.iter().map(|(name, found)| (name.to_string(), variable(found))).collect()
    }

    fn calls(&self, at: usize) -> Map<String, Json> {
        let module = &self.nodes.modules[at];
        let call = |call: &weir_config::Call| {
            let expressions: Map<String, Json> = call.args.iter().map(|(name, (expr, _))| (name.to_string(), self.expression(expr))).collect();
            let mut entry = json!({ "source": &*call.source });
            if !expressions.is_empty() {
                entry["expressions"] = Json::Object(expressions);
            }
            self.repeat(&mut entry, &call.repeat);
            if let Some(child) = self.nodes.child(at, &call.name) {
                entry["module"] = self.module(child);
            }
            depends(&mut entry, &call.depends_on);
            entry
        };
        module.calls.iter().map(|(name, found)| (name.to_string(), call(found))).collect()
    }

    fn resource(&self, at: usize, resource: &Resource) -> Json {
        let mode = resource.mode;
        let mut entry = json!({
            "address": format!("{}{}.{}", mode.prefix(), resource.type_, resource.name),
            "mode": mode.as_str(), "type": &*resource.type_, "name": &*resource.name,
        });
        let schemas = self.nodes.provider(at, &resource.provider).and_then(|(module, of)| {
            entry["provider_config_key"] = json!(self.provider_key(module, &of));
            self.catalog.schema(&self.catalog.resolve(&self.nodes.modules[module], &of.name))
        });
        let schema = schemas.as_ref().and_then(|schemas| match mode {
            weir_addr::Mode::Managed => schemas.resources.get(&resource.type_),
            weir_addr::Mode::Data => schemas.data_sources.get(&resource.type_),
            weir_addr::Mode::Ephemeral => schemas.ephemeral.get(&resource.type_),
        });
        let expressions = self.body(&resource.body, schema.map(|schema| &schema.block));
        if expressions.as_object().is_some_and(|entries| !entries.is_empty()) {
            entry["expressions"] = expressions;
        }
        if let Some(schema) = schema {
            entry["schema_version"] = json!(schema.version);
        }
        self.repeat(&mut entry, &resource.repeat);
        depends(&mut entry, &resource.depends_on);
        entry
    }

    fn repeat(&self, entry: &mut Json, repeat: &Repeat) {
        match repeat {
            Repeat::Once => {}
            Repeat::Count(expr) => entry["count_expression"] = self.expression(expr),
            Repeat::ForEach(expr) => entry["for_each_expression"] = self.expression(expr),
        }
    }

    /// The arguments and nested blocks of a body.
    fn body(&self, body: &Body, schema: Option<&Block>) -> Json {
        let mut entries: Map<String, Json> = body.attributes.iter().map(|attribute| (attribute.name.name.to_string(), self.expression(&attribute.expr))).collect();
        for block in body.blocks.iter().filter(|block| &*block.kind.name != "dynamic") {
            let nested = schema.and_then(|schema| schema.blocks.get(&block.kind.name));
            let content = self.body(&block.body, nested.map(|nested| &nested.block));
            let name = block.kind.name.to_string();
            if nested.is_some_and(|nested| matches!(nested.nesting, Nesting::Single | Nesting::Group)) {
                entries.insert(name, content);
            } else if let Json::Array(items) = entries.entry(name).or_insert_with(|| json!([])) {
                items.push(content);
            }
        }
        Json::Object(entries)
    }

    fn expression(&self, expr: &Expr) -> Json {
        let mut references = Vec::new();
        for_each_variable(expr, &mut |traversal| {
            for reference in prefixes(traversal) {
                if !references.contains(&reference) {
                    references.push(reference);
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
        if !is_constant(expr) {
            return None;
        }
        let mut evaluator = Evaluator::new(&(), self.host);
        let value = evaluator.eval(expr);
        let text = weir_value::encode_json(&value).ok().filter(|_| !evaluator.diags.has_errors())?;
        serde_json::from_str(&text).ok()
    }
}

fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Tuple(items) => items.iter().all(is_constant),
        ExprKind::Object(items) => items.iter().all(|item| is_constant(&item.key) && is_constant(&item.value)),
        ExprKind::Template(parts) => parts.iter().all(|part| matches!(part, TemplatePart::Literal(..))),
        ExprKind::Unary { operand, .. } => is_constant(operand),
        ExprKind::Parens(inner) => is_constant(inner),
        ExprKind::Binary { left, right, .. } => is_constant(left) && is_constant(right),
        _ => false,
    }
}

/// A reference and what it is a part of, down to the object itself: `a.b[0].c`, `a.b[0]`, `a.b`.
fn prefixes(traversal: &Traversal) -> Vec<String> {
    let least = match &*traversal.root.name {
        "data" | "ephemeral" => 2,
        // An instance of a module is the module's object.
        "module" | "stage" if matches!(traversal.steps.get(1), Some(Step::Index(..))) => 2,
        _ => 1,
    };
    (least.min(traversal.steps.len())..=traversal.steps.len()).rev().map(|count| written(traversal, count)).collect()
}

fn written(traversal: &Traversal, steps: usize) -> String {
    let mut text = traversal.root.name.to_string();
    for step in &traversal.steps[..steps] {
        match step {
            Step::Attr(name, _) => text += &format!(".{name}"),
            Step::Index(key, _) => match key.as_str() {
                Some(key) => text += &format!("[{key:?}]"),
                None => text += &format!("[{}]", key.as_i64().unwrap_or_default()),
            },
        }
    }
    text
}

fn described(entry: &mut Json, description: &str, sensitive: bool) {
    if !description.is_empty() {
        entry["description"] = json!(description);
    }
    if sensitive {
        entry["sensitive"] = json!(true);
    }
}

fn depends(entry: &mut Json, list: &[Traversal]) {
    if !list.is_empty() {
        entry["depends_on"] = list.iter().map(|traversal| Json::from(written(traversal, traversal.steps.len()))).collect();
    }
}
