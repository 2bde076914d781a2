//! hashicorp/aws 5 from a filesystem mirror (`WEIR_TEST_MIRROR`) against an emulated AWS (`AWS_ENDPOINT_URL`). Without both it is skipped.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use weir_plugin::install::{Constraint, Folders, Mirror, find};
use weir_plugin::{Plugin, Program};
use weir_provider::{ApplyRequest, Block, Intent, PlanRequest, Progress, Provider, ReadRequest, Schema, Session, SessionRequest};
use weir_value::{Type, Value, decode_json};

struct Silent;
impl Progress for Silent {
    fn created(&self, _: Value) {}
}

/// What a configuration in JSON is under a schema: blocks that are not written are empty.
fn config(schema: &Schema, json: &str) -> Value {
    blocks(&schema.block, &decode_json(json, schema.ty()).unwrap())
}

fn blocks(block: &Block, value: &Value) -> Value {
    let Value::Object(entries) = value else { return value.clone() };
    Value::object(entries.iter().map(|(name, value)| {
        let value = match (block.blocks.contains_key(name), value) {
            (true, Value::Null(Type::List(element))) => Value::list((**element).clone(), []),
            (true, Value::Null(Type::Set(element))) => Value::set((**element).clone(), []),
            _ => value.clone(),
        };
        (name.clone(), value)
    }))
}

#[tokio::test]
async fn objects_live_and_die() {
    let (Ok(mirror), Ok(endpoint)) = (std::env::var("WEIR_TEST_MIRROR"), std::env::var("AWS_ENDPOINT_URL")) else {
        eprintln!("SKIPPED: WEIR_TEST_MIRROR does not name a filesystem mirror with hashicorp/aws 5, or AWS_ENDPOINT_URL no emulator");
        return;
    };
    let folders =
        Folders { overrides: BTreeMap::new(), mirrors: vec![Mirror::new(mirror)], unpacked: PathBuf::from("unpacked"), platform: "linux_amd64".to_owned(), memory: None };
    let constraint: Constraint = "~> 5.0".parse().unwrap();
    let found = find(&"hashicorp/aws".parse().unwrap(), &[constraint], None, &folders).unwrap();
    let plugin = Plugin::start(Program::new("hashicorp/aws", found.program)).unwrap();
    let schema = plugin.schema();
    assert!(schema.resources.len() > 1000, "{} types", schema.resources.len());

    let services = ["ec2", "sqs", "ssm", "sts", "iam"].map(|service| format!("\"{service}\":\"{endpoint}\"")).join(",");
    let settings = format!(
        r#"{{"region":"eu-central-1","access_key":"test","secret_key":"test","skip_credentials_validation":true,"skip_metadata_api_check":"true",
            "skip_requesting_account_id":true,"endpoints":[{{{services}}}]}}"#
    );
    let settings = config(&schema.config, &settings);
    assert_eq!(plugin.validate(Intent::Provider, "", &settings), []);
    let session = plugin
        .configure(SessionRequest { config: settings, parallelism: 10, root: PathBuf::from("."), offline: false })
        .await
        .unwrap_or_else(|faults| panic!("{faults:?}"));

    let refused = plugin.validate(Intent::Resource, "aws_vpc", &config(&schema.resources["aws_vpc"], r#"{"cidr_block":"nonsense"}"#));
    assert_eq!(refused[0].path.as_ref().map(ToString::to_string).as_deref(), Some(".cidr_block"), "{refused:?}");

    let vpc = live(&*session, &schema.resources["aws_vpc"], "aws_vpc", r#"{"cidr_block":"10.1.0.0/16","tags":{"Name":"plugin"}}"#).await;
    let id = vpc.0.get("id").unwrap().as_str().unwrap().to_owned();
    let ingress = r#"[{"from_port":443,"to_port":443,"protocol":"tcp","cidr_blocks":["10.1.0.0/16"],"ipv6_cidr_blocks":[],"prefix_list_ids":[],"security_groups":[],"self":false,"description":""}]"#;
    let group = format!(r#"{{"name":"plugin","vpc_id":"{id}","ingress":{ingress}}}"#);
    let group = live(&*session, &schema.resources["aws_security_group"], "aws_security_group", &group).await;
    let queue = live(&*session, &schema.resources["aws_sqs_queue"], "aws_sqs_queue", r#"{"name":"plugin","timeouts":{"create":"2m"}}"#).await;
    let parameter = live(&*session, &schema.resources["aws_ssm_parameter"], "aws_ssm_parameter", r#"{"name":"/plugin","type":"String","value":"first"}"#).await;

    // A change in place, and one that needs a new object.
    let changed = config(&schema.resources["aws_ssm_parameter"], r#"{"name":"/plugin","type":"String","value":"second"}"#);
    let (prior, private) = &parameter;
    let planned = session.plan(PlanRequest { type_name: "aws_ssm_parameter", prior: Some(prior), config: &changed, private: private.as_deref() }).await.unwrap();
    assert!(planned.requires_replace.is_empty() && planned.state != *prior);
    let request = ApplyRequest {
        type_name: "aws_ssm_parameter",
        prior: Some(prior),
        planned: Some(&planned.state),
        config: Some(&changed),
        private: planned.private.as_deref(),
        token: "t",
        progress: &Silent,
    };
    let applied = session.apply(request).await;
    assert_eq!((applied.faults, applied.state.as_ref().unwrap().get("value")), (vec![], Some("second".into())));
    let renamed = config(&schema.resources["aws_ssm_parameter"], r#"{"name":"/other","type":"String","value":"first"}"#);
    let planned = session.plan(PlanRequest { type_name: "aws_ssm_parameter", prior: Some(prior), config: &renamed, private: private.as_deref() }).await.unwrap();
    assert_eq!(planned.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".name"]);

    let parameter = (applied.state.unwrap(), applied.private);
    for (type_name, (state, private)) in [("aws_ssm_parameter", &parameter), ("aws_sqs_queue", &queue), ("aws_security_group", &group), ("aws_vpc", &vpc)] {
        let request = ApplyRequest { type_name, prior: Some(state), planned: None, config: None, private: private.as_deref(), token: "t", progress: &Silent };
        let gone = session.apply(request).await;
        assert_eq!((gone.state, gone.faults), (None, vec![]), "{type_name}");
        assert_eq!(session.read(ReadRequest { type_name, prior: state, private: private.as_deref() }).await.unwrap(), None, "{type_name}");
    }
}

/// Validates, plans, makes and reads an object, and plans again: nothing is left to do.
async fn live(session: &dyn Session, schema: &Schema, type_name: &str, json: &str) -> (Value, Option<std::sync::Arc<str>>) {
    let config = config(schema, json);
    let planned = session.plan(PlanRequest { type_name, prior: None, config: &config, private: None }).await.unwrap_or_else(|faults| panic!("{type_name}: {faults:?}"));
    let request =
        ApplyRequest { type_name, prior: None, planned: Some(&planned.state), config: Some(&config), private: planned.private.as_deref(), token: "t", progress: &Silent };
    let made = session.apply(request).await;
    assert_eq!(made.faults, [], "{type_name}");
    let state = made.state.unwrap();
    let private = made.private;
    let read = session.read(ReadRequest { type_name, prior: &state, private: private.as_deref() }).await.unwrap().unwrap();
    let again = session.plan(PlanRequest { type_name, prior: Some(&read), config: &config, private: private.as_deref() }).await.unwrap();
    assert_eq!((again.state == read, again.requires_replace), (true, vec![]), "{type_name} has nothing left to do");
    (read, private)
}
