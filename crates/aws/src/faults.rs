//! What becomes of objects, and what the user is told, when the way to the API is bad.

use std::time::Duration;

use aws_sdk_ec2::types::{Filter, NatGateway};
use aws_sdk_secretsmanager::types::FilterNameStringType;
use futures::future::join_all;
use serde_json::{Value as Json, json};
use weir_provider::Fault;

use crate::Client;
use crate::connect::READ_TIMEOUT;
use crate::harness::{self, Lab, text};
use crate::marker::filter;
use crate::proxy::{Proxy, Trouble};

/// A region of its own, so that slowed-down clients of this test slow down no other.
const REGION: &str = "eu-west-3";

fn block(url: &str, retries: u32) -> Json {
    json!({"region": REGION, "endpoints": [harness::endpoints(url)], "retry_mode": "standard", "max_retries": retries})
}

/// A provider behind a proxy that waits two seconds for answers.
async fn behind(proxy: &Proxy, retries: u32) -> Lab {
    READ_TIMEOUT.scope(Duration::from_secs(2), harness::lab_with(block(&proxy.url, retries))).await
}

/// The emulator itself, asked by a client of ours and by no proxy.
async fn direct() -> Client {
    harness::connect(json!({"region": REGION})).await.map_err(|faults| format!("{faults:?}")).expect("connect")
}

/// A type, how one object of it is made and changed, and how many objects of that name the emulator has.
struct Case {
    type_name: &'static str,
    /// The call that creates.
    action: &'static str,
    config: fn(&str, &Needs) -> Json,
    count: Count,
}

enum Count {
    Vpcs,
    Subnets,
    Groups,
    Gateways,
    Addresses,
    NatGateways,
    Roles,
    Buckets,
    LogGroups,
    Parameters,
    Secrets,
    Zones,
}

/// What the objects lie in.
struct Needs {
    vpc: String,
    subnet: String,
}

static CASES: [Case; 12] = [
    Case { type_name: "aws_vpc", action: "CreateVpc", config: |_, _| json!({"cidr_block": "10.99.0.0/16", "enable_dns_hostnames": true}), count: Count::Vpcs },
    Case {
        type_name: "aws_subnet",
        action: "CreateSubnet",
        // Names end in a number: one range for each.
        config: |name, needs| {
            let at: u8 = name.rsplit('-').next().and_then(|number| number.parse().ok()).expect("a number");
            json!({"vpc_id": needs.vpc, "cidr_block": format!("10.98.{}.0/24", at + 1), "map_public_ip_on_launch": true})
        },
        count: Count::Subnets,
    },
    Case {
        type_name: "aws_security_group",
        action: "CreateSecurityGroup",
        config: |name, needs| json!({"name": name, "vpc_id": needs.vpc, "description": "faults"}),
        count: Count::Groups,
    },
    Case { type_name: "aws_internet_gateway", action: "CreateInternetGateway", config: |_, _| json!({}), count: Count::Gateways },
    Case { type_name: "aws_eip", action: "AllocateAddress", config: |_, _| json!({"domain": "vpc"}), count: Count::Addresses },
    Case {
        type_name: "aws_nat_gateway",
        action: "CreateNatGateway",
        config: |_, needs| json!({"subnet_id": needs.subnet, "connectivity_type": "private"}),
        count: Count::NatGateways,
    },
    Case {
        type_name: "aws_iam_role",
        action: "CreateRole",
        config: |name, _| {
            let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
            json!({"name": name, "assume_role_policy": trust, "description": "faults"})
        },
        count: Count::Roles,
    },
    Case { type_name: "aws_s3_bucket", action: "PUT /NAME", config: |name, _| json!({"bucket": name}), count: Count::Buckets },
    Case { type_name: "aws_cloudwatch_log_group", action: "CreateLogGroup", config: |name, _| json!({"name": name, "retention_in_days": 7}), count: Count::LogGroups },
    Case { type_name: "aws_ssm_parameter", action: "PutParameter", config: |name, _| json!({"name": name, "type": "String", "value": "v"}), count: Count::Parameters },
    Case { type_name: "aws_secretsmanager_secret", action: "CreateSecret", config: |name, _| json!({"name": name, "recovery_window_in_days": 0}), count: Count::Secrets },
    Case {
        type_name: "aws_route53_zone",
        action: "POST /2013-04-01/hostedzone",
        config: |name, _| json!({"name": format!("{name}.test"), "comment": "faults"}),
        count: Count::Zones,
    },
];

