//! How many requests it takes to read many objects at once.

use futures::future::join_all;
use serde_json::{Value as Json, json};
use weir_value::Value;

use crate::Client;
use crate::harness::{self, Lab};
use crate::marker::filter;
use crate::proxy::Proxy;

const REGION: &str = "eu-west-2";
const INLINE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*"}]}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

async fn direct() -> Client {
    harness::connect(json!({"region": REGION})).await.map_err(|faults| format!("{faults:?}")).expect("connect")
}

/// Reads all of these at once through a proxy that counts; gives what was read and the calls that it took.
async fn refresh(states: Vec<(&'static str, Value)>) -> (Vec<Value>, Vec<String>) {
    let proxy = Proxy::start(harness::endpoint()).await;
    let lab = harness::lab_with(json!({"region": REGION, "endpoints": [harness::endpoints(&proxy.url)]})).await;
    let read = join_all(states.iter().map(|(type_name, state)| lab.read(type_name, state))).await;
    (read.into_iter().map(|state| state.expect("it is there")).collect(), proxy.actions())
}

async fn lab() -> Lab {
    harness::lab_with(json!({"region": REGION})).await
}

fn with_id(lab: &Lab, type_name: &'static str, state: Json) -> (&'static str, Value) {
    (type_name, lab.config(type_name, &state))
}

#[tokio::test]
async fn objects_of_one_type_share_calls() {
    let (lab, client) = (lab().await, direct().await);
    let made = join_all((0..101).map(|_| client.ec2().create_internet_gateway().send())).await;
    let ids = made.into_iter().map(|made| made.expect("made").internet_gateway.and_then(|gateway| gateway.internet_gateway_id).expect("an id"));
    let states = ids.map(|id| with_id(&lab, "aws_internet_gateway", json!({"id": id}))).collect();
    let (read, actions) = refresh(states).await;
    assert_eq!(read.len(), 101);
    assert!(actions.len() <= 3, "{actions:?}");
    let group = client.ec2().create_security_group().group_name("budget").description("budget").send().await.expect("made").group_id.expect("an id");
    let permission = |port| aws_sdk_ec2::types::IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port);
    let range = aws_sdk_ec2::types::IpRange::builder().cidr_ip("10.0.0.0/8").build();
    let call = client
        .ec2()
        .authorize_security_group_ingress()
        .group_id(&group)
        .set_ip_permissions(Some((1..=60).map(|port| permission(port).ip_ranges(range.clone()).build()).collect()));
    call.send().await.expect("made");
    let rules = client.ec2().describe_security_group_rules().filters(filter("group-id", [&group])).send().await.expect("listed");
    let rules = rules.security_group_rules.unwrap_or_default();
    let ids = rules.iter().filter(|rule| rule.is_egress() == Some(false)).filter_map(|rule| rule.security_group_rule_id());
    let state = |id| json!({"id": id, "arn": format!("arn:aws:ec2:{REGION}:123456789012:security-group-rule/{id}")});
    let states = ids.map(|id| with_id(&lab, "aws_vpc_security_group_ingress_rule", state(id))).collect();
    let (read, actions) = refresh(states).await;
    assert_eq!((read.len(), actions), (60, vec!["DescribeSecurityGroupRules".to_owned()]));
}

#[tokio::test]
async fn many_roles_are_listed() {
    let (lab, client) = (lab().await, direct().await);
    let mut states = Vec::new();
    for at in 0..10 {
        let name = format!("budget-{at}");
        let role = client.iam().create_role().role_name(&name).assume_role_policy_document(POLICY).description("many").max_session_duration(7200);
        role.permissions_boundary("arn:aws:iam::aws:policy/ReadOnlyAccess")
            .tags(aws_sdk_iam::types::Tag::builder().key("a").value("b").build().expect("a tag"))
            .send()
            .await
            .expect("made");
        client.iam().put_role_policy().role_name(&name).policy_name("one").policy_document(INLINE).send().await.expect("made");
        client.iam().attach_role_policy().role_name(&name).policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess").send().await.expect("made");
        states.push(with_id(&lab, "aws_iam_role", json!({"id": name})));
        states.push(with_id(&lab, "aws_iam_role_policy", json!({"id": format!("{name}:one")})));
        let attachment = json!({"id": format!("{name}-x"), "role": name, "policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"});
        states.push(with_id(&lab, "aws_iam_role_policy_attachment", attachment));
    }
    let alone = join_all(states.iter().take(3).map(|(type_name, state)| lab.read(type_name, state))).await;
    let (read, actions) = refresh(states).await;
    assert_eq!(actions, ["GetAccountAuthorizationDetails", "ListRoles"]);
    // What the listing says is what the single calls say.
    assert_eq!(alone.into_iter().flatten().collect::<Vec<_>>(), read[..3]);
}

#[tokio::test]
async fn a_vpc_and_its_own_share_calls() {
    let lab = lab().await;
    let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.93.0.0/16"})).await;
    let id = harness::text(&vpc, "id");
    let mut states = vec![("aws_vpc", vpc.clone())];
    states.push(("aws_default_security_group", lab.make("aws_default_security_group", json!({"vpc_id": id})).await));
    for _ in 0..3 {
        states.push(("aws_route_table", lab.make("aws_route_table", json!({"vpc_id": id})).await));
    }
    let (read, actions) = refresh(states).await;
    assert_eq!(read[0], vpc);
    let expected = ["DescribeRouteTables", "DescribeSecurityGroups", "DescribeVpcAttribute", "DescribeVpcAttribute", "DescribeVpcAttribute", "DescribeVpcs"];
    assert_eq!(actions, expected);
}
