//! What the emulated AWS really holds, asked over plain HTTP and not through Weir.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use serde_json::{Value as Json, json};

/// A client of the emulator.
pub(crate) struct Emulator {
    address: String,
    region: String,
}

/// Resource types whose objects one call lists: type, service, version, action, filter, element that holds the list, element with the id.
type Listing = (&'static str, &'static str, &'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);
const LISTINGS: [Listing; 13] = [
    ("aws_vpc", "ec2", EC2, "DescribeVpcs", &[], "vpcSet", "vpcId"),
    ("aws_subnet", "ec2", EC2, "DescribeSubnets", &[], "subnetSet", "subnetId"),
    ("aws_internet_gateway", "ec2", EC2, "DescribeInternetGateways", &[], "internetGatewaySet", "internetGatewayId"),
    ("aws_eip", "ec2", EC2, "DescribeAddresses", &[], "addressesSet", "allocationId"),
    (
        "aws_nat_gateway",
        "ec2",
        EC2,
        "DescribeNatGateways",
        &[("Filter.1.Name", "state"), ("Filter.1.Value.1", "available"), ("Filter.1.Value.2", "pending")],
        "natGatewaySet",
        "natGatewayId",
    ),
    ("aws_flow_log", "ec2", EC2, "DescribeFlowLogs", &[], "flowLogSet", "flowLogId"),
    ("aws_launch_template", "ec2", EC2, "DescribeLaunchTemplates", &[], "launchTemplates", "launchTemplateId"),
    ("aws_autoscaling_group", "autoscaling", "2011-01-01", "DescribeAutoScalingGroups", &[], "AutoScalingGroups", "AutoScalingGroupName"),
    ("aws_lb", "elasticloadbalancing", ELB, "DescribeLoadBalancers", &[], "LoadBalancers", "LoadBalancerArn"),
    ("aws_lb_target_group", "elasticloadbalancing", ELB, "DescribeTargetGroups", &[], "TargetGroups", "TargetGroupArn"),
    ("aws_iam_role", "iam", IAM, "ListRoles", &[], "Roles", "RoleName"),
    ("aws_iam_instance_profile", "iam", IAM, "ListInstanceProfiles", &[], "InstanceProfiles", "InstanceProfileName"),
    ("instances", "ec2", EC2, "DescribeInstances", &[("Filter.1.Name", "instance-state-name"), ("Filter.1.Value.1", "running")], "instancesSet", "instanceId"),
];
const EC2: &str = "2016-11-15";
const ELB: &str = "2015-12-01";
const IAM: &str = "2010-05-08";

/// The tag that a creation carries until the state knows of it.
const MARKER: &str = "weir:operation";

/// Ids by resource type.
pub(crate) type Objects = BTreeMap<&'static str, BTreeSet<String>>;

impl Emulator {
    pub(crate) fn new(endpoint: &str, region: &str) -> Self {
        Self { address: endpoint.trim_start_matches("http://").to_owned(), region: region.to_owned() }
    }

    /// One request; version 1.0 of HTTP ends the answer with the connection.
    fn send(&self, service: &str, method: &str, path: &str, headers: &str, body: &str) -> String {
        let scope = format!("test/20260101/{}/{service}/aws4_request", self.region);
        let text = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.lines().next().unwrap().contains(" 200"), "{method} {path} {headers}: {answer}");
        body.to_owned()
    }

    fn query(&self, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> String {
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            body += &format!("&{name}={}", value.replace(':', "%3A").replace('/', "%2F"));
        }
        self.send(service, "POST", "/", "Content-Type: application/x-www-form-urlencoded\r\n", &body)
    }

    pub(crate) fn json(&self, service: &str, target: &str, body: &Json) -> Json {
        let headers = format!("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\n");
        serde_json::from_str(&self.send(service, "POST", "/", &headers, &body.to_string())).unwrap()
    }

    /// Every object of the types that the flagship uses and that have an id of their own.
    pub(crate) fn objects(&self) -> Objects {
        let mut found = Objects::new();
        for (kind, service, version, action, filter, list, id) in LISTINGS {
            found.insert(kind, ids(&self.query(service, version, action, filter), list, id));
        }
        self.endpoints(&mut found);
        self.security(&mut found);
        self.routing(&mut found);
        let listeners = found["aws_lb"].iter().flat_map(|arn| {
            let xml = self.query("elasticloadbalancing", ELB, "DescribeListeners", &[("LoadBalancerArn", arn)]);
            ids(&xml, "Listeners", "ListenerArn")
        });
        let listeners = listeners.collect();
        found.insert("aws_lb_listener", listeners);
        let keys = self.json("kms", "TrentService.ListKeys", &json!({}));
        let alive = |id: &String| {
            let key = self.json("kms", "TrentService.DescribeKey", &json!({ "KeyId": id }));
            // The emulator makes a key for volumes by itself when the first instance starts.
            let own = key["KeyMetadata"]["Description"].as_str().is_some_and(|text| text.starts_with("Default master key"));
            key["KeyMetadata"]["KeyState"] == "Enabled" && !own
        };
        found.insert("aws_kms_key", fields(&keys, "Keys", "KeyId").into_iter().filter(alive).collect());
        let aliases = fields(&self.json("kms", "TrentService.ListAliases", &json!({})), "Aliases", "AliasName");
        found.insert("aws_kms_alias", aliases.into_iter().filter(|name| !name.starts_with("alias/aws/")).collect());
        found.insert("aws_secretsmanager_secret", fields(&self.json("secretsmanager", "secretsmanager.ListSecrets", &json!({})), "SecretList", "ARN"));
        found.insert("aws_cloudwatch_log_group", fields(&self.json("logs", "Logs_20140328.DescribeLogGroups", &json!({})), "logGroups", "logGroupName"));
        let zones = ids(&self.send("route53", "GET", "/2013-04-01/hostedzone", "", ""), "HostedZones", "Id");
        found.insert("aws_route53_zone", zones.iter().map(|id| id.trim_start_matches("/hostedzone/").to_owned()).collect());
        found.insert("aws_s3_bucket", ids(&self.send("s3", "GET", "/", "", ""), "Buckets", "Name"));
        found
    }

    /// Endpoints but those that are listed for a while after their end.
    fn endpoints(&self, found: &mut Objects) {
        let xml = self.query("ec2", EC2, "DescribeVpcEndpoints", &[]);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let there = items(&document, "vpcEndpointSet").filter(|endpoint| text(*endpoint, "state") != "deleted");
        found.insert("aws_vpc_endpoint", there.map(|endpoint| text(endpoint, "vpcEndpointId")).collect());
    }

    /// Groups and their rules, without what each VPC has by itself.
    fn security(&self, found: &mut Objects) {
        let xml = self.query("ec2", EC2, "DescribeSecurityGroups", &[]);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let groups = items(&document, "securityGroupInfo").filter(|group| text(*group, "groupName") != "default");
        let groups: BTreeSet<String> = groups.map(|group| text(group, "groupId")).collect();
        let xml = self.query("ec2", EC2, "DescribeSecurityGroupRules", &[]);
        let document = roxmltree::Document::parse(&xml).unwrap();
        for (kind, egress) in [("aws_vpc_security_group_ingress_rule", "false"), ("aws_vpc_security_group_egress_rule", "true")] {
            let rules = items(&document, "securityGroupRuleSet").filter(|rule| groups.contains(&text(*rule, "groupId")) && text(*rule, "isEgress") == egress);
            found.insert(kind, rules.map(|rule| text(rule, "securityGroupRuleId")).collect());
        }
        found.insert("aws_security_group", groups);
    }

    /// Route tables and their associations, without the main table of each VPC.
    fn routing(&self, found: &mut Objects) {
        let xml = self.query("ec2", EC2, "DescribeRouteTables", &[]);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let (mut tables, mut associations) = (BTreeSet::new(), BTreeSet::new());
        for table in items(&document, "routeTableSet") {
            let own: Vec<_> = table.descendants().filter(|node| !text(*node, "routeTableAssociationId").is_empty()).collect();
            if !own.iter().any(|association| text(*association, "main") == "true") {
                tables.insert(text(table, "routeTableId"));
                associations.extend(own.iter().map(|association| text(*association, "routeTableAssociationId")));
            }
        }
        found.insert("aws_route_table", tables);
        found.insert("aws_route_table_association", associations);
    }

    /// Objects that still carry the tag of their creation, among these.
    pub(crate) fn marked(&self, objects: &Objects) -> Vec<String> {
        let filter = [("Filter.1.Name", "key"), ("Filter.1.Value.1", MARKER)];
        let mut marked: Vec<String> = ids(&self.query("ec2", EC2, "DescribeTags", &filter), "tagSet", "resourceId").into_iter().collect();
        for id in &objects["aws_kms_key"] {
            let tags = self.json("kms", "TrentService.ListResourceTags", &json!({ "KeyId": id }));
            marked.extend(fields(&tags, "Tags", "TagKey").contains(MARKER).then(|| id.clone()));
        }
        for id in ["aws_lb", "aws_lb_target_group", "aws_lb_listener"].iter().flat_map(|kind| &objects[kind]) {
            let xml = self.query("elasticloadbalancing", ELB, "DescribeTags", &[("ResourceArns.member.1", id)]);
            marked.extend(xml.contains(MARKER).then(|| id.clone()));
        }
        marked
    }

    /// How many versions each secret has.
    pub(crate) fn secret_versions(&self, arns: &BTreeSet<String>) -> Vec<usize> {
        let count = |arn: &String| {
            let listed = self.json("secretsmanager", "secretsmanager.ListSecretVersionIds", &json!({ "SecretId": arn, "IncludeDeprecated": true }));
            fields(&listed, "Versions", "VersionId").len()
        };
        arns.iter().map(count).collect()
    }

    /// Record sets of a zone: `NAME TYPE`.
    pub(crate) fn records(&self, zone: &str) -> Vec<String> {
        let xml = self.send("route53", "GET", &format!("/2013-04-01/hostedzone/{zone}/rrset"), "", "");
        let document = roxmltree::Document::parse(&xml).unwrap();
        items(&document, "ResourceRecordSets").map(|record| format!("{} {}", text(record, "Name"), text(record, "Type"))).collect()
    }
}

