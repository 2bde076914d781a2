//! Taking up what an interrupted run has left.

use std::collections::HashMap;
use std::sync::Arc;

use weir_addr::ProviderConfigAddr;
use weir_diag::{Diagnostic, Diagnostics};
use weir_plan::{Catalog, ProviderState};
use weir_provider::{ReadRequest, RecoverRequest, Refreshed, Severity};
use weir_state::{Effect, Intent, Op, RawJson, Record, Replay, State, Status};
use weir_value::Value;

use crate::lookout::advice;
use crate::operation::record;

/// What was found.
#[derive(Default)]
pub struct Recovered {
    /// In words, for the user: one line per object.
    pub lines: Vec<String>,
    /// Objects that may carry a creation marker.
    pub created: Vec<(ProviderConfigAddr, Arc<str>, Value)>,
    /// What was wrong; with an error the journal must be kept.
    pub diags: Diagnostics,
}

/// Asks the providers what became of every operation that was begun and not ended, and brings the state up to it. `state` has what was completed already
/// ([`Replay::apply_to`]).
pub async fn recover(replay: &Replay, state: &mut State, catalog: &Catalog, providers: &HashMap<ProviderConfigAddr, ProviderState>) -> Recovered {
    let mut found = Recovered::default();
    for (intent, effect) in &replay.completed {
        if let (Op::Create, Effect::Set(record)) = (intent.op, effect)
            && let Some(value) = decoded(catalog, intent, &record.attributes)
        {
            found.created.push((intent.provider.clone(), intent.address.resource.type_.clone(), value));
        }
    }
    for (intent, created) in &replay.open {
        if intent.durable {
            settle(intent, created.as_ref(), state, catalog, providers, &mut found).await;
        }
    }
    found
}

fn decoded(catalog: &Catalog, intent: &Intent, raw: &RawJson) -> Option<Value> {
    let schemas = catalog.schema(&intent.provider.provider)?;
    raw.decode(schemas.resources.get(&intent.address.resource.type_)?.ty()).ok()
}

async fn settle(
    intent: &Intent,
    created: Option<&RawJson>,
    state: &mut State,
    catalog: &Catalog,
    providers: &HashMap<ProviderConfigAddr, ProviderState>,
    found: &mut Recovered,
) {
    let addr = &intent.address;
    let type_name = &*addr.resource.type_;
    let schema = catalog.schema(&intent.provider.provider).and_then(|schemas| schemas.resources.get(type_name).cloned());
    let session = providers.get(&intent.provider).and_then(ProviderState::session);
    let (Some(schema), Some(session)) = (schema, session) else {
        found.diags.push(
            Diagnostic::error(
                "An interrupted operation cannot be checked",
                format!("The last run was interrupted while it worked on {addr}, and its provider {} is not configured now, so it cannot be asked what became of it. Nothing is done before that is known: make the provider reachable and run the command again.", intent.provider.provider),
            )
            .of(addr.to_string()),
        );
        return;
    };
    let known = |state: &State| {
        let objects = state.instance(addr)?;
        match &intent.deposed {
            Some(key) => objects.deposed.get(key).cloned(),
            None => objects.current.clone(),
        }
    };
    let answer = if intent.op == Op::Create {
        let planned = intent.planned.as_ref().and_then(|raw| raw.decode(schema.ty()).ok()).unwrap_or_else(|| Value::Null(schema.ty().clone()));
        let created = created.and_then(|raw| raw.decode(schema.ty()).ok());
        let found = session.recover(RecoverRequest { type_name, planned: &planned, created: created.as_ref(), token: &intent.token }).await;
        let private = known(state).and_then(|record| record.private.clone());
        found.map(|found| found.map(|state| Refreshed { state, private }))
    } else {
        let private = known(state).and_then(|record| record.private.clone());
        match known(state).and_then(|record| record.value(schema.ty()).ok()) {
            Some(prior) => {
                let prior = prior.expose("handed to the provider that reads the object");
                session.refresh(ReadRequest { type_name, prior: &prior, private: private.as_deref() }).await
            }
            None => Ok(None),
        }
    };
    let mut unsure = false;
    let present = match answer {
        Ok(present) => present,
        // It cannot say, and nobody else can: the user is told, and the run goes on.
        Err(faults) if faults.iter().all(|fault| fault.severity == Severity::Warning) => {
            unsure = true;
            for fault in faults {
                let planned = intent.planned.as_ref().and_then(|raw| raw.decode(schema.ty()).ok());
                let detail = format!("The last run was interrupted while it created {addr}. {} {}", fault.detail, advice(addr, planned.as_ref()));
                found.diags.push(Diagnostic::warning(fault.summary, detail).of(addr.to_string()));
            }
            None
        }
        Err(faults) => {
            found.diags.extend(faults.into_iter().map(|fault| {
                Diagnostic::error(
                    fault.summary,
                    format!("The last run was interrupted while it worked on {addr}. Asked what became of it, the provider says: {}", fault.detail),
                )
                .of(addr.to_string())
            }));
            return;
        }
    };
    let before = known(state);
    let new = present.as_ref().map(|present| {
        let (dependencies, cbd) = before.as_ref().map_or_else(|| (Arc::from([]), false), |record| (record.dependencies.clone(), record.create_before_destroy));
        let private = present.private.clone();
        let status = if intent.provisioned { Status::Tainted } else { Status::Ready };
        record(&present.state, &schema, &[], dependencies, cbd, status).map(|record| Record { private, ..record })
    });
    let new: Option<Arc<Record>> = match new.transpose() {
        Ok(new) => new.map(Arc::new),
        Err(error) => {
            found.diags.push(Diagnostic::error("Provider returned an invalid object", format!("{error}.")).of(addr.to_string()));
            return;
        }
    };
    found.lines.push(match (intent.op, &new) {
        (Op::Create, Some(_)) if intent.provisioned => {
            format!("{addr}: its creation was interrupted; the object was found, and is tainted as its provisioners have not run")
        }
        (Op::Create, Some(_)) => format!("{addr}: its creation was interrupted; the object was found and adopted"),
        (Op::Create, None) if unsure => format!("{addr}: its creation was interrupted; whether the object exists is not known"),
        (Op::Create, None) => format!("{addr}: its creation was interrupted before the object existed"),
        (_, Some(_)) => format!("{addr}: its change was interrupted; the object was read again"),
        (_, None) => format!("{addr}: it is gone"),
    });
    if let (Op::Create, Some(value)) = (intent.op, present.map(|present| present.state)) {
        found.created.push((intent.provider.clone(), addr.resource.type_.clone(), value));
    }
    match &intent.deposed {
        Some(key) => state.set_deposed(addr, key, &intent.provider, new),
        None => state.set_instance(addr, &intent.provider, new),
    }
}
