//! The test provider under both versions of the protocol, through the traits that the engine uses.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_plugin::Plugin;
use weir_provider::{Applied, ApplyRequest, Fault, Intent, PlanRequest, Planned, Progress, Provider, ReadRequest, Session, SessionRequest};
use weir_value::{Type, Value, decode_json};

/// A program that starts the test provider with arguments.
struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    fn new(arguments: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let built = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples/test_provider");
        assert!(built.is_file(), "{} is missing: `cargo test -p weir-plugin` builds it", built.display());
        let path = folder.path().join("terraform-provider-test");
        std::fs::write(&path, format!("#!/bin/sh\necho $$ > {}/pid\nexec {} {arguments}\n", folder.path().display(), built.display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("terraform-provider-test")
    }

    fn pid(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("pid")).unwrap().trim().to_owned()
    }

    fn plain(&self) -> weir_plugin::Program {
        weir_plugin::Program::new("acme/test", self.path())
    }

    fn start(&self) -> Result<Plugin, String> {
        started(self.plain())
    }
}

fn started(program: weir_plugin::Program) -> Result<Plugin, String> {
    Plugin::start(program).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

struct Silent;
impl Progress for Silent {
    fn created(&self, _: Value) {}
}

struct Lab {
    plugin: Plugin,
    session: Arc<dyn Session>,
    program: Program,
}

impl Lab {
    async fn new(version: u8) -> Self {
        let program = Program::new(&version.to_string());
        let plugin = program.start().unwrap();
        let session = configure(&plugin, "here").await.unwrap();
        Self { plugin, session, program }
    }

    fn ty(&self) -> Type {
        self.plugin.schema().resources["test_thing"].ty().clone()
    }

    /// A configuration: what is not in the JSON is null, or no block.
    fn config(&self, json: &str) -> Value {
        let read = decode_json(json, &self.ty()).unwrap();
        let Value::Object(entries) = read else { panic!("{read:?}") };
        Value::object(entries.iter().map(|(name, value)| {
            let value = match value {
                Value::Null(Type::List(element)) => Value::list((**element).clone(), []),
                Value::Null(Type::Set(element)) if &**name == "rule" => Value::set((**element).clone(), []),
                Value::Null(Type::Map(element)) if &**name == "label" => Value::map::<&str>((**element).clone(), []),
                other => other.clone(),
            };
            (name.clone(), value)
        }))
    }

    async fn plan(&self, prior: Option<&Value>, config: &Value) -> Result<Planned, Vec<Fault>> {
        let private = prior.map(|_| MADE);
        self.session.plan(PlanRequest { type_name: "test_thing", prior, config, private }).await
    }

    async fn apply(&self, prior: Option<&Value>, planned: Option<&Value>, config: Option<&Value>, private: Option<&str>) -> Applied {
        self.session.apply(ApplyRequest { type_name: "test_thing", prior, planned, config, private, token: "t", progress: &Silent }).await
    }

    async fn make(&self, json: &str) -> Applied {
        let config = self.config(json);
        let planned = self.plan(None, &config).await.unwrap();
        self.apply(None, Some(&planned.state), Some(&config), planned.private.as_deref()).await
    }

    async fn read(&self, prior: &Value, private: Option<&str>) -> Result<Option<Value>, Vec<Fault>> {
        self.session.read(ReadRequest { type_name: "test_thing", prior, private }).await
    }
}

/// `made` in base64: what the provider keeps for itself about each thing.
const MADE: &str = "bWFkZQ==";

/// `imported` in base64: the same, between an import and the first read.
const IMPORTED: &str = "aW1wb3J0ZWQ=";

async fn configure(plugin: &Plugin, region: &str) -> Result<Arc<dyn Session>, Vec<Fault>> {
    let config = Value::object([("region", Value::from(region))]);
    plugin.configure(SessionRequest { config, parallelism: 10, root: PathBuf::from("."), offline: false }).await
}

fn at(value: &Value, name: &str) -> Value {
    value.get(name).unwrap()
}

macro_rules! both {
    ($($name:ident)*) => {
        mod version_5 { $(#[tokio::test] async fn $name() { super::$name(&super::Lab::new(5).await).await })* }
        mod version_6 { $(#[tokio::test] async fn $name() { super::$name(&super::Lab::new(6).await).await })* }
    };
}

both! {
    an_object_is_made_changed_replaced_and_destroyed
    every_kind_of_value_gets_there_and_back
    faults_point_at_arguments
    answers_are_checked
    private_data_is_kept
    a_crash_is_told_with_its_last_words
    a_running_operation_can_be_stopped
    what_it_prints_does_not_hold_it_up
    each_configuration_has_a_process
    data_functions_and_ephemeral_resources
    state_of_older_schemas_is_upgraded
    it_does_not_outlive_its_client
    what_it_offers_is_remembered
}

async fn an_object_is_made_changed_replaced_and_destroyed(lab: &Lab) {
    let config = lab.config(r#"{"name":"a","part":[{"label":"x"}]}"#);
    let planned = lab.plan(None, &config).await.unwrap();
    assert!(!at(&planned.state, "id").is_known() && !at(&planned.state, "size").is_known() && planned.requires_replace.is_empty());
    let made = lab.apply(None, Some(&planned.state), Some(&config), planned.private.as_deref()).await;
    assert_eq!((made.faults.as_slice(), made.private.as_deref()), (&[][..], Some(MADE)));
    let state = made.state.unwrap();
    assert_eq!((at(&state, "id"), at(&state, "size")), ("id-of-a".into(), 1.into()));
    assert_eq!(lab.read(&state, Some(MADE)).await.unwrap(), Some(state.clone()));
    assert_eq!(lab.plan(Some(&state), &config).await.unwrap().state, state, "nothing to do");

    let wider = lab.config(r#"{"name":"a","size":5,"part":[{"label":"x"},{"label":"y"}]}"#);
    let planned = lab.plan(Some(&state), &wider).await.unwrap();
    assert!(planned.requires_replace.is_empty());
    let changed = lab.apply(Some(&state), Some(&planned.state), Some(&wider), planned.private.as_deref()).await;
    let serials: Vec<Value> = at(changed.state.as_ref().unwrap(), "part").elements().map(|part| at(part, "serial")).collect();
    assert_eq!((changed.faults, serials), (vec![], vec!["x-0".into(), "y-1".into()]));

    let renamed = lab.config(r#"{"name":"b"}"#);
    let planned = lab.plan(Some(&state), &renamed).await.unwrap();
    assert_eq!(planned.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".name"]);

    let gone = lab.apply(Some(&state), None, None, Some(MADE)).await;
    assert_eq!((gone.state, gone.faults), (None, vec![]));
}

async fn every_kind_of_value_gets_there_and_back(lab: &Lab) {
    let six = lab.ty().to_json().contains("settings");
    let settings = if six { r#","settings":{"mode":"fast","level":3}"# } else { "" };
    let json = format!(
        r#"{{"name":"all","size":123456789012345678901234567890,"tags":{{"a":"ä","b":""}},"ports":[3,1,2],"any":{{"type":["tuple",["bool","string"]],"value":[true,"x"]}},
        "secret":"s","rule":[{{"port":2,"note":"n"}},{{"port":1}}],"limits":{{"most":0.5}},"label":{{"k":{{"text":"t"}}}}{settings}}}"#
    );
    let state = lab.make(&json).await.state.unwrap();
    let wanted = lab.config(&json);
    for name in ["size", "tags", "ports", "any", "secret", "rule", "limits", "label"].into_iter().chain(six.then_some("settings")) {
        assert_eq!(at(&state, name), at(&wanted, name), "{name}");
    }
    assert_eq!(lab.read(&state, Some(MADE)).await.unwrap(), Some(state));
}

async fn faults_point_at_arguments(lab: &Lab) {
    let said = |faults: Vec<Fault>| faults.into_iter().map(|fault| (fault.summary, fault.path.map(|path| path.to_string()))).collect::<Vec<_>>();
    let check = |json: &str| said(lab.plugin.validate(Intent::Resource, "test_thing", &lab.config(json)));
    assert_eq!(check(r#"{"name":"good"}"#), []);
    assert_eq!(check(r#"{"name":"bad name"}"#), [("Bad name".to_owned(), Some(".name".to_owned()))]);
    assert_eq!(check(r#"{"name":"bad part"}"#), [("Bad part".to_owned(), Some(".part[1].label".to_owned()))]);
    let moon = Value::object([("region", Value::from("moon"))]);
    assert_eq!(said(lab.plugin.validate(Intent::Provider, "", &moon)), [("No such region".to_owned(), Some(".region".to_owned()))]);
    // Half of an object stays, for the state to say that it is tainted.
    let half = lab.make(r#"{"name":"half"}"#).await;
    assert_eq!((said(half.faults), half.state.is_some()), (vec![("Only half was done".to_owned(), Some(".size".to_owned()))], true));
}

async fn answers_are_checked(lab: &Lab) {
    let faults = lab.plan(None, &lab.config(r#"{"name":"liar"}"#)).await.unwrap_err();
    assert_eq!((&*faults[0].summary, faults[0].path.as_ref().unwrap().to_string().as_str()), ("Provider produced an invalid plan", ".secret"));
    let check = async |json: &str| lab.plan(None, &lab.config(json)).await.err().map(|faults| faults[0].path.as_ref().unwrap().to_string());
    assert_eq!(check(r#"{"name":"relabels","part":[{"label":"a"},{"label":"b"}]}"#).await.as_deref(), Some(".part[0].label"));
    assert_eq!(check(r#"{"name":"ruler","rule":[{"port":1}]}"#).await.as_deref(), Some(".rule"));
    assert_eq!(check(r#"{"name":"old liar"}"#).await, None, "the old SDK is let off");
    assert_eq!(lab.make(r#"{"name":"old fickle","secret":"one"}"#).await.faults, []);
    let vague = lab.make(r#"{"name":"vague"}"#).await;
    assert_eq!(
        (&*vague.faults[0].summary, vague.faults[0].path.as_ref().unwrap().to_string().as_str()),
        ("Provider returned an invalid result object after apply", ".old")
    );
    let fickle = lab.make(r#"{"name":"fickle","secret":"one"}"#).await;
    assert_eq!(fickle.faults[0].summary, "Provider produced an inconsistent result after apply");
    assert_eq!(at(&fickle.state.unwrap(), "secret"), "another".into(), "it is kept as it is");
}

async fn private_data_is_kept(lab: &Lab) {
    let state = lab.make(r#"{"name":"p"}"#).await.state.unwrap();
    assert_eq!(lab.read(&state, None).await.unwrap_err()[0].summary, "Private data was lost");
    assert_eq!(lab.read(&state, Some("not base64")).await.unwrap_err()[0].summary, "Invalid object in the state");
    let drifts = lab.make(r#"{"name":"drifts"}"#).await.state.unwrap();
    assert_eq!(at(&lab.read(&drifts, Some(MADE)).await.unwrap().unwrap(), "size"), 99.into());
    let gone = lab.make(r#"{"name":"gone"}"#).await.state.unwrap();
    assert_eq!(lab.read(&gone, Some(MADE)).await.unwrap(), None);
    let with_token = lab.make(r#"{"name":"needs token","token":"open"}"#).await;
    assert_eq!((with_token.faults.as_slice(), at(&with_token.state.unwrap(), "token").is_null()), (&[][..], true));
}

async fn a_crash_is_told_with_its_last_words(lab: &Lab) {
    let crashed = lab.make(r#"{"name":"crash"}"#).await;
    let fault = &crashed.faults[0];
    assert_eq!((&*fault.summary, crashed.state), ("Provider plugin crashed", None));
    for part in ["exit code 2", "panic: the test wants it so"] {
        assert!(fault.detail.contains(part), "{part}: {}", fault.detail);
    }
    let after = lab.plan(None, &lab.config(r#"{"name":"a"}"#)).await.unwrap_err();
    assert_eq!(after[0].summary, "Provider plugin crashed");
    // What was begun may have been done; what is asked of it afterwards was not.
    let later = lab.apply(None, Some(&lab.config(r#"{"name":"a"}"#)), Some(&lab.config(r#"{"name":"a"}"#)), None).await;
    assert_eq!((fault.uncertain, later.faults[0].uncertain), (true, false));
}

async fn a_running_operation_can_be_stopped(lab: &Lab) {
    let hanging = lab.make(r#"{"name":"hang"}"#);
    let stopping = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            lab.session.stop().await;
        }
    };
    let stopped = tokio::select! { applied = hanging => applied, () = stopping => unreachable!() };
    assert_eq!((&*stopped.faults[0].summary, stopped.state), ("Stopped", None));
}

async fn what_it_prints_does_not_hold_it_up(lab: &Lab) {
    assert_eq!(lab.make(r#"{"name":"chatty"}"#).await.faults, []);
}

async fn each_configuration_has_a_process(lab: &Lab) {
    let first = lab.program.pid();
    assert!(Arc::ptr_eq(&configure(&lab.plugin, "here").await.unwrap(), &lab.session));
    let there = configure(&lab.plugin, "there").await.unwrap();
    assert_ne!(lab.program.pid(), first);
    let key = Value::object([("key", Value::from("k")), ("found", Value::Null(Type::String))]);
    for (session, region) in [(&lab.session, "here"), (&there, "there")] {
        assert_eq!(at(&session.read_data("test_lookup", &key).await.unwrap(), "found"), format!("k in {region}").as_str().into());
    }
}

async fn data_functions_and_ephemeral_resources(lab: &Lab) {
    assert_eq!(lab.plugin.call("join", &["-".into(), "a".into(), "b".into()]).unwrap(), "a-b".into());
    let fault = lab.plugin.call("join", &["-".into()]).unwrap_err();
    assert_eq!((fault.argument, &*fault.message), (Some(0), "there is nothing to join"));
    let opened = lab.session.open("test_ticket", &Value::object([("value", Value::Null(Type::String))])).await.unwrap();
    assert_eq!(at(&opened.value, "value"), "ticket".into());
    // The provider wants it renewed at once, and tells at the end what it was given.
    let mut said = String::new();
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(25)).await;
        let again = lab.session.open("test_ticket", &Value::object([("value", Value::Null(Type::String))])).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        said = lab.session.close("test_ticket", &again).await.unwrap_err()[0].summary.clone();
        if said == "closed with second" {
            break;
        }
    }
    assert_eq!(said, "closed with second");
    let imported = lab.session.import("test_thing", "i-1").await.unwrap();
    assert_eq!((at(&imported[0].state, "id"), imported[0].private.as_deref()), ("i-1".into(), Some(IMPORTED)));
    // What it keeps for itself is new after the read.
    let read = lab.session.refresh(ReadRequest { type_name: "test_thing", prior: &imported[0].state, private: Some(IMPORTED) }).await.unwrap().unwrap();
    assert_eq!(read.private.as_deref(), Some(MADE));
}

async fn state_of_older_schemas_is_upgraded(lab: &Lab) {
    assert_eq!(lab.plugin.schema().resources["test_thing"].version, 2);
    let upgraded = lab.plugin.upgrade("test_thing", 1, r#"{"id":"i","title":"old"}"#).unwrap().unwrap();
    assert_eq!((at(&upgraded, "name"), at(&upgraded, "part").length()), ("old".into(), Some(0)));
}

async fn it_does_not_outlive_its_client(_: &Lab) {
    let program = Program::new("6");
    let plugin = program.start().unwrap();
    let pid = program.pid();
    assert!(runs(&pid));
    drop(plugin);
    ends(&pid).await;
}

fn runs(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

async fn ends(pid: &str) {
    for _ in 0..200 {
        if !runs(pid) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("process {pid} still runs");
}

#[test]
fn schemas_of_both_versions_are_the_same_but_for_nested_attributes() {
    let [five, six] = [5, 6].map(|version| Program::new(&version.to_string()).start().unwrap().schema());
    let (five, six) = (&five.resources["test_thing"].block, &six.resources["test_thing"].block);
    let names = |block: &weir_provider::Block| block.attributes.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(six).into_iter().filter(|name| name != "settings").collect::<Vec<_>>(), names(five));
    for (name, attribute) in &five.attributes {
        let other = &six.attributes[name];
        let flags = |a: &weir_provider::Attribute| (a.ty.clone(), a.required, a.optional, a.computed, a.sensitive, a.write_only, a.deprecated.is_some());
        assert_eq!(flags(attribute), flags(other), "{name}");
    }
    assert!(five.attributes["secret"].sensitive && five.attributes["token"].write_only && five.attributes["old"].deprecated.is_some());
    assert_eq!(five.blocks.keys().map(|name| &**name).collect::<Vec<_>>(), ["label", "limits", "part", "rule"]);
}

#[test]
fn programs_that_are_no_plugins_are_told_apart() {
    let check = |arguments: &str, parts: &[&str]| {
        let error = Program::new(arguments).start().err().unwrap();
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
    };
    check("6 garbage", &["acme/test", "I am a calculator", "not a provider plugin"]);
    check("6 old", &["version 4 of the provider protocol"]);
    check("6 dies", &["exit code 3", "no licence was found"]);
    let missing = Plugin::start(weir_plugin::Program::new("acme/none", "/nowhere/terraform-provider-none")).err().unwrap();
    assert!(missing[0].detail.contains("its program cannot be run"), "{missing:?}");
}

/// Run by the test below in a process of its own, which is killed.
#[test]
fn a_client_that_is_killed() {
    let Ok(program) = std::env::var("WEIR_TEST_HELD_PLUGIN") else { return };
    let plugin = Plugin::start(weir_plugin::Program::new("acme/test", program)).unwrap();
    loop {
        std::thread::sleep(Duration::from_secs(1));
        assert!(!plugin.schema().resources.is_empty());
    }
}

#[tokio::test]
async fn it_does_not_outlive_a_client_that_is_killed() {
    let program = Program::new("5");
    let mut client = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_client_that_is_killed"])
        .env("WEIR_TEST_HELD_PLUGIN", program.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let file = program.folder.path().join("pid");
    for _ in 0..400 {
        if std::fs::read_to_string(&file).is_ok_and(|pid| pid.ends_with('\n')) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let pid = program.pid();
    assert!(runs(&pid));
    client.kill().unwrap();
    client.wait().unwrap();
    ends(&pid).await;
}

/// With what is remembered of its schemas a plugin is not started before there is work for it.
async fn what_it_offers_is_remembered(lab: &Lab) {
    let six = lab.ty().to_json().contains("settings");
    for fault in ["", "strict"] {
        let program = Program::new(&format!("{} {fault}", if six { 6 } else { 5 }));
        let file = program.folder.path().join("schemas");
        let first = started(program.plain().remembered_in(&file)).unwrap();
        assert!(runs(&program.pid()) && file.is_file());
        drop(first);
        std::fs::remove_file(program.folder.path().join("pid")).unwrap();
        let plugin = started(program.plain().remembered_in(&file)).unwrap();
        assert_eq!(plugin.schema().resources["test_thing"].ty(), lab.plugin.schema().resources["test_thing"].ty());
        assert!(plugin.schema().functions.contains_key("join") && !program.folder.path().join("pid").exists());
        // Also the process of a second configuration is ready for its work.
        let (here, there) = (configure(&plugin, "here").await.unwrap(), configure(&plugin, "there").await.unwrap());
        let key = Value::object([("key", Value::from("k")), ("found", Value::Null(Type::String))]);
        assert_eq!(at(&here.read_data("test_lookup", &key).await.unwrap(), "found"), "k in here".into());
        assert_eq!(at(&there.read_data("test_lookup", &key).await.unwrap(), "found"), "k in there".into());
        drop((here, there, plugin));
        std::fs::write(&file, "damaged").unwrap();
        assert!(started(program.plain().remembered_in(&file)).unwrap().schema().resources.contains_key("test_thing"));
        assert!(std::fs::metadata(&file).unwrap().len() > 500);
    }
}

#[tokio::test]
async fn a_plugin_that_hangs_is_ended() {
    let check = async |arguments: &str, parts: &[&str]| {
        let program = Program::new(arguments);
        let error = started(program.plain().within(Duration::from_secs(1))).err().unwrap();
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
        ends(&program.pid()).await;
    };
    check("6 silent", &["has not said within 1 seconds where it listens", "WEIR_PLUGIN_TIMEOUT", "waiting for a licence server"]).await;
    check("5 deaf", &["acme/test has not described itself within 2 seconds"]).await;
}
