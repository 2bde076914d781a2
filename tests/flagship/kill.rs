//! Kill tests, and what they cover.
//!
//! An object's creation writes two or three records: `begin`, for most types `progress` (it exists from now on), `done`. A run that was killed after `begin` starts that operation anew; one that was
//! killed after `progress` adopts the object and never writes its `done`. So no single apply can be killed after each of the three, and there are two:
//! - [`killed_before_and_after_each_call`] kills each run after its first and its second record by turns: after each object's `begin`, and after its `progress` (or, where there is none, its `done`);
//! - [`killed_at_the_end_of_each_operation`] kills each run after its third record: after the `done` of every object that has a `progress`.
//!
//! Both assert that they did for nearly all, by the last line of the journal that each killed run leaves. Operations come one at a time (`-parallelism=1`), which is what makes it so. The killed runs do not refresh
//! (`-refresh=false`): what they left is found through the journal alone, and the final plan, which finds nothing to do, does read everything. Objects that live in the state only have no durable
//! records: what a killed run has made of them is gone and made again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use weir_sandbox::{Health, Node};

use crate::emulator::Objects;
use crate::site::{Site, told};

/// After which records runs were killed: address and kind of the last one in the journal; and which addresses had a `progress`.
#[derive(Default)]
struct Kills {
    last: BTreeSet<(String, String)>,
    progressed: BTreeSet<String>,
    count: usize,
}

impl Kills {
    /// Takes down what the journal of a killed run says; false when it holds no record, as those of objects that live in the state only were still in memory.
    fn note(&mut self, site: &Site) -> bool {
        self.count += 1;
        let text = fs::read_to_string(site.file("terraform.tfstate.journal")).unwrap();
        let (mut addresses, mut last) = (BTreeMap::new(), None);
        for line in text.lines() {
            let entry: Json = serde_json::from_str(line).unwrap();
            let (kind, entry) = entry.as_object().unwrap().iter().next().unwrap();
            if kind == "begin" {
                addresses.insert(entry["seq"].as_u64(), entry["address"].as_str().unwrap().to_owned());
            }
            if let Some(address) = addresses.get(&entry["seq"].as_u64()) {
                if kind == "progress" {
                    self.progressed.insert(address.clone());
                }
                last = Some((address.clone(), kind.clone()));
            }
        }
        let noted = last.is_some();
        self.last.extend(last);
        noted
    }

    fn was(&self, address: &str, kind: &str) -> bool {
        self.last.contains(&(address.to_owned(), kind.to_owned()))
    }
}

/// Applies the flagship to its end, each run killed after one of these records by turns; gates are opened as their instructions say.
fn apply_killed(site: &Site, records: &[u64]) -> Kills {
    let mut kills = Kills::default();
    let (mut turn, mut more) = (0, 0);
    for run in 0.. {
        let record = records[turn % records.len()] + more;
        assert!(run < 2_000, "it does not come to its end: {:?}", kills.last);
        let mut command = site.command(&["apply", "-auto-approve", "-refresh=false", "-parallelism=1"]);
        let (code, text) = told(&command.env("WEIR_TEST_CRASH_AFTER_RECORD", record.to_string()).output().unwrap());
        match code {
            None if kills.note(site) => (turn, more) = (turn + 1, 0),
            // Nothing was kept, so the next run would do the same: it is let live for a record more.
            None => more += 1,
            Some(3) => site.pass_gate(&text),
            Some(0) => break,
            Some(code) => panic!("run {run}, to be killed after record {record}, ended with {code} after {:?}: {text}", kills.last),
        }
    }
    assert!(!site.file("terraform.tfstate.journal").exists());
    kills
}

/// Addresses of the state whose operations are recorded durably: all but those of objects that live in the state only.
fn durable(site: &Site) -> Vec<String> {
    let listed = site.expect(0, &["state", "list"]);
    let outside = |address: &&str| !address.contains("data.") && !address.contains(".pki_cert_request.") && !address.contains(".pki_signed_cert.");
    listed.lines().filter(outside).map(str::to_owned).collect()
}

/// That one in six at most was missed. Which of the operations that are ready comes first is not always the same, and neither is where those of objects that live in the state only come between: each time
/// a kill meets another record than the turn was for.
fn are_few(missed: &[&String], all: usize) {
    assert!(missed.len() * 6 <= all, "of {all} these were never killed there: {missed:#?}");
}

