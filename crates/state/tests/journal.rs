//! The journal: what was begun is on disk, what ended is in the state, whatever happens in between.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use weir_addr::InstanceAddr;
use weir_state::{Effect, Intent, Journal, JournalError, Op, Outcome, RawJson, Record, Replay, State, Status};

fn addr(text: &str) -> InstanceAddr {
    text.parse().unwrap()
}

fn intent(op: Op, address: &str) -> Intent {
    Intent::new(op, addr(address), "provider.aws".parse().unwrap())
}

fn record(text: &str) -> Arc<Record> {
    Arc::new(Record::new(0, RawJson::parse(text).unwrap()))
}

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
    state: State,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("terraform.tfstate.journal");
    let mut state = State::new();
    state.serial = 3;
    Place { _folder: folder, path, state }
}

impl Place {
    fn open(&self) -> Journal {
        Journal::open(&self.path, &self.state.lineage, self.state.serial).unwrap()
    }
    fn replay(&self) -> Replay {
        Replay::read(&self.path).unwrap().unwrap()
    }
    fn recovered(&self) -> Vec<String> {
        let mut state = self.state.clone();
        self.replay().apply_to(&mut state).unwrap();
        let once = state.clone();
        self.replay().apply_to(&mut state).unwrap();
        assert_eq!(state, once);
        let text = |record: &Arc<Record>| format!("{}{}", record.attributes.as_str(), if record.status == Status::Tainted { "!" } else { "" });
        let each = state.instances().map(|(addr, objects)| {
            let deposed: Vec<String> = objects.deposed.iter().map(|(key, record)| format!(" {key}:{}", text(record))).collect();
            format!("{addr}={}{}", objects.current.as_ref().map(text).unwrap_or_default(), deposed.concat())
        });
        each.collect()
    }
}

#[test]
fn what_ended_is_in_the_state_and_what_did_not_is_open() {
    let place = place();
    let journal = place.open();
    let a = journal.begin(Intent { planned: Some(RawJson::parse("{\"cidr\": \"10/8\"}").unwrap()), ..intent(Op::Create, "aws_vpc.a") }).unwrap();
    let b = journal.begin(intent(Op::Create, "aws_vpc.b")).unwrap();
    let c = journal.begin(intent(Op::Create, "aws_vpc.c")).unwrap();
    journal.progress(c, RawJson::parse("{\"id\":\"vpc-c\"}").unwrap()).unwrap();
    journal.done(a, Outcome::Recorded(record("1"))).unwrap();
    let tainted = Record { status: Status::Tainted, ..Record::new(0, RawJson::parse("2").unwrap()) };
    journal.failed(b, "timeout", Some(Arc::new(tainted))).unwrap();
    let d = journal.begin(intent(Op::Delete, "aws_vpc.d")).unwrap();
    let e = journal.begin(intent(Op::Delete, "aws_vpc.e")).unwrap();
    journal.failed(e, "denied", None).unwrap();
    assert!(matches!(journal.done(e, Outcome::Deleted), Err(JournalError::NotOpen(5))));
    drop(journal);

    assert_eq!(fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o600);
    let replay = place.replay();
    let open: Vec<(u64, String, Option<&str>)> =
        replay.open.iter().map(|(intent, at)| (intent.seq, intent.address.to_string(), at.as_ref().map(RawJson::as_str))).collect();
    assert_eq!(open, [(c, "aws_vpc.c".to_owned(), Some("{\"id\":\"vpc-c\"}")), (d, "aws_vpc.d".to_owned(), None)]);
    assert_eq!(replay.completed[0].0.planned.as_ref().unwrap().as_str(), "{\"cidr\":\"10/8\"}");
    assert_eq!(replay.completed[2].1, Effect::Keep);
    assert_eq!(place.recovered(), ["aws_vpc.a=1", "aws_vpc.b=2!"]);

    // The next run goes on in the same journal, settles what is open, and removes it.
    let journal = place.open();
    journal.done(c, Outcome::Recorded(record("3"))).unwrap();
    let f = journal.begin(intent(Op::Create, "aws_vpc.f")).unwrap();
    assert_eq!(f, 6);
    journal.done(f, Outcome::Recorded(record("4"))).unwrap();
    assert!(!journal.finish().unwrap());
    assert_eq!(place.recovered(), ["aws_vpc.a=1", "aws_vpc.b=2!", "aws_vpc.c=3", "aws_vpc.f=4"]);
    let journal = place.open();
    journal.done(d, Outcome::Deleted).unwrap();
    assert!(journal.finish().unwrap());
    assert!(Replay::read(&place.path).unwrap().is_none() && !place.path.exists());
}

