//! State files as the incumbents write them, and what is left of them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;
use std::sync::Arc;

use weir_addr::{GateName, InstanceAddr, StageName};
use weir_state::{GateRecord, Header, RawJson, Record, State, StateError, Status};
use weir_value::{Path, Value};

/// Written by Terraform 1.11: count, for_each, modules with keys, a tainted instance, sensitive values, a data source, outputs, checks.
const GOLDEN: &str = include_str!("golden/terraform.tfstate");
/// Written by Terraform 1.11: sensitive paths through lists and maps.
const MARKS: &str = include_str!("golden/marks.tfstate");
/// A deposed object, private data, an identity, older and unknown members.
const RARE: &str = include_str!("golden/rare.tfstate");

fn parse(text: &str) -> State {
    State::parse(text.as_bytes()).unwrap()
}

fn print(state: &State) -> String {
    String::from_utf8(state.to_bytes().unwrap()).unwrap()
}

#[test]
fn files_come_back_byte_for_byte() {
    for text in [GOLDEN, MARKS, RARE] {
        assert_eq!(print(&parse(text)), text);
    }
}

#[test]
fn what_is_read() {
    let state = parse(GOLDEN);
    let addr = |text: &str| text.parse::<InstanceAddr>().unwrap();
    let tainted: Vec<String> = state
        .instances()
        .filter(|(_, objects)| objects.current.as_ref().is_some_and(|record| record.status == Status::Tainted))
        .map(|(addr, _)| addr.to_string())
        .collect();
    assert_eq!(tainted, ["terraform_data.count[3]"]);
    let each = state.record(&addr("terraform_data.each[\"y.z\"]")).unwrap();
    assert!(each.create_before_destroy && each.sensitive_paths == [Path::attr("input")]);
    let inner = state.record(&addr("module.m[\"k\"].terraform_data.in")).unwrap();
    let dependencies: Vec<String> = inner.dependencies.iter().map(ToString::to_string).collect();
    assert_eq!(dependencies, ["terraform_data.count", "terraform_data.plain"]);
    let secret = &state.outputs["o"];
    assert!(secret.sensitive && secret.value.marks().is_sensitive());
    let big = state.outputs["p"].value.get("big").unwrap();
    assert_eq!(big.as_number().unwrap().to_string(), "12345678901234567890");
    let paths: Vec<String> = parse(MARKS)
        .instances()
        .filter_map(|(_, objects)| objects.current.clone())
        .flat_map(|record| record.sensitive_paths.clone())
        .map(|path| path.to_string())
        .collect();
    assert_eq!(paths, [".input.m.a.b", ".input.s", ".input.l[0]"]);
    let rare = parse(RARE);
    let objects = rare.instance(&addr("aws_vpc.v[\"a\"]")).unwrap();
    assert_eq!(objects.deposed.keys().map(|key| &**key).collect::<Vec<_>>(), ["00000abc"]);
    assert_eq!(objects.current.as_ref().unwrap().private.as_deref(), Some("eyJhIjoxfQ=="));
}

#[test]
fn stages_are_modules_on_disk_and_stages_in_memory() {
    let mut state = parse(GOLDEN);
    state.weir.stages = vec![StageName::new("m")];
    state.weir.gates.insert(GateName::new("root_ca"), GateRecord::default());
    let text = print(&state);
    assert!(text.contains("\n  \"weir\": {\n    \"stages\": [\n      \"m\"\n    ],"), "{text}");
    assert!(text.contains("\"module\": \"module.m[\\\"k\\\"]\""));
    let back = parse(&text);
    assert_eq!(back, state);
    assert!(back.instances().any(|(addr, _)| addr.to_string() == "stage.m[\"k\"].terraform_data.in"));
    state.weir = weir_state::WeirSection::default();
    assert_eq!(print(&state), GOLDEN);
}