impl Count {
    /// How many objects of that name there are.
    async fn of(&self, client: &Client, name: &str) -> usize {
        let named = || -> Vec<Filter> { vec![filter("tag:Name", [name])] };
        let ec2 = client.ec2();
        match self {
            Self::Vpcs => ec2.describe_vpcs().set_filters(Some(named())).send().await.expect("list").vpcs().len(),
            Self::Subnets => ec2.describe_subnets().set_filters(Some(named())).send().await.expect("list").subnets().len(),
            Self::Groups => ec2.describe_security_groups().set_filters(Some(named())).send().await.expect("list").security_groups().len(),
            Self::Gateways => ec2.describe_internet_gateways().set_filters(Some(named())).send().await.expect("list").internet_gateways().len(),
            Self::Addresses => ec2.describe_addresses().set_filters(Some(named())).send().await.expect("list").addresses().len(),
            Self::NatGateways => {
                // The emulator does not filter these by tags.
                let found = ec2.describe_nat_gateways().send().await.expect("list");
                let is_named = |gateway: &&NatGateway| gateway.tags().iter().any(|tag| tag.key() == Some("Name") && tag.value() == Some(name));
                found.nat_gateways().iter().filter(is_named).filter(|gateway| gateway.state().is_some_and(|state| !state.as_str().starts_with("delet"))).count()
            }
            Self::Roles => {
                let found = client.iam().list_roles().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.expect("list");
                found.iter().filter(|role| role.role_name == name).count()
            }
            Self::Buckets => client.s3().list_buckets().send().await.expect("list").buckets().iter().filter(|bucket| bucket.name() == Some(name)).count(),
            Self::LogGroups => client.logs().describe_log_groups().log_group_name_prefix(name).send().await.expect("list").log_groups().len(),
            Self::Parameters => client.ssm().get_parameters().names(name).send().await.expect("list").parameters().len(),
            Self::Secrets => {
                let only = aws_sdk_secretsmanager::types::Filter::builder().key(FilterNameStringType::Name).values(name).build();
                let found = client.secrets().list_secrets().filters(only).send().await.expect("list").secret_list.unwrap_or_default();
                found.iter().filter(|secret| secret.name() == Some(name)).count()
            }
            Self::Zones => {
                let found = client.route53().list_hosted_zones().send().await.expect("list");
                found.hosted_zones.iter().filter(|zone| zone.name == format!("{name}.test.")).count()
            }
        }
    }
}

/// Creates through that trouble, counts, reads, changes and deletes through resets.
async fn live(case: &Case, name: String, needs: &Needs, trouble: Trouble) {
    let what = format!("{} through {trouble:?}", case.type_name);
    let proxy = Proxy::start(harness::endpoint()).await;
    let (lab, client) = (behind(&proxy, 6).await, direct().await);
    let mut config = (case.config)(&name, needs);
    config["tags"] = json!({"Name": name});
    let action = case.action.replace("NAME", &name);
    proxy.trouble(&action, trouble, 1);
    let state = lab.make(case.type_name, config.clone()).await;
    assert_eq!(proxy.left(), 0, "{what}: {action} was not called");
    assert_eq!(case.count.of(&client, &name).await, 1, "{what}: objects after the creation");
    let read = lab.read(case.type_name, &state).await.unwrap_or_else(|| panic!("{what}: it cannot be read"));
    let planned = lab.plan(case.type_name, Some(&read), &config).await.expect("plan");
    assert_eq!(planned.state, read, "{what}: not as it was planned");
    config["tags"]["Kind"] = json!("changed");
    proxy.trouble("*", Trouble::ResetAfter, 1);
    let state = lab.change(case.type_name, &read, &config).await;
    let planned = lab.plan(case.type_name, Some(&state), &config).await.expect("plan");
    assert_eq!(planned.state, state, "{what}: not as it was planned after the change");
    proxy.trouble("*", Trouble::Throttle, 1);
    proxy.trouble("*", Trouble::ResetAfter, 1);
    lab.delete(case.type_name, &state).await;
    assert_eq!(proxy.left(), 0, "{what}: the trouble did not come");
    assert_eq!(case.count.of(&client, &name).await, 0, "{what}: objects after the deletion");
}

/// All cases through these troubles, each on an object of its own.
async fn live_all(troubles: &[Trouble]) {
    let lab = harness::lab_with(json!({"region": REGION})).await;
    let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.98.0.0/16"})).await, "id");
    let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.98.0.0/24"})).await, "id");
    let needs = Needs { vpc, subnet };
    let begin = uuid::Uuid::new_v4().as_simple().to_string();
    let pairs = CASES.iter().flat_map(|case| troubles.iter().map(move |trouble| (case, *trouble)));
    join_all(pairs.enumerate().map(|(at, (case, trouble))| live(case, format!("faults-{}-{at}", &begin[..8]), &needs, trouble))).await;
}

#[tokio::test]
async fn resets_create_nothing_twice() {
    live_all(&[Trouble::ResetBefore, Trouble::ResetAfter]).await;
}

#[tokio::test]
async fn silence_creates_nothing_twice() {
    live_all(&[Trouble::Silence]).await;
}

#[tokio::test]
async fn failures_create_nothing_twice() {
    live_all(&[Trouble::Throttle, Trouble::FailBefore, Trouble::FailAfter]).await;
}

#[tokio::test]
async fn nonsense_creates_nothing_twice() {
    live_all(&[Trouble::Page, Trouble::Half]).await;
}

