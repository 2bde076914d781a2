//! One operation: journal, call, state.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;
use weir_addr::{InstanceAddr, ProviderConfigAddr, ResourceAddr};
use weir_diag::{Diagnostic, Diagnostics};
use weir_plan::{Action, Change, without_unknown};
use weir_provider::{ApplyRequest, Progress, Schema, Session};
use weir_state::{Intent, Journal, JournalError, Op, Outcome, RawJson, Record, State, Status};
use weir_value::{Marks, Path, Value};

use crate::lookout::advice;
use crate::provision::{Destroyers, Provisioning};
use crate::{Event, Stop};

/// What all operations of a run share.
pub(crate) struct Effects<'a> {
    pub(crate) journal: &'a Journal,
    pub(crate) events: &'a (dyn Fn(Event) + Sync),
    pub(crate) stop: &'a Stop,
    pub(crate) destroyers: &'a Destroyers<'a>,
    pub(crate) permits: Semaphore,
    pub(crate) state: Mutex<State>,
    pub(crate) diags: Mutex<Diagnostics>,
    /// Objects that carry a creation marker, by provider configuration.
    pub(crate) created: Mutex<Vec<(ProviderConfigAddr, Arc<str>, Value)>>,
    /// Instances whose operation failed or was not begun.
    pub(crate) failed: Mutex<Vec<InstanceAddr>>,
    pub(crate) done: Mutex<Counts>,
}

/// How many objects were added, changed and destroyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) destroyed: usize,
    pub(crate) imported: usize,
}

/// One operation on one object.
pub(crate) struct Operation<'a> {
    pub(crate) change: &'a Change,
    pub(crate) session: &'a dyn Session,
    pub(crate) schema: &'a Schema,
    /// What there is; `None` to create.
    pub(crate) prior: Option<Value>,
    /// What shall be; `None` to delete.
    pub(crate) planned: Option<Value>,
    /// What the provider wants to be told again of the plan.
    pub(crate) private: Option<Arc<str>>,
    /// The configuration, with write-only arguments.
    pub(crate) config: Option<Value>,
    /// What is sensitive beyond the schema.
    pub(crate) marks: Vec<(Path, Marks)>,
    /// The key of the deposed object to be deleted.
    pub(crate) deposed: Option<Arc<str>>,
    pub(crate) dependencies: Arc<[ResourceAddr]>,
    /// What runs after the object was created, or before it is destroyed.
    pub(crate) provisioning: Option<Provisioning<'a>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what a provider reports of an object in the making.
struct Reports<'a> {
    journal: &'a Journal,
    seq: u64,
    schema: &'a Schema,
    fault: Mutex<Option<String>>,
}

impl Progress for Reports<'_> {
    fn created(&self, state: Value) {
        let written = RawJson::encode(&without_unknown(&state), self.schema.ty())
            .map_err(|error| error.to_string())
            .and_then(|raw| self.journal.progress(self.seq, raw).map_err(|error| error.to_string()));
        if let Err(error) = written {
            lock(&self.fault).get_or_insert(error);
        }
    }
}