#[test]
fn create_before_destroy_may_stop_anywhere() {
    let mut place = place();
    place.state.set_instance(&addr("t.a"), &"provider.aws".parse().unwrap(), Some(record("1")));
    let key = Some("0000000a".into());
    let steps: [(Intent, Outcome); 3] = [
        (Intent { deposed: key.clone(), ..intent(Op::Depose, "t.a") }, Outcome::Deposed),
        (intent(Op::Create, "t.a"), Outcome::Recorded(record("2"))),
        (Intent { deposed: key, ..intent(Op::Delete, "t.a") }, Outcome::Deleted),
    ];
    let journal = place.open();
    let mut seen = vec![place.recovered()];
    for (intent, outcome) in steps {
        let seq = journal.begin(intent).unwrap();
        journal.done(seq, outcome).unwrap();
        seen.push(place.recovered());
    }
    assert_eq!(seen, [["t.a=1"], ["t.a= 0000000a:1"], ["t.a=2 0000000a:1"], ["t.a=2"]]);
    // The state was written after any of the steps, and the journal is still whole.
    for at in ["t.a=1", "t.a= 0000000a:1", "t.a=2 0000000a:1", "t.a=2"] {
        let (current, deposed) = at.split_once('=').unwrap().1.split_once(' ').unwrap_or((&at[4..], ""));
        let mut state = State { serial: 9, lineage: place.state.lineage.clone(), ..State::new() };
        let provider = "provider.aws".parse().unwrap();
        if let Some((key, text)) = deposed.split_once(':') {
            state.set_deposed(&addr("t.a"), key, &provider, Some(record(text)));
        }
        if !current.is_empty() {
            state.set_instance(&addr("t.a"), &provider, Some(record(current)));
        }
        place.state = state;
        assert_eq!(place.recovered(), ["t.a=2"], "{at}");
    }
}

#[test]
fn torn_anywhere() {
    let place = place();
    let journal = place.open();
    for index in 0..3 {
        let seq = journal.begin(intent(Op::Create, &format!("t.a[{index}]"))).unwrap();
        journal.done(seq, Outcome::Recorded(record("{\"é\":\"x\"}"))).unwrap();
    }
    drop(journal);
    let bytes = fs::read(&place.path).unwrap();
    for end in 0..=bytes.len() {
        fs::write(&place.path, &bytes[..end]).unwrap();
        let lines = bytes[..end].iter().filter(|byte| **byte == b'\n').count();
        let replay = Replay::read(&place.path).unwrap();
        let count = replay.as_ref().map_or(0, |replay| 1 + 2 * replay.completed.len() + replay.open.len());
        assert_eq!(count, lines, "{end}");
        // Whoever goes on writes behind the last whole line.
        if end % 13 != 0 {
            continue;
        }
        let journal = place.open();
        let seq = journal.begin(intent(Op::Create, "t.b")).unwrap();
        journal.done(seq, Outcome::Recorded(record("1"))).unwrap();
        drop(journal);
        assert!(place.recovered().contains(&"t.b=1".to_owned()));
    }
    // A hole within it is not a torn end.
    let mut hole = bytes.clone();
    let second = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    hole[second] = b'x';
    fs::write(&place.path, &hole).unwrap();
    let error = Replay::read(&place.path).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { line: 2, .. }), "{error}");
    // Pages that never reached the disk read as zeros.
    let mut zeros = bytes;
    zeros.extend([0; 4096]);
    fs::write(&place.path, &zeros).unwrap();
    assert!(place.replay().torn && place.replay().completed.len() == 3);
}

#[test]
fn it_belongs_to_one_state() {
    let place = place();
    drop(place.open());
    let mut other = State::new();
    assert!(matches!(Journal::open(&place.path, &other.lineage, 0), Err(JournalError::Foreign { .. })));
    other.serial = 1;
    assert!(matches!(place.replay().apply_to(&mut other), Err(JournalError::Foreign { .. })));
    // A first run that was killed before any state was written.
    let mut fresh = State::new();
    let mut replay = place.replay();
    replay.serial = 0;
    replay.apply_to(&mut fresh).unwrap();
    assert_eq!(fresh.lineage, place.state.lineage);
    let mut old = State { serial: 2, ..place.state.clone() };
    assert!(matches!(place.replay().apply_to(&mut old), Err(JournalError::Behind { journal: 3, state: 2, .. })));
}

