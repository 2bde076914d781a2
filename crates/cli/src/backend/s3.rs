//! States in a bucket of S3, one object for each workspace, where the incumbents keep them.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tokio::runtime::Runtime;
use weir_aws::bucket::{BucketSettings, StateBucket};
use weir_provider::Fault;
use weir_state::{DEFAULT_WORKSPACE, Header, LocalStore, Lock, LockInfo, State, Store, StoreError, Written, check_successor};

use super::Settings;
use crate::exit::Failure;

/// The arguments of the block.
pub(super) const ARGUMENTS: [&str; 34] = [
    "access_key",
    "acl",
    "assume_role",
    "bucket",
    "dynamodb_table",
    "encrypt",
    "endpoint",
    "endpoints",
    "external_id",
    "force_path_style",
    "iam_endpoint",
    "key",
    "kms_key_id",
    "max_retries",
    "profile",
    "region",
    "retry_mode",
    "role_arn",
    "secret_key",
    "session_name",
    "shared_config_files",
    "shared_credentials_file",
    "shared_credentials_files",
    "skip_credentials_validation",
    "skip_metadata_api_check",
    "skip_region_validation",
    "skip_requesting_account_id",
    "skip_s3_checksum",
    "sts_endpoint",
    "sts_region",
    "token",
    "use_lockfile",
    "use_path_style",
    "workspace_key_prefix",
];

/// Threads of its own for the requests: a store is asked also where a future is waited for.
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The states of one stack in a bucket.
#[derive(Clone)]
pub(super) struct S3Store {
    background: Arc<Background>,
    bucket: Arc<StateBucket>,
    name: String,
    key: String,
    prefix: String,
    locks: bool,
    workspace: String,
}

fn refused(fault: Fault) -> Failure {
    // The layer below speaks of providers.
    Failure::error(fault.summary, fault.detail.replace("provider block", "backend block"))
}

impl S3Store {
    /// Connects to the bucket.
    pub(super) fn open(settings: &Settings) -> Result<Self, Failure> {
        let text = |name: &str| settings.get(name).map(str::to_owned);
        let within = |name: &str, part: &str| settings.value(name).and_then(|value| value.get(part)).and_then(Json::as_str).map(str::to_owned);
        let truth = |name: &str| settings.value(name).and_then(|value| value.as_bool().or_else(|| value.as_str().map(|text| text == "true")));
        let texts = |name: &str| -> Vec<String> {
            settings.value(name).and_then(Json::as_array).into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let needed = |name: &str| {
            text(name).ok_or_else(|| {
                let detail = format!("The backend \"s3\" needs \"{name}\": write it in the block, or give it with weir init -backend-config={name}=VALUE.");
                Failure::error("Missing backend argument", detail)
            })
        };
        if settings.get("dynamodb_table").is_some() {
            let detail = "Weir locks states in S3 by an object beside them, and not by a table: remove \"dynamodb_table\", and set use_lockfile = true, which Terraform and OpenTofu know too.";
            return Err(Failure::error("Unsupported backend argument", detail));
        }
        let (bucket, key) = (needed("bucket")?, needed("key")?);
        if key.starts_with('/') || key.ends_with('/') {
            return Err(Failure::error("Invalid backend argument", format!("\"key\" is the name of an object, and must not begin or end with a slash: \"{key}\".")));
        }
        let numbers = |name: &str| settings.value(name).and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
        let from = BucketSettings {
            bucket: bucket.clone(),
            region: text("region"),
            profile: text("profile"),
            access_key: text("access_key"),
            secret_key: text("secret_key"),
            token: text("token"),
            shared_config_files: texts("shared_config_files"),
            shared_credentials_files: texts("shared_credentials_files").into_iter().chain(text("shared_credentials_file")).collect(),
            endpoint: within("endpoints", "s3").or_else(|| text("endpoint")),
            sts_endpoint: within("endpoints", "sts").or_else(|| text("sts_endpoint")),
            path_style: truth("use_path_style").or_else(|| truth("force_path_style")),
            role_arn: within("assume_role", "role_arn").or_else(|| text("role_arn")),
            external_id: within("assume_role", "external_id").or_else(|| text("external_id")),
            session_name: within("assume_role", "session_name").or_else(|| text("session_name")),
            encrypt: truth("encrypt").unwrap_or(false),
            kms_key_id: text("kms_key_id"),
            acl: text("acl"),
            max_retries: numbers("max_retries"),
        };
        let made = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = made.map_err(|error| Failure::error("Threads cannot be started", format!("The operating system refuses: {error}.")))?;
        let connected = ask(&runtime, StateBucket::connect(from)).map_err(refused)?;
        let connected = connected.map_err(|faults| faults.into_iter().next().map_or_else(|| Failure::error("The bucket cannot be used", ""), refused))?;
        Ok(Self {
            background: Arc::new(Background(Some(runtime))),
            bucket: Arc::new(connected),
            name: bucket,
            key,
            prefix: text("workspace_key_prefix").unwrap_or_else(|| "env:".to_owned()),
            locks: truth("use_lockfile").unwrap_or(false),
            workspace: DEFAULT_WORKSPACE.to_owned(),
        })
    }

    fn object(&self) -> String {
        if self.workspace == DEFAULT_WORKSPACE { self.key.clone() } else { format!("{}/{}/{}", self.prefix, self.workspace, self.key) }
    }

    fn lock_object(&self) -> String {
        format!("{}.tflock", self.object())
    }

    fn call<T: Send + 'static>(&self, doing: &'static str, work: impl Future<Output = Result<T, Fault>> + Send + 'static) -> Result<T, StoreError> {
        let failed =
            |fault: Fault| StoreError::Remote { doing, location: self.location(), message: format!("{}: {}", fault.summary, fault.detail.trim_end_matches('.')) };
        let Some(runtime) = &self.background.0 else { return Err(failed(Fault::error("No threads", "the run is at its end"))) };
        ask(runtime, work).and_then(|done| done).map_err(failed)
    }