impl Effects<'_> {
    pub(crate) fn report(&self, diags: impl IntoIterator<Item = Diagnostic>) {
        lock(&self.diags).extend(diags);
    }
    pub(crate) fn fail(&self, addr: &InstanceAddr) {
        lock(&self.failed).push(addr.clone());
    }
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
    pub(crate) fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.done)
    }
    pub(crate) fn created(&self) -> MutexGuard<'_, Vec<(ProviderConfigAddr, Arc<str>, Value)>> {
        lock(&self.created)
    }
    pub(crate) fn failures(&self) -> MutexGuard<'_, Vec<InstanceAddr>> {
        lock(&self.failed)
    }

    fn journal_failed(&self, addr: &InstanceAddr, error: &JournalError) {
        self.report([Diagnostic::error("The journal cannot be written", format!("{error}.")).of(addr.to_string())]);
        self.fail(addr);
    }

    /// Sets the current object aside before its replacement is created; gives the key, `None` when the journal failed.
    pub(crate) fn depose(&self, change: &Change) -> Option<Arc<str>> {
        let key = self.state().deposed_key(&change.addr);
        let mut intent = Intent::new(Op::Depose, change.addr.clone(), change.provider.clone());
        intent.deposed = Some(key.clone());
        let written = self.journal.begin(intent).and_then(|seq| {
            self.state().depose(&change.addr, &key);
            self.journal.done(seq, Outcome::Deposed)
        });
        match written {
            Ok(()) => Some(key),
            Err(error) => {
                self.journal_failed(&change.addr, &error);
                None
            }
        }
    }

    /// What the provider keeps for itself about an object of the state.
    fn kept_private(&self, addr: &InstanceAddr, deposed: Option<&Arc<str>>) -> Option<Arc<str>> {
        let state = self.state();
        let objects = state.instance(addr)?;
        let record = match deposed {
            Some(key) => objects.deposed.get(key),
            None => objects.current.as_ref(),
        };
        record?.private.clone()
    }

    /// Records that the provisioners of a new object have run; false when that failed.
    fn untaint(&self, change: &Change, ready: Option<Arc<Record>>) -> bool {
        let mut intent = Intent::new(Op::Update, change.addr.clone(), change.provider.clone());
        // Nothing is called. Without this record it stays tainted, as after a crash.
        intent.durable = false;
        let Some(ready) = ready else { return true };
        let written = self.journal.begin(intent).and_then(|seq| self.journal.done(seq, Outcome::Recorded(ready.clone())));
        if let Err(error) = written {
            self.journal_failed(&change.addr, &error);
            return false;
        }
        self.state().set_instance(&change.addr, &change.provider, Some(ready));
        true
    }

    /// Runs one operation. Gives the object as it is then; `Err` when it failed (reported, recorded).
    pub(crate) async fn run(&self, operation: Operation<'_>) -> Result<Option<Value>, ()> {
        let Operation { change, session, schema, prior, planned, private, config, marks, deposed, dependencies, provisioning } = operation;
        let addr = &change.addr;
        let Ok(_permit) = self.permits.acquire().await else { return Err(()) };
        if self.stop.requested() {
            self.fail(addr);
            return Err(());
        }
        let (op, action) = match (&prior, &planned) {
            (None, _) => (Op::Create, Action::Create),
            (Some(_), Some(_)) => (Op::Update, Action::Update),
            (Some(_), None) => (Op::Delete, Action::Delete),
        };
        let type_name = &addr.resource.type_;
        let private = if op == Op::Delete { self.kept_private(addr, deposed.as_ref()) } else { private };
        let mut intent = Intent::new(op, addr.clone(), change.provider.clone());
        intent.durable = !session.is_local(type_name);
        intent.deposed.clone_from(&deposed);
        let public = planned.as_ref().filter(|_| op == Op::Create && intent.durable).map(|planned| without_secrets(planned, schema, &marks));
        intent.planned = public.as_ref().and_then(|public| RawJson::encode(public, schema.ty()).ok());
        intent.provisioned = op == Op::Create && provisioning.is_some();
        let token = intent.token.clone();
        let started = Instant::now();
        (self.events)(Event::Started { addr: addr.clone(), action, id: prior.as_ref().and_then(id_of) });
        if let (Op::Delete, Some(provisioning), Some(prior)) = (op, &provisioning, &prior)
            && !self.provision(addr, provisioning, prior).await
        {
            self.fail(addr);
            (self.events)(Event::Failed { addr: addr.clone(), action, elapsed: started.elapsed() });
            return Err(());
        }
        let seq = match self.journal.begin(intent) {
            Ok(seq) => seq,
            Err(error) => {
                self.journal_failed(addr, &error);
                return Err(());
            }
        };
        let reports = Reports { journal: self.journal, seq, schema, fault: Mutex::new(None) };
        let request = ApplyRequest {
            type_name,
            prior: prior.as_ref(),
            planned: planned.as_ref(),
            config: config.as_ref(),
            private: private.as_deref(),
            token: &token,
            progress: &reports,
        };
        let applied = session.apply(request).await;
        let elapsed = started.elapsed();
        let failed = applied.faults.iter().any(|fault| fault.severity == weir_provider::Severity::Error);
        // A creation may have been done without an answer. Its record stays open then: the next run asks the provider what became of it, as after a crash.
        let open = op == Op::Create && applied.state.is_none() && applied.faults.iter().any(|fault| fault.uncertain);
        let message = applied.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        self.report(applied.faults.into_iter().map(|fault| {
            let diagnostic = match fault.severity {
                weir_provider::Severity::Error => Diagnostic::error(fault.summary, fault.detail),
                weir_provider::Severity::Warning => Diagnostic::warning(fault.summary, fault.detail),
            };
            diagnostic.of(addr.to_string())
        }));
        if open {
            let next = if session.recovers(type_name) {
                "It stays in the journal, and the next run looks for the object before it does anything else: run the command again.".to_owned()
            } else {
                format!("Its provider cannot be asked either. It stays in the journal, and the next run says so again. {}", advice(addr, public.as_ref()))
            };
            let detail = format!("No answer told what became of the creation. {next}");
            self.report([Diagnostic::warning("It is not known whether the object was created", detail).of(addr.to_string())]);
            self.fail(addr);
            (self.events)(Event::Failed { addr: addr.clone(), action, elapsed });
            return Err(());
        }
        let state = applied.state;
        let tainted = op == Op::Create && (failed || provisioning.is_some());
        let status = if tainted { Status::Tainted } else { Status::Ready };
        let record = match state.as_ref().map(|state| record(state, schema, &marks, dependencies, change.create_before_destroy, status)).transpose() {
            Ok(record) => {
                // An object that could not be changed is what it was, also to its provider.
                let private = applied.private.or_else(|| self.kept_private(addr, deposed.as_ref()).filter(|_| failed));
                record.map(|record| Arc::new(Record { private, ..record }))
            }
            Err(error) => {
                // What the provider said of the object cannot be kept: the journal keeps what it reported before.
                self.report([Diagnostic::error("Provider returned an invalid object", format!("{error}. The object stays in the journal: run the command again."))
                    .of(addr.to_string())]);
                self.fail(addr);
                return Err(());
            }
        };
        {
            let mut state = self.state();
            match &deposed {
                Some(key) => state.set_deposed(addr, key, &change.provider, record.clone()),
                None => state.set_instance(addr, &change.provider, record.clone()),
            }
        }
        let ready = record.as_ref().map(|record| Arc::new(Record { status: Status::Ready, ..(**record).clone() }));
        let provisioning = provisioning.filter(|_| op == Op::Create && !failed);
        let written = match (failed || provisioning.is_some(), record) {
            (true, record) => self.journal.failed(seq, message, record),
            (false, Some(record)) => self.journal.done(seq, Outcome::Recorded(record)),
            (false, None) => self.journal.done(seq, Outcome::Deleted),
        };
        if let Err(error) = written {
            self.journal_failed(addr, &error);
        }
        if op == Op::Create
            && let Some(state) = &state
        {
            self.created().push((change.provider.clone(), type_name.clone(), state.clone()));
        }
        let mut failed = failed;
        if let (Some(provisioning), Some(state)) = (&provisioning, &state) {
            // From here on a kill must find it tainted.
            let flushed = self.journal.flush();
            if let Err(error) = &flushed {
                self.journal_failed(addr, error);
            }
            failed = flushed.is_err() || !self.provision(addr, provisioning, state).await || !self.untaint(change, ready);
        }
        if failed {
            self.fail(addr);
            (self.events)(Event::Failed { addr: addr.clone(), action, elapsed });
            return Err(());
        }
        {
            let mut counts = self.counts();
            match op {
                Op::Create => counts.added += 1,
                Op::Update => counts.changed += 1,
                _ => counts.destroyed += 1,
            }
        }
        (self.events)(Event::Finished { addr: addr.clone(), action, id: state.as_ref().and_then(id_of), elapsed });
        Ok(state)
    }
}

