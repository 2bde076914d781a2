//! What we were about to do, and what came of it.
//!
//! A journal is a file of JSON lines beside the state (mode 0600). Every call that changes the outside world lies between two of its records: `begin`, durable before the call
//! is made, and `done` or `failed`. After a crash, [`Replay`] folds what was completed into the state and lists what was begun and not ended; [`meaning`] says what each record
//! means for that.
//!
//! ```text
//! read state ─ replay ─ settle what is open ─┐
//!                 ┌──────────────────────────┘
//!                 └─ begin ─ call ─ [progress] ─ change state ─ done ─ … ─ write state ─ finish
//! ```

mod entry;
mod replay;
mod sync;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;

pub use entry::{Effect, Entry, Intent, Meaning, Op, Opening, Outcome, meaning};
pub use replay::Replay;

use crate::replace::{Replacement, sync_folder};
use crate::{RawJson, Record};
use sync::GroupSync;

/// Local records gather in memory up to this many bytes.
const BUFFER: usize = 1 << 16;

/// Why the journal could not be written or read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file system refuses.
    #[error("cannot write the journal {path}: {source}. Nothing was begun that it does not know; free some space or make the folder writable, then run the command again", path = .path.display())]
    Write {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file system refuses.
    #[error("cannot read the journal {path}: {source}", path = .path.display())]
    Read {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record failed to be written before, and what is on disk is not certain since.
    #[error("the journal {path} could not be written before, so nothing more is begun: {message}", path = .path.display())]
    Broken {
        /// The journal.
        path: PathBuf,
        /// The first failure.
        message: String,
    },
    /// A line within the file is not a record.
    #[error("line {line} of the journal {path} is damaged: {message}. Objects made by the interrupted run may be missing from the state: look for them, import them, then remove the journal", path = .path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// It belongs to another state.
    #[error("the journal {path} belongs to a state of lineage {journal}, and this state has {state}. If that state is gone for good, remove the journal", path = .path.display())]
    Foreign {
        /// The journal.
        path: PathBuf,
        /// Its lineage.
        journal: String,
        /// The lineage of the state.
        state: String,
    },
    /// The state is older than the journal's beginning.
    #[error("the journal {path} begins at serial {journal}, and the state has serial {state}: was it restored from a backup? Restore the newer state, or remove the journal if what it lists is gone", path = .path.display())]
    Behind {
        /// The journal.
        path: PathBuf,
        /// The serial it begins at.
        journal: u64,
        /// The serial of the state.
        state: u64,
    },
    /// A record cannot be encoded.
    #[error("cannot encode a journal record: {0}")]
    Encode(#[from] serde_json::Error),
    /// An operation that was never begun, or has ended.
    #[error("the journal has no open operation {0}")]
    NotOpen(u64),
}

/// Called after each record, with its number in this process, when the record is as durable as it will be.
pub type Observer = Box<dyn Fn(u64) + Send + Sync>;

/// The journal of a run.
///
/// Shared by all operations of a run: calls from many threads at once share one `fdatasync`. [`Journal::begin`] of a durable intent blocks for it (about a millisecond on a local
/// disk); from an async task call it where blocking is allowed. Everything else returns after at most one `write`.
pub struct Journal {
    path: PathBuf,
    writer: Mutex<Writer>,
    sync: GroupSync,
    observer: Option<Observer>,
}

struct Writer {
    lineage: Arc<str>,
    file: Arc<File>,
    /// Bytes in the file.
    length: u64,
    /// Whole lines that are not in the file yet.
    buffer: Vec<u8>,
    /// Records of this process, whether in the file or in the buffer.
    records: u64,
    next_seq: u64,
    open: BTreeMap<u64, Open>,
    /// How often the file was written anew.
    generation: u64,
    broken: Option<String>,
}

/// An operation that has not ended.
struct Open {
    durable: bool,
    lines: Vec<u8>,
}

/// A point of the journal, to be taken before a copy of the state is.
#[derive(Debug)]
pub struct Mark {
    generation: u64,
    offset: u64,
    open: Vec<u8>,
}

impl Journal {
    /// Starts the journal of a run that begins with the state of this lineage and serial, or goes on with the one that is there.
    ///
    /// What is there must have been replayed by the caller; a torn last line is removed.
    pub fn open(path: impl Into<PathBuf>, lineage: &Arc<str>, serial: u64) -> Result<Self, JournalError> {
        let path: PathBuf = path.into();
        let there = Replay::read(&path)?;
        let fail = |source| JournalError::Write { path: path.clone(), source };
        let mut writer = match there {
            Some(replay) => {
                replay.check_lineage(lineage)?;
                let file = append(&path).map_err(fail)?;
                file.set_len(replay.length).map_err(fail)?;
                let mut open = BTreeMap::new();
                for (intent, progress) in &replay.open {
                    let mut lines = Entry::Begin(intent.clone()).line()?;
                    if let Some(attributes) = progress {
                        lines.extend(Entry::Progress { seq: intent.seq, attributes: attributes.clone() }.line()?);
                    }
                    open.insert(intent.seq, Open { durable: intent.durable, lines });
                }
                Writer::new(lineage.clone(), file, replay.length, replay.next_seq, open)
            }
            None => {
                let file = append(&path).map_err(fail)?;
                file.set_len(0).map_err(fail)?;
                let mut writer = Writer::new(lineage.clone(), file, 0, 1, BTreeMap::new());
                writer.buffer = Entry::Open(Opening { journal: 1, lineage: lineage.clone(), serial }).line()?;
                writer
            }
        };
        writer.flush(&path)?;
        writer.file.sync_data().and_then(|()| sync_folder(&path)).map_err(fail)?;
        Ok(Self { path, writer: Mutex::new(writer), sync: GroupSync::default(), observer: None })
    }

    /// The same journal, with `observer` called after each record: for tests that stop a run at a certain one.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Records what is about to be done, and returns its sequence number. When this returns, a durable intent is on disk: only now may the call be made.
    pub fn begin(&self, intent: Intent) -> Result<u64, JournalError> {
        let durable = intent.durable;
        let mut writer = self.lock();
        let seq = writer.next_seq;
        let line = Entry::Begin(Intent { seq, ..intent }).line()?;
        writer.append(&self.path, &line, durable)?;
        writer.next_seq += 1;
        writer.open.insert(seq, Open { durable, lines: line });
        let record = writer.records;
        drop(writer);
        if durable {
            self.sync
                .wait(record, || {
                    let writer = self.lock();
                    (writer.file.clone(), writer.records)
                })
                .map_err(|message| self.broken(message))?;
        }
        self.observe(record);
        Ok(seq)
    }

    /// Records that the object of operation `seq` exists, with what identifies it, though the operation is not at its end.
    pub fn progress(&self, seq: u64, attributes: RawJson) -> Result<(), JournalError> {
        let line = Entry::Progress { seq, attributes }.line()?;
        let mut writer = self.lock();
        let durable = writer.open.get(&seq).ok_or(JournalError::NotOpen(seq))?.durable;
        writer.append(&self.path, &line, durable)?;
        if let Some(open) = writer.open.get_mut(&seq) {
            open.lines.extend(line);
        }
        self.after(writer)
    }

    /// Records that operation `seq` did what it was to do. Put the outcome into the state before.
    pub fn done(&self, seq: u64, outcome: Outcome) -> Result<(), JournalError> {
        self.end(seq, &Entry::Done { seq, outcome })
    }

    /// Records that operation `seq` failed: with what is left of the object (tainted), or with `None` when the world is as it was.
    pub fn failed(&self, seq: u64, message: impl Into<String>, record: Option<Arc<Record>>) -> Result<(), JournalError> {
        self.end(seq, &Entry::Failed { seq, message: message.into(), record })
    }

    fn end(&self, seq: u64, entry: &Entry) -> Result<(), JournalError> {
        let line = entry.line()?;
        let mut writer = self.lock();
        let durable = writer.open.get(&seq).ok_or(JournalError::NotOpen(seq))?.durable;
        writer.append(&self.path, &line, durable)?;
        writer.open.remove(&seq);
        self.after(writer)
    }

    fn after(&self, writer: MutexGuard<'_, Writer>) -> Result<(), JournalError> {
        let record = writer.records;
        drop(writer);
        self.observe(record);
        Ok(())
    }

    /// Writes what is still in memory to the file.
    pub fn flush(&self) -> Result<(), JournalError> {
        self.lock().flush(&self.path)
    }

    /// The point up to which a copy of the state, taken after this call, knows every outcome.
    pub fn mark(&self) -> Result<Mark, JournalError> {
        let mut writer = self.lock();
        writer.flush(&self.path)?;
        let open = writer.open.values().flat_map(|open| open.lines.iter().copied()).collect();
        Ok(Mark { generation: writer.generation, offset: writer.length, open })
    }

    /// Forgets what ended before `mark`, once the copy of the state that was taken after it is safely stored, with this serial.
    pub fn checkpoint(&self, mark: &Mark, serial: u64) -> Result<(), JournalError> {
        let mut writer = self.lock();
        if mark.generation != writer.generation {
            return Ok(());
        }
        writer.flush(&self.path)?;
        let opening = Entry::Open(Opening { journal: 1, lineage: writer.lineage.clone(), serial }).line()?;
        let rewrite = || {
            let mut old = File::open(&self.path)?;
            old.seek(SeekFrom::Start(mark.offset))?;
            let mut next = Replacement::of(&self.path)?;
            next.writer().write_all(&opening)?;
            next.writer().write_all(&mark.open)?;
            let rest = io::copy(&mut old.take(writer.length - mark.offset), next.writer())?;
            next.commit()?;
            Ok((append(&self.path)?, (opening.len() + mark.open.len()) as u64 + rest))
        };
        let (file, length) = rewrite().map_err(|source| JournalError::Write { path: self.path.clone(), source })?;
        writer.file = Arc::new(file);
        writer.length = length;
        writer.generation += 1;
        self.sync.reached(writer.records);
        Ok(())
    }

    /// Removes the journal once the state that knows every outcome is safely stored. Operations that are still open keep it; then this returns false.
    pub fn finish(self) -> Result<bool, JournalError> {
        let mut writer = self.lock();
        if !writer.open.is_empty() {
            writer.flush(&self.path)?;
            return Ok(false);
        }
        writer.buffer.clear();
        fs::remove_file(&self.path).and_then(|()| sync_folder(&self.path)).map_err(|source| JournalError::Write { path: self.path.clone(), source })?;
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, record: u64) {
        if let Some(observer) = &self.observer {
            observer(record);
        }
    }

    fn broken(&self, message: String) -> JournalError {
        self.lock().broken.get_or_insert_with(|| message.clone());
        JournalError::Broken { path: self.path.clone(), message }
    }
}

/// What is in memory goes to the file, if it still can.
impl Drop for Journal {
    fn drop(&mut self) {
        let path = self.path.clone();
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = writer.flush(&path);
    }
}

impl Writer {
    fn new(lineage: Arc<str>, file: File, length: u64, next_seq: u64, open: BTreeMap<u64, Open>) -> Self {
        Self { lineage, file: Arc::new(file), length, buffer: Vec::new(), records: 0, next_seq, open, generation: 0, broken: None }
    }

    /// Takes a line; it and all before it are in the file afterwards if `now`.
    fn append(&mut self, path: &Path, line: &[u8], now: bool) -> Result<(), JournalError> {
        if let Some(message) = &self.broken {
            return Err(JournalError::Broken { path: path.to_owned(), message: message.clone() });
        }
        let before = self.buffer.len();
        self.buffer.extend_from_slice(line);
        if (now || self.buffer.len() >= BUFFER)
            && let Err(error) = self.flush(path)
        {
            // What failed was this record; those before it stay for the next attempt.
            self.buffer.truncate(before);
            return Err(error);
        }
        self.records += 1;
        Ok(())
    }

    fn flush(&mut self, path: &Path) -> Result<(), JournalError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let mut file: &File = &self.file;
        if let Err(source) = file.write_all(&self.buffer) {
            // Half a line would make the lines after it unreadable.
            if let Err(error) = file.set_len(self.length) {
                self.broken = Some(error.to_string());
            }
            return Err(JournalError::Write { path: path.to_owned(), source });
        }
        self.length += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
