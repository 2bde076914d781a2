//! What an interrupted run left behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use super::JournalError;
use super::entry::{Effect, Entry, Intent, Meaning, meaning};
use crate::{RawJson, State};

/// The content of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The journal.
    pub path: PathBuf,
    /// Lineage of the state that it belongs to.
    pub lineage: Arc<str>,
    /// Serial of the state that it begins with.
    pub serial: u64,
    /// Operations that ended, in the order in which they did, and what that does to the state.
    pub completed: Vec<(Intent, Effect)>,
    /// Operations that were begun and did not end, in order; with attributes if the object is known to exist.
    pub open: Vec<(Intent, Option<RawJson>)>,
    /// Whether the last line was cut off.
    pub torn: bool,
    /// Bytes up to the end of the last whole line.
    pub(super) length: u64,
    pub(super) next_seq: u64,
}

impl Replay {
    /// Reads the journal `path`; none if there is none, or if it was cut off before it began.
    pub fn read(path: &Path) -> Result<Option<Self>, JournalError> {
        match fs::read(path) {
            Ok(bytes) => Self::parse(path, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(JournalError::Read { path: path.to_owned(), source }),
        }
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Option<Self>, JournalError> {
        let damaged = |line: usize, message: String| JournalError::Damaged { path: path.to_owned(), line, message };
        let mut entries = Vec::new();
        let (mut length, mut wrong) = (0, None);
        for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let entry = line.strip_suffix(b"\n").ok_or_else(|| "it is cut off".to_owned()).and_then(parse_line);
            match (entry, &wrong) {
                (Ok(entry), None) => {
                    entries.push(entry);
                    length += line.len() as u64;
                }
                // Only the end may be torn: whole lines after a bad one mean damage.
                (Ok(_), Some((at, message))) => return Err(damaged(*at, String::clone(message))),
                (Err(message), None) => wrong = Some((at + 1, message)),
                (Err(_), Some(_)) => {}
            }
        }
        let mut entries = entries.into_iter();
        let opening = match entries.next() {
            None => return Ok(None),
            Some(Entry::Open(opening)) if opening.journal == 1 => opening,
            Some(_) => return Err(damaged(1, "it does not begin a journal of version 1".to_owned())),
        };
        let mut replay = Self {
            path: path.to_owned(),
            lineage: opening.lineage,
            serial: opening.serial,
            completed: Vec::new(),
            open: Vec::new(),
            torn: wrong.is_some(),
            length,
            next_seq: 1,
        };
        let mut open: BTreeMap<u64, (Intent, Option<RawJson>)> = BTreeMap::new();
        for (at, entry) in entries.enumerate() {
            let lost = |seq: u64| damaged(at + 2, format!("operation {seq} ends that was never begun"));
            match (meaning(&entry), entry) {
                (Meaning::MayHaveHappened, Entry::Begin(intent)) => {
                    replay.next_seq = replay.next_seq.max(intent.seq + 1);
                    open.insert(intent.seq, (intent, None));
                }
                (Meaning::Exists(attributes), Entry::Progress { seq, .. }) => {
                    open.get_mut(&seq).ok_or_else(|| lost(seq))?.1 = Some(attributes);
                }
                (Meaning::Settled(effect), Entry::Done { seq, .. } | Entry::Failed { seq, .. }) => {
                    let (intent, _) = open.remove(&seq).ok_or_else(|| lost(seq))?;
                    replay.completed.push((intent, effect));
                }
                _ => return Err(damaged(at + 2, "a journal begins within the journal".to_owned())),
            }
        }
        replay.open = open.into_values().collect();
        Ok(Some(replay))
    }

    /// Folds what was completed into `state`. May be done again, and to a state that knows part of it already.
    ///
    /// A state that was never written takes over the journal's lineage.
    pub fn apply_to(&self, state: &mut State) -> Result<(), JournalError> {
        if state.serial == 0 && state.is_empty() {
            state.lineage = self.lineage.clone();
        }
        self.check_lineage(&state.lineage)?;
        if state.serial < self.serial {
            return Err(JournalError::Behind { path: self.path.clone(), journal: self.serial, state: state.serial });
        }
        for (intent, effect) in &self.completed {
            let record = match effect {
                Effect::Keep => continue,
                Effect::Depose => {
                    if let Some(key) = &intent.deposed {
                        state.depose(&intent.address, key);
                    }
                    continue;
                }
                Effect::Set(record) => Some(record.clone()),
                Effect::Remove => None,
            };
            match &intent.deposed {
                Some(key) => state.set_deposed(&intent.address, key, &intent.provider, record),
                None => state.set_instance(&intent.address, &intent.provider, record),
            }
        }
        Ok(())
    }

    pub(super) fn check_lineage(&self, lineage: &Arc<str>) -> Result<(), JournalError> {
        if self.lineage == *lineage {
            return Ok(());
        }
        Err(JournalError::Foreign { path: self.path.clone(), journal: self.lineage.to_string(), state: lineage.to_string() })
    }
}

fn parse_line(line: &[u8]) -> Result<Entry, String> {
    let text = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}