/// The items of the lists of that name.
fn items<'a, 'input>(document: &'a roxmltree::Document<'input>, list: &str) -> impl Iterator<Item = roxmltree::Node<'a, 'input>> {
    let list = list.to_owned();
    document.descendants().filter(move |node| node.tag_name().name() == list).flat_map(|node| node.children().filter(roxmltree::Node::is_element))
}

fn text(node: roxmltree::Node<'_, '_>, name: &str) -> String {
    let child = node.children().find(|child| child.tag_name().name() == name);
    child.and_then(|child| child.text()).unwrap_or_default().to_owned()
}

fn ids(xml: &str, list: &str, id: &str) -> BTreeSet<String> {
    let document = roxmltree::Document::parse(xml).unwrap();
    items(&document, list).map(|item| text(item, id)).collect()
}

fn fields(answer: &Json, list: &str, field: &str) -> BTreeSet<String> {
    let items = answer[list].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

/// A client of Vault; a `curl` verifies the server's name up to the offline root.
pub(crate) struct Vault {
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) root_ca: String,
    pub(crate) token: String,
}

impl Vault {
    /// The keys of what is under a path; empty when there is nothing.
    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        let port = self.address.rsplit(':').next().unwrap();
        let resolve = format!("{}:{port}:127.0.0.1", self.name);
        let token = format!("X-Vault-Token: {}", self.token);
        let url = format!("https://{}:{port}/v1/{path}", self.name);
        // An election is waited for.
        let patient = ["-sS", "--retry", "20", "--retry-delay", "1", "--retry-connrefused"];
        let output = Command::new("curl").args(patient).args(["-X", "LIST", "--cacert", &self.root_ca, "--resolve", &resolve, "-H", &token, &url]).output().unwrap();
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        let listed: Json = serde_json::from_slice(&output.stdout).unwrap();
        match listed["data"]["keys"].as_array() {
            Some(keys) => keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect(),
            None => {
                assert_eq!(listed["errors"], json!([]), "{path}: {listed}");
                Vec::new()
            }
        }
    }
}