    fn get(&self, key: String) -> Result<Option<Vec<u8>>, StoreError> {
        let bucket = self.bucket.clone();
        self.call("read", async move { bucket.get(&key).await })
    }

    fn put(&self, key: String, content: Vec<u8>, new: bool) -> Result<bool, StoreError> {
        let bucket = self.bucket.clone();
        self.call("write", async move { bucket.put(&key, content, new).await })
    }

    fn remove(&self, key: String) -> Result<(), StoreError> {
        let bucket = self.bucket.clone();
        self.call("write", async move { bucket.delete(&key).await })
    }

    fn holder(&self) -> Result<Option<LockInfo>, StoreError> {
        Ok(self.get(self.lock_object())?.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    fn encoded(&self, state: &State) -> Result<Vec<u8>, StoreError> {
        state.to_bytes().map_err(StoreError::Encode)
    }

    /// What is stored, and its header.
    fn stored(&self) -> Result<Option<(Vec<u8>, Header)>, StoreError> {
        let Some(bytes) = self.get(self.object())? else { return Ok(None) };
        let header = Header::read(bytes.as_slice()).map_err(|source| StoreError::Content { location: self.location(), source })?;
        Ok(Some((bytes, header)))
    }

    /// The file that would hold the state if it were kept in this folder.
    fn beside(&self) -> Box<dyn Store> {
        let local = LocalStore::new("terraform.tfstate");
        match local.workspace(&self.workspace) {
            Ok(store) if self.workspace != DEFAULT_WORKSPACE => store,
            _ => Box::new(local),
        }
    }
}

/// Waits for what is done on other threads.
fn ask<T: Send + 'static>(runtime: &Runtime, work: impl Future<Output = T> + Send + 'static) -> Result<T, Fault> {
    let (send, receive) = mpsc::channel();
    runtime.spawn(async move {
        // Whoever asked waits for it.
        let _ = send.send(work.await);
    });
    receive.recv().map_err(|_| Fault::error("The request was aborted", "No answer came."))
}

impl Store for S3Store {
    fn location(&self) -> String {
        format!("s3://{}/{}", self.name, self.object())
    }

