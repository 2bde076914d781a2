//! Expressions asked one by one, about what the state holds.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use weir_addr::{InstanceAddr, Mode as ResourceMode, ModulePath, ProviderConfigAddr};
use weir_config::Resource;
use weir_config::syntax::Expr;
use weir_diag::Diagnostics;
use weir_eval::{Evaluator, Instances};
use weir_value::{Marks, Type, Value};

use crate::decode;
use crate::planner::{Made, Planning, make};
use crate::scope::ModuleScope;
use crate::walk::{Executor, Job, Outcome, Reuse, Walk, walk};

/// The root module with the values that its names have now.
pub struct Console<'a>(Walk<'a>);

/// Gives names their values, without asking any provider's API: objects and data sources are what the state says, and not known where it says nothing. Then lets `ask` ask. What
/// is wrong in the configuration is handed to it too; expressions that do not need it can be asked all the same.
pub async fn console<T>(planning: Planning<'_>, ask: impl FnOnce(&Console<'_>, Diagnostics) -> T) -> T {
    let Planning { config, nodes, catalog, host, prior, options, cwd, workspace, given, candidate } = planning;
    let place = (cwd.clone(), workspace.clone());
    let Made { plan, world, providers, diags, .. } = make(Planning { config, nodes, catalog, host, prior, options, cwd, workspace, given, candidate }, true).await;
    let mut data = BTreeMap::new();
    for (addr, state) in prior.resources.iter().filter(|(addr, _)| addr.mode == ResourceMode::Data) {
        let Some(schemas) = catalog.schema(&state.provider.provider) else { continue };
        let Some(schema) = schemas.data_sources.get(&addr.type_) else { continue };
        for key in state.instances.keys() {
            let addr = addr.instance(key.clone());
            let Some(record) = prior.record(&addr) else { continue };
            let Ok(value) = record.value(schema.ty()) else { continue };
            let marks: Vec<_> = record.sensitive_paths.iter().map(|path| (path.clone(), Marks::SENSITIVE)).collect();
            data.insert(addr, (state.provider.clone(), decode::mark_schema(&decode::mark(&value, &marks), schema), schema.ty().clone()));
        }
    }
    let reuse = Reuse { world: &world, providers: &providers, data: &data, gates: &plan.gates };
    let mut walking = Walk::applying(config, nodes, catalog, host, prior, options, place, given, reuse, HashSet::new());
    walking.applying = false;
    walk(&walking, &Recorded).await;
    ask(&Console(walking), diags)
}

impl Console<'_> {
    /// The value of an expression in the root module.
    pub fn eval(&self, expr: &Expr) -> (Value, Diagnostics) {
        let path = ModulePath::root();
        let scope = ModuleScope::new(&self.0, &self.0.config.root, &path);
        let mut evaluator = Evaluator::new(&scope, self.0.host);
        let value = evaluator.eval(expr);
        (value, evaluator.diags)
    }
}

/// Takes every object as it is recorded.
struct Recorded;

#[async_trait(?Send)]
impl Executor for Recorded {
    async fn managed(&self, walk: &Walk<'_>, job: Job<'_>) -> Outcome {
        let value = walk.prior_value(&job.addr, job.schema).unwrap_or_else(|| Value::unknown(Type::Dynamic));
        Outcome { value, pending: false, failed: false }
    }
    fn unexpanded(&self, _: &Walk<'_>, _: Job<'_>) {}
    fn data(&self, _: &Walk<'_>, _: &InstanceAddr, _: &ProviderConfigAddr, _: &Value) {}
    fn resource_done(&self, _: &Walk<'_>, _: &ModulePath, _: &Resource, _: &Instances) {}
}