/// By which attribute the state names what the emulator lists.
const NAMED: [(&str, &str); 27] = [
    ("aws_vpc", "id"),
    ("aws_subnet", "id"),
    ("aws_internet_gateway", "id"),
    ("aws_eip", "allocation_id"),
    ("aws_nat_gateway", "id"),
    ("aws_vpc_endpoint", "id"),
    ("aws_flow_log", "id"),
    ("aws_launch_template", "id"),
    ("aws_autoscaling_group", "name"),
    ("aws_lb", "arn"),
    ("aws_lb_target_group", "arn"),
    ("aws_lb_listener", "arn"),
    ("aws_iam_role", "name"),
    ("aws_iam_instance_profile", "name"),
    ("aws_security_group", "id"),
    ("aws_vpc_security_group_ingress_rule", "security_group_rule_id"),
    ("aws_vpc_security_group_egress_rule", "security_group_rule_id"),
    ("aws_route_table", "id"),
    ("aws_route_table_association", "id"),
    ("aws_kms_key", "key_id"),
    ("aws_kms_alias", "name"),
    ("aws_secretsmanager_secret", "arn"),
    ("aws_cloudwatch_log_group", "name"),
    ("aws_route53_zone", "zone_id"),
    ("aws_s3_bucket", "bucket"),
    ("aws_ssm_parameter", "name"),
    ("aws_lb_listener_rule", "arn"),
];

/// Exactly what the state has exists, besides what was there before.
pub(crate) fn are_those_of_the_state(site: &Site, before: &Objects) -> Objects {
    let found = site.emulator().objects();
    for (kind, attribute) in NAMED {
        let wanted = site.ids(kind, attribute);
        let Some(all) = found.get(kind) else {
            assert!(wanted.is_empty(), "{kind} is in the flagship, so this test has to list it");
            continue;
        };
        let there: BTreeSet<String> = all.difference(&before[kind]).cloned().collect();
        assert_eq!(there, wanted, "{kind}: left is what exists, right is what the state has");
    }
    found
}

/// Exactly what the state has exists, each once, unmarked; and there is nothing to do.
fn is_exact(site: &Site, before: &Objects) {
    let (emulator, found) = (site.emulator(), are_those_of_the_state(site, before));
    for kind in ["aws_vpc", "aws_subnet", "aws_nat_gateway", "aws_lb", "aws_kms_key", "aws_route_table", "aws_autoscaling_group"] {
        assert!(!found[kind].is_empty(), "{kind}");
    }
    assert_eq!(found["instances"].len(), 5);
    assert_eq!(emulator.marked(&found), Vec::<String>::new());
    // Each value was written once: those of the keys and of the certificate by the apply, the root token by the operator.
    let secrets = &found["aws_secretsmanager_secret"];
    assert_eq!(emulator.secret_versions(secrets), vec![1; secrets.len()]);
    let zone = site.ids("aws_route53_zone", "zone_id");
    let records = emulator.records(zone.first().unwrap());
    assert_eq!(records.len(), 2 + site.ids("aws_route53_record", "name").len(), "{records:?}");

    let vault = site.vault();
    // In `pki` the key and both certificates of its bundle; in the other the key that was made there, and the three certificates of its chain.
    for (mount, keys, issuers) in [("pki", 1, 2), ("pki_private_issuer", 1, 3)] {
        assert_eq!(vault.list(&format!("{mount}/keys")).len(), keys, "keys of {mount}");
        assert_eq!(vault.list(&format!("{mount}/issuers")).len(), issuers, "issuers of {mount}");
    }
    // One for the issuer: it was signed once.
    let signed = vault.list("pki/certs").len();
    assert!(signed <= 3, "{signed} certificates in pki");
    let text = site.expect(0, &["plan", "-detailed-exitcode"]);
    assert!(text.contains("No changes."), "{text}");
}

/// After destroy there is what was there before.
fn is_gone(site: &Site, before: &Objects) {
    site.expect(0, &["destroy", "-auto-approve"]);
    assert_eq!(site.expect(0, &["state", "list"]), "");
    let after = site.emulator().objects();
    for (kind, ids) in &after {
        let left: Vec<_> = ids.difference(&before[kind]).collect();
        assert!(left.is_empty(), "{kind}: {left:?}");
    }
}