    fn read(&self) -> Result<Option<State>, StoreError> {
        let Some(bytes) = self.get(self.object())? else { return Ok(None) };
        State::parse(&bytes).map(Some).map_err(|source| StoreError::Content { location: self.location(), source })
    }

    fn write(&self, state: &mut State) -> Result<Written, StoreError> {
        if let Some((bytes, header)) = self.stored()? {
            check_successor(&header, state)?;
            if header.serial == state.serial && self.encoded(state)? == bytes {
                return Ok(Written::Unchanged);
            }
        }
        state.serial += 1;
        let written = self.encoded(state).and_then(|bytes| self.put(self.object(), bytes, false));
        if written.is_err() {
            state.serial -= 1;
        }
        written.map(|_| Written::Changed)
    }

    fn push(&self, state: &State, force: bool) -> Result<(), StoreError> {
        if !force && let Some((_, header)) = self.stored()? {
            check_successor(&header, state)?;
        }
        self.put(self.object(), self.encoded(state)?, false).map(drop)
    }

    fn lock(&self, info: &LockInfo, wait: Duration) -> Result<Lock, StoreError> {
        let journal = self.journal_path();
        if let Some(folder) = journal.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|source| StoreError::Write { path: folder.to_owned(), source })?;
        }
        let info = LockInfo { path: format!("{}/{}", self.name, self.object()), ..info.clone() };
        if !self.locks {
            return Ok(Lock::new(info, || Ok(())));
        }
        let content = serde_json::to_vec(&info).unwrap_or_default();
        let (deadline, mut pause) = (Instant::now() + wait, Duration::from_millis(200));
        while !self.put(self.lock_object(), content.clone(), true)? {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Locked { info: Box::new(self.holder()?.unwrap_or_default()) });
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_secs(5));
        }
        let own = self.clone();
        Ok(Lock::new(info, move || own.remove(own.lock_object())))
    }

    fn force_unlock(&self, id: &str) -> Result<(), StoreError> {
        match self.holder()? {
            Some(holder) if holder.id == id => self.remove(self.lock_object()),
            other => Err(StoreError::NoSuchLock { id: id.to_owned(), held: other.map(|holder| holder.id) }),
        }
    }

    fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        let (bucket, prefix) = (self.bucket.clone(), format!("{}/", self.prefix));
        let (all, within) = (prefix.clone(), format!("/{}", self.key));
        let keys = self.call("read", async move { bucket.list(&all).await })?;
        let mut names: Vec<String> =
            keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.strip_suffix(&within)).filter(|name| !name.contains('/')).map(str::to_owned).collect();
        names.sort();
        names.insert(0, DEFAULT_WORKSPACE.to_owned());
        Ok(names)
    }

    fn workspace(&self, name: &str) -> Result<Box<dyn Store>, StoreError> {
        // The rules for names are the same everywhere.
        LocalStore::new("terraform.tfstate").workspace(name)?;
        Ok(Box::new(Self { workspace: name.to_owned(), ..self.clone() }))
    }

    fn delete_workspace(&self, name: &str, force: bool) -> Result<(), StoreError> {
        let in_use = |reason| Err(StoreError::WorkspaceInUse { name: name.to_owned(), reason });
        if name == DEFAULT_WORKSPACE {
            return in_use("it is always there");
        }
        if name == self.workspace {
            return in_use("it is the selected one; select another first");
        }
        let other = Self { workspace: name.to_owned(), ..self.clone() };
        if !force && other.read()?.is_some_and(|state| !state.resources.is_empty()) {
            return in_use("its state still has objects; destroy them first, or delete with -force to forget them");
        }
        other.remove(other.object())
    }

    fn journal_path(&self) -> PathBuf {
        self.beside().journal_path()
    }
}