#[test]
fn a_checkpoint_keeps_what_the_stored_state_does_not_know() {
    let mut place = place();
    let journal = place.open();
    let mut seqs = Vec::new();
    for name in ["a", "b", "c"] {
        seqs.push(journal.begin(intent(Op::Create, &format!("t.{name}"))).unwrap());
    }
    journal.progress(seqs[1], RawJson::parse("{\"id\":1}").unwrap()).unwrap();
    journal.done(seqs[0], Outcome::Recorded(record("1"))).unwrap();
    let mark = journal.mark().unwrap();
    // The state is copied here and stored, while others go on.
    place.state.set_instance(&addr("t.a"), &"provider.aws".parse().unwrap(), Some(record("1")));
    place.state.serial = 4;
    journal.done(seqs[2], Outcome::Recorded(record("3"))).unwrap();
    let d = journal.begin(intent(Op::Create, "t.d")).unwrap();
    journal.checkpoint(&mark, 4).unwrap();
    let replay = place.replay();
    assert_eq!((replay.serial, replay.completed.len()), (4, 1));
    assert_eq!(replay.open.iter().map(|(intent, at)| (intent.seq, at.is_some())).collect::<Vec<_>>(), [(seqs[1], true), (d, false)]);
    // An older mark says nothing about the new file.
    journal.checkpoint(&mark, 5).unwrap();
    journal.done(seqs[1], Outcome::Recorded(record("2"))).unwrap();
    journal.done(d, Outcome::Recorded(record("4"))).unwrap();
    assert_eq!(place.recovered(), ["t.a=1", "t.b=2", "t.c=3", "t.d=4"]);
    assert!(journal.finish().unwrap());
}

#[test]
fn many_at_once() {
    let place = place();
    let journal = place.open();
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let seen = numbers.clone();
    let journal = journal.with_observer(move |number| seen.lock().unwrap().push(number));
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let seq = journal.begin(intent(Op::Create, &format!("t.a[{index}]"))).unwrap();
                    // It is in the file before the call is made.
                    assert!(place.replay().open.iter().any(|(intent, _)| intent.seq == seq));
                    journal.done(seq, Outcome::Recorded(record(&index.to_string()))).unwrap();
                }
            });
        }
    });
    let mut numbers = numbers.lock().unwrap().clone();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=400).collect::<Vec<_>>());
    assert_eq!(place.recovered().len(), 200);
}

/// Objects that exist only in the state cost no disk access each, and are in the file before anything durable that comes after them.
#[test]
fn local_operations() {
    let place = place();
    let journal = place.open();
    let body = record("{\"id\":\"3f096178-5016-49c8-4ae1-73b3edea08df\",\"input\":{\"value\":1,\"type\":\"number\"},\"output\":null}");
    let provider: weir_addr::ProviderConfigAddr = "provider.terraform".parse().unwrap();
    let resource = addr("terraform_data.a").resource;
    for index in 0..10_000 {
        let intent = Intent { durable: false, ..Intent::new(Op::Create, resource.instance(Some(index.into())), provider.clone()) };
        let seq = journal.begin(intent).unwrap();
        journal.done(seq, Outcome::Recorded(body.clone())).unwrap();
    }
    assert!(place.replay().completed.len() < 10_000);
    journal.begin(intent(Op::Create, "t.durable")).unwrap();
    assert_eq!(place.replay().completed.len(), 10_000);
}

/// A limit on the size of files fails a write in its middle as a full disk does, also for root.
#[test]
fn no_space() {
    let place = place();
    let mut command = std::process::Command::new("sh");
    command.arg("-c").arg("trap '' XFSZ; ulimit -f 16; exec \"$0\" --ignored --exact no_space_child");
    let output = command.arg(std::env::current_exe().unwrap()).env("WEIR_TEST_JOURNAL", &place.path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let replay = place.replay();
    assert!(!replay.torn && replay.open.len() <= 1 && !replay.completed.is_empty());
}

#[test]
#[ignore = "part of no_space"]
fn no_space_child() {
    let path = std::env::var_os("WEIR_TEST_JOURNAL").expect("run by another test");
    let lineage = State::new().lineage;
    let journal = Journal::open(Path::new(&path), &lineage, 0).unwrap();
    for index in 0..1_000 {
        let began = journal.begin(intent(Op::Create, &format!("t.a[{index}]")));
        if let Err(error) = began.and_then(|seq| journal.done(seq, Outcome::Recorded(record("1")))) {
            return assert!(matches!(error, JournalError::Write { .. }), "{error}");
        }
    }
    panic!("there was room");
}