pub(crate) fn id_of(value: &Value) -> Option<String> {
    value.get("id")?.as_str().map(str::to_owned)
}

/// What the state keeps of an object.
pub(crate) fn record(
    value: &Value,
    schema: &Schema,
    marks: &[(Path, Marks)],
    dependencies: Arc<[ResourceAddr]>,
    create_before_destroy: bool,
    status: Status,
) -> Result<Record, weir_value::JsonError> {
    let attributes = RawJson::encode(&without_unknown(value), schema.ty())?;
    let mut sensitive_paths: Vec<Path> = marks.iter().filter(|(path, marks)| marks.is_sensitive() && value.at(path).is_some()).map(|(path, _)| path.clone()).collect();
    sensitive_paths.extend(schema.block.sensitive_paths(value).into_iter().filter(|path| !sensitive_paths.contains(path)).collect::<Vec<_>>());
    Ok(Record { sensitive_paths, dependencies, create_before_destroy, status, ..Record::new(schema.version, attributes) })
}

/// The planned object for the journal: nothing that is secret.
fn without_secrets(planned: &Value, schema: &Schema, marks: &[(Path, Marks)]) -> Value {
    let mut secret = schema.block.sensitive_paths(planned);
    secret.extend(schema.block.write_only_paths(planned));
    secret.extend(marks.iter().map(|(path, _)| path.clone()));
    let planned = without_unknown(planned);
    if secret.is_empty() {
        return planned;
    }
    planned.transform(&mut |path, value| if secret.contains(path) { Value::Null(value.ty()) } else { value })
}
