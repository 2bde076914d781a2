//! Data sources and ephemeral resources.

use std::sync::Arc;

use weir_addr::Mode;
use weir_provider::Schema;
use weir_value::{Marks, Value};

use super::{Done, Executor, Job, Walk};
use crate::decode::{self, Decoded};
use crate::plan::{Blocked, Reason};

/// What a value waits for that the state does not have.
const ONLINE: &str = "a plan that is not -offline";

/// True when a recorded answer belongs to these arguments.
fn answers(schema: &Schema, recorded: &Value, config: &Value) -> bool {
    let block = &schema.block;
    let given = block.attributes.iter().all(|(name, attribute)| {
        let (asked, answer) = (config.get(name).unwrap_or_else(Value::null), recorded.get(name).unwrap_or_else(Value::null));
        asked == answer || asked.is_null() && (attribute.computed || attribute.default.is_some())
    });
    given && block.blocks.keys().all(|name| covers(&recorded.get(name).unwrap_or_else(Value::null), &config.get(name).unwrap_or_else(Value::null)))
}

/// True when a recorded value is what was asked for, completed.
fn covers(recorded: &Value, asked: &Value) -> bool {
    if asked.is_null() || recorded == asked {
        return true;
    }
    match asked {
        Value::Object(entries) => entries.iter().all(|(name, asked)| recorded.get(name).is_some_and(|recorded| covers(&recorded, asked))),
        Value::Set(_) => recorded.length() == asked.length() && asked.elements().all(|asked| recorded.elements().any(|recorded| covers(recorded, asked))),
        Value::List(..) | Value::Tuple(_) => {
            recorded.length() == asked.length() && asked.elements().zip(recorded.elements()).all(|(asked, recorded)| covers(recorded, asked))
        }
        _ => false,
    }
}

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
        if self.options.offline && session.is_some_and(|session| !session.is_offline(&job.resource.type_)) {
            return self.recorded(job, decoded, done, executor);
        }
        let Some(session) = session else {
            let cause = decoded.config.cause().or_else(|| done.blocked.clone());
            let planned = decode::only_configured(job.schema, &decoded.config, cause.as_deref());
            let planned = decode::mark_schema(&decode::mark(&planned, &decoded.marks), job.schema);
            let reason = if decoded.config.is_wholly_known() { Reason::DependencyPending } else { Reason::ConfigUnknown };
            executor.unread(&job.addr, job.provider, &planned, job.blocked.clone(), reason);
            done.pending = true;
            return planned;
        };
        match session.read_data(&job.resource.type_, &decoded.config).await {
            Ok(value) => {
                let value = decode::mark_schema(&decode::mark(&value, &decoded.marks), job.schema);
                executor.data(self, &job.addr, job.provider, &value);
                value
            }
            Err(faults) if !faults.is_empty() && faults.iter().all(|fault| fault.deferred) => {
                let cause: Arc<str> = faults.into_iter().map(|fault| fault.detail).collect::<Vec<_>>().join("; ").into();
                let planned = decode::only_configured(job.schema, &decoded.config, None);
                let planned = decode::mark_schema(&decode::mark(&planned, &decoded.marks), job.schema);
                let blocked = job.blocked.clone().or(Some(Blocked::Deferred(cause)));
                executor.unread(&job.addr, job.provider, &planned, blocked, Reason::DependencyPending);
                done.pending = true;
                planned
            }
            Err(faults) => {
                self.report(decode::report(faults, Some(&job.resource.body), Some(job.resource.span), &job.addr.to_string()));
                done.failed = true;
                Value::unknown(job.schema.ty().clone())
            }
        }
    }

    /// A data source of a plan that asks nobody: what the state has of it, if that was asked for with the same arguments.
    fn recorded(&self, job: &Job<'_>, decoded: &Decoded, done: &mut Done, executor: &dyn Executor) -> Value {
        let known = self.prior.record(&job.addr).and_then(|record| record.value(job.schema.ty()).ok());
        let known = known.map(|value| value.expose("compared with the arguments, and marked again"));
        if let Some(value) = known.filter(|value| answers(job.schema, value, &decoded.config)) {
            let value = decode::mark_schema(&decode::mark(&value, &decoded.marks), job.schema);
            executor.data(self, &job.addr, job.provider, &value);
            return value;
        }
        let planned = decode::only_configured(job.schema, &decoded.config, Some(ONLINE));
        let planned = decode::mark_schema(&decode::mark(&planned, &decoded.marks), job.schema);
        executor.unread(&job.addr, job.provider, &planned, job.blocked.clone(), Reason::DependencyPending);
        done.pending = true;
        planned
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
        if !self.needed.contains(&job.node) || self.options.offline || gate.is_some() || !decoded.config.is_wholly_known() {
            return unknown(gate.or_else(|| decoded.config.cause()));
        }
        self.open(job.resource, &job.state, job.schema, decoded, &job.addr.to_string()).await.unwrap_or_else(|| unknown(None))
    }
}