/// A client token makes the repeated call the same one, so the SDK may repeat it.
#[tokio::test]
async fn tokens_stay_the_same() {
    let proxy = Proxy::start(harness::endpoint()).await;
    let lab = behind(&proxy, 6).await;
    let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.97.0.0/16"})).await, "id");
    let subnet = text(&lab.make("aws_subnet", json!({"vpc_id": vpc, "cidr_block": "10.97.0.0/24"})).await, "id");
    proxy.trouble("CreateNatGateway", Trouble::ResetAfter, 2);
    lab.make("aws_nat_gateway", json!({"subnet_id": subnet, "connectivity_type": "private"})).await;
    let bodies = proxy.bodies("CreateNatGateway");
    let token = |body: &String| body.split('&').find(|pair| pair.starts_with("ClientToken=")).map(str::to_owned);
    assert_eq!(bodies.len(), 3);
    assert!(token(&bodies[0]).is_some() && bodies.iter().all(|body| token(body) == token(&bodies[0])), "{bodies:?}");
}

/// An attachment whose answer was lost is seen, and not made again.
#[tokio::test]
async fn steps_of_a_creation_are_looked_at() {
    let proxy = Proxy::start(harness::endpoint()).await;
    let lab = behind(&proxy, 6).await;
    let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.96.0.0/16"})).await, "id");
    proxy.trouble("AttachInternetGateway", Trouble::ResetAfter, 1);
    let gateway = lab.make("aws_internet_gateway", json!({"vpc_id": vpc})).await;
    assert_eq!((text(&gateway, "vpc_id"), proxy.left()), (vpc, 0));
    assert_eq!((proxy.bodies("AttachInternetGateway").len(), proxy.bodies("CreateInternetGateway").len()), (1, 1));
}

/// An API that stays broken is given up, and nothing is left behind unknown.
#[tokio::test]
async fn what_stays_broken_is_told() {
    let proxy = Proxy::start(harness::endpoint()).await;
    let lab = behind(&proxy, 1).await;
    let name = format!("faults-{}", uuid::Uuid::new_v4());
    proxy.trouble("CreateVpc", Trouble::ResetBefore, 100);
    let faults = lab.refused("aws_vpc", json!({"cidr_block": "10.95.0.0/16", "tags": {"Name": name}})).await;
    assert_eq!(faults[0].summary, "ec2:CreateVpc failed");
    assert!(faults[0].detail.contains("No answer came. Check the network"), "{}", faults[0].detail);
    assert_eq!(proxy.bodies("CreateVpc").len(), 5);
    assert_eq!(Count::Vpcs.of(&direct().await, &name).await, 0);
}

/// The fault that a read ends in when every answer is like that.
async fn read_through(type_name: &'static str, action: &str, trouble: Trouble) -> Fault {
    let lab = harness::lab_with(json!({"region": REGION})).await;
    let config = if type_name == "aws_vpc" { json!({"cidr_block": "10.94.0.0/16"}) } else { json!({"name": format!("faults-{}", uuid::Uuid::new_v4())}) };
    let state = lab.make(type_name, config).await;
    let proxy = Proxy::start(harness::endpoint()).await;
    let troubled = behind(&proxy, 1).await;
    proxy.trouble(action, trouble, 100);
    let faults = troubled.try_read(type_name, &state).await.expect_err(&format!("{type_name} through {trouble:?} cannot be read"));
    faults.into_iter().next().expect("a fault")
}

#[tokio::test]
async fn reads_end_in_a_clear_fault() {
    let cases = [
        (Trouble::Throttle, "RequestLimitExceeded: made up. The API still limited the rate of requests after many retries.", "(request proxy-1)"),
        (Trouble::FailBefore, "InternalError: made up. AWS had a problem of its own. Run again later", "(request proxy-1)"),
        (Trouble::Page, "The answer is not what this API sends (HTTP 200, text/html, beginning \"<html><body>Please log in", "(request proxy-1)"),
        (Trouble::Half, "The answer is not what this API sends (HTTP 200, text/xml, beginning", "(request proxy-1)"),
        (Trouble::Nothing, "The answer is not what this API sends (HTTP 200, text/xml, beginning \"\")", "(request proxy-1)"),
        (Trouble::Silence, "No answer came. Check the network", "found again."),
        (Trouble::ResetBefore, "No answer came. Check the network", "found again."),
    ];
    join_all(cases.into_iter().map(|(trouble, begin, end)| async move {
        for (type_name, service, action) in [("aws_vpc", "ec2", "DescribeVpcs"), ("aws_cloudwatch_log_group", "logs", "DescribeLogGroups")] {
            let fault = read_through(type_name, action, trouble).await;
            let begin = if service == "ec2" { begin.to_owned() } else { begin.replace("RequestLimitExceeded", "ThrottlingException") };
            assert_eq!(fault.summary, format!("{service}:{action} failed"), "{trouble:?}");
            assert!(fault.detail.contains(&begin) && fault.detail.ends_with(end), "{trouble:?}: {}", fault.detail);
        }
    }))
    .await;
}
