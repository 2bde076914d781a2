//! Data sources and ephemeral resources.

use std::sync::Arc;

use weir_addr::Mode;
use weir_value::{Marks, Value};

use super::{Done, Executor, Job, Walk};
use crate::decode;
use crate::plan::Blocked;

impl Walk<'_> {
    pub(super) async fn data(&self, job: &Job<'_>, done: &mut Done, executor: &dyn Executor) -> Value {
        let Some(decoded) = &job.decoded else { return Value::unknown(job.schema.ty().clone()) };
        if let Some((_, value, _)) = self.reuse.as_ref().and_then(|reuse| reuse.data.get(&job.addr)) {
            return value.clone();
        }
        let waits = {
            let found = self.found();
            // Only what the block itself names in depends_on can change what it would read.
            !job.resource.depends_on.is_empty() && self.nodes.deps[job.node].iter().any(|dep| found.pending[*dep])
        };
        let session = job.state.session().filter(|_| decoded.config.is_wholly_known() && !waits);
        let Some(session) = session else {
            let cause = decoded.config.cause().or_else(|| done.blocked.clone());
            let planned = decode::only_configured(job.schema, &decoded.config, cause.as_deref());
            let planned = decode::mark_schema(&decode::mark(&planned, &decoded.marks), job.schema);
            executor.data(self, &job.addr, job.provider, None, &planned, job.blocked.clone());
            done.pending = true;
            return planned;
        };
        match session.read_data(&job.resource.type_, &decoded.config).await {
            Ok(value) => {
                let value = decode::mark_schema(&decode::mark(&value, &decoded.marks), job.schema);
                executor.data(self, &job.addr, job.provider, Some(&value), &value, None);
                value
            }
            Err(faults) => {
                self.report(decode::report(faults, Some(&job.resource.body), Some(job.resource.span), &job.addr.to_string()));
                done.failed = true;
                Value::unknown(job.schema.ty().clone())
            }
        }
    }

    pub(super) async fn ephemeral(&self, job: &Job<'_>) -> Value {
        let key = (Mode::Ephemeral, job.resource.type_.clone(), job.resource.name.clone());
        if let Some(known) = self.reuse.as_ref().and_then(|reuse| reuse.world.values.get(job.addr.module())).and_then(|values| values.resources.get(&key))
            && known.is_wholly_known()
        {
            return known.clone();
        }
        let unknown = |cause: Option<Arc<str>>| {
            let config = job
                .decoded
                .as_ref()
                .map_or_else(|| Value::unknown(job.schema.ty().clone()), |decoded| decode::only_configured(job.schema, &decoded.config, cause.as_deref()));
            config.with_marks(Marks::EPHEMERAL)
        };
        let Some(decoded) = &job.decoded else { return unknown(None) };
        let gate = match &job.blocked {
            Some(Blocked::Gate(gate)) => Some(Arc::from(gate.to_string())),
            _ => None,
        };
        if !self.needed.contains(&job.node) || gate.is_some() || !decoded.config.is_wholly_known() {
            return unknown(gate.or_else(|| decoded.config.cause()));
        }
        self.open(job.resource, &job.state, job.schema, decoded, &job.addr.to_string()).await.unwrap_or_else(|| unknown(None))
    }
}