#[test]
fn killed_before_and_after_each_call() {
    let site = Site::start(true);
    let before = site.emulator().objects();
    let began = Instant::now();
    let kills = apply_killed(&site, &[1, 2]);
    eprintln!("{} runs were killed, in {:.0?}", kills.count, began.elapsed());
    let durable = durable(&site);
    assert!(durable.len() > 90, "{durable:?}");
    are_few(&durable.iter().filter(|address| !kills.was(address, "begin")).collect::<Vec<_>>(), durable.len());
    are_few(&durable.iter().filter(|address| !kills.was(address, "progress") && !kills.was(address, "done")).collect::<Vec<_>>(), durable.len());
    is_exact(&site, &before);
    is_gone(&site, &before);
}

#[test]
fn killed_at_the_end_of_each_operation() {
    let site = Site::start(true);
    let before = site.emulator().objects();
    let began = Instant::now();
    let kills = apply_killed(&site, &[3]);
    eprintln!("{} runs were killed, in {:.0?}", kills.count, began.elapsed());
    assert!(kills.progressed.len() > 80, "{:?}", kills.progressed);
    are_few(&kills.progressed.iter().filter(|address| !kills.was(address, "done")).collect::<Vec<_>>(), kills.progressed.len());
    is_exact(&site, &before);
    loses_two_nodes(&site);
    is_gone(&site, &before);
}

fn until(site: &Site, what: &str, wanted: impl Fn(&[Node]) -> bool) -> Vec<Node> {
    let began = Instant::now();
    loop {
        let nodes = site.sandbox().nodes();
        if wanted(&nodes) {
            return nodes;
        }
        assert!(began.elapsed() < Duration::from_secs(90), "{what}: {nodes:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn count(nodes: &[Node], health: Health) -> usize {
    nodes.iter().filter(|node| node.health == health).count()
}

/// The leader and another node lose their power: the remaining three elect one and go on writing. The two come back, unseal by themselves and follow.
fn loses_two_nodes(site: &Site) {
    let nodes = until(site, "five nodes", |nodes| count(nodes, Health::Active) == 1 && count(nodes, Health::Standby) == 4);
    let leader = nodes.iter().find(|node| node.health == Health::Active).unwrap();
    let other = nodes.iter().find(|node| node.health == Health::Standby).unwrap();
    for node in [leader, other] {
        site.sandbox().kill_node(&node.id).unwrap();
    }
    let down = |node: &&Node| node.id == leader.id || node.id == other.id;
    until(site, "two are down, one of three leads", |nodes| {
        nodes.iter().filter(down).all(|node| node.pid.is_none()) && count(nodes, Health::Active) == 1 && count(nodes, Health::Standby) == 2
    });

    // A certificate is stored before it is answered, so this is a write that a majority has agreed to.
    let (root_ca, name, secret) = (site.output("root_ca_file"), site.output("vault_server_name"), site.output("root_token_secret"));
    let (mount, role, out) = (site.output("issuer_mount"), site.output("issuer_role"), site.path("service").display().to_string());
    let before = site.vault().list(&format!("{mount}/certs")).len();
    let address = site.sandbox().vault_address().unwrap();
    let at = ["-address", address, "-ca-cert", &root_ca, "-tls-server-name", &name, "-token-secret", &secret];
    let app = "app.internal.example.com";
    let mut issue = vec!["vault", "issue"];
    issue.extend(at);
    issue.extend(["-mount", &mount, "-role", &role, "-common-name", app, "-ttl", "1h", "-out", &out]);
    site.expect(0, &issue);
    let (cert, key) = (format!("{out}/cert.pem"), format!("{out}/key.pem"));
    site.expect(0, &["cert", "verify", "-ca", &root_ca, "-cert", &cert, "-key", &key, "-server-name", app]);

    for node in [leader, other] {
        site.sandbox().revive_node(&node.id).unwrap();
    }
    let back = until(site, "all five again, unsealed by the KMS", |nodes| count(nodes, Health::Active) == 1 && count(nodes, Health::Standby) == 4);
    assert_eq!(back.iter().filter(down).count(), 2, "they are the same nodes: {back:#?}");
    assert_eq!(site.vault().list(&format!("{mount}/certs")).len(), before + 1, "what was written meanwhile is there, once");
}