#[test]
fn cut_off_anywhere() {
    for text in [MARKS.trim_end(), RARE.trim_end()] {
        let header = text.find("\",\n  \"outputs\"").unwrap();
        for end in 0..text.len() {
            match State::parse(&text.as_bytes()[..end]) {
                Err(StateError::Truncated { .. }) => {}
                Err(StateError::Empty) => assert_eq!(end, 0),
                other => panic!("{end}: {other:?}"),
            }
            assert!(Header::read(&text.as_bytes()[..end]).is_ok() == (end > header), "{end}");
        }
    }
}

#[test]
fn what_is_no_state() {
    let message = |text: &str| State::parse(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(message(" \n"), "the file is empty: it was cut off while it was written. Restore it from its backup; if there never was a state, remove the file");
    assert_eq!(message("<html>"), "the file is not JSON (expected value at line 1 column 1). Restore it from its backup, or point to the right file");
    assert_eq!(
        message(r#"{"version":5,"resources":{"a":1}}"#),
        "the file has state format version 5, and this program reads version 4. It was written by a newer program: use that one"
    );
    assert_eq!(
        message(r#"{"version":3,"modules":[]}"#),
        "the file has state format version 3, and this program reads version 4. Let Terraform 1.x or OpenTofu rewrite it first (`terraform apply -refresh-only`)"
    );
    assert_eq!(message("{}"), "the file is not a valid state: it has no \"version\"");
    assert_eq!(message("[]"), "the file is not a valid state: invalid type: sequence, expected a state at line 1 column 0");
    let resource = |body: &str| message(&format!(r#"{{"version":4,"lineage":"a","serial":1,"resources":[{body}]}}"#));
    assert_eq!(
        resource(r#"{"mode":"managed","type":"a","name":"b","provider":"x"}"#),
        "the file is not a valid state: resource a.b: invalid address \"x\": expected \"provider[\" at byte 0"
    );
    let one = r#"{"mode":"managed","type":"a","name":"b","provider":"provider.a","instances":[{"attributes":{}}]}"#;
    assert_eq!(resource(&format!("{one},{one}")), "the file is not a valid state: resource a.b stands in it twice");
    assert_eq!(resource(&one.replace("{}}", "{}},{}")), "the file is not a valid state: a.b stands in it twice");
    assert_eq!(resource(&one.replace("{}}", "{},\"status\":\"odd\"}")), "the file is not a valid state: a.b: unknown status \"odd\"");
    assert!(State::parse(b"{\"version\":4,\"x\":\"\xff\"}").is_err());
    for depth in [1_000, 200_000] {
        let deep = "[".repeat(depth) + &"]".repeat(depth);
        let _ = State::parse(format!(r#"{{"version":4,"lineage":"a","serial":1,"x":{deep}}}"#).as_bytes());
    }
}

#[test]
fn ephemeral_outputs_are_not_written() {
    let mut state = State::new();
    let value = Value::object([("a", Value::string("s").with_marks(weir_value::Marks::EPHEMERAL))]);
    state.outputs.insert("o".into(), weir_state::OutputValue::new(value));
    assert_eq!(state.to_bytes().unwrap_err().to_string(), "output \"o\" is ephemeral and cannot be stored");
}

/// Many equal instances come back as they were.
#[test]
fn large_states() {
    let mut state = State::new();
    let provider = "provider.aws".parse().unwrap();
    let mut attributes = String::from("{\"id\":\"x\",\"tags\":{");
    for at in 0..20 {
        write!(attributes, "{}\"key{at}\":\"value {at}\"", if at > 0 { "," } else { "" }).unwrap();
    }
    attributes.push_str("}}");
    let mut record = Record::new(1, RawJson::parse(&attributes).unwrap());
    record.dependencies = Arc::from(["aws_vpc.v".parse().unwrap()]);
    let record = Arc::new(record);
    for index in 0..10_000 {
        state.set_instance(&format!("module.m.aws_subnet.s[{index}]").parse().unwrap(), &provider, Some(record.clone()));
    }
    let bytes = state.to_bytes().unwrap();
    let back = State::parse(&bytes).unwrap();
    assert_eq!(back, state);
}
