//! Providers as plugins, from outside: the repo's own test provider under both versions of the protocol, and hashicorp/aws 5 from a filesystem mirror against the emulated AWS (where
//! `WEIR_TEST_MIRROR` names one).
#![allow(clippy::unwrap_used, reason = "tests")]
mod stack;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::stack::{Stack, told};

const STACK: &str = r#"
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
      native  = false
    }
  }
}
provider "aws" {
  region = "eu-central-1"
}
variable "description" { default = "first" }
data "aws_caller_identity" "me" {}
resource "aws_vpc" "this" {
  cidr_block = "10.1.0.0/16"
  tags       = { Name = "plugin" }
}
resource "aws_subnet" "this" {
  count      = 2
  vpc_id     = aws_vpc.this.id
  cidr_block = cidrsubnet(aws_vpc.this.cidr_block, 8, count.index)
}
resource "aws_security_group" "this" {
  name   = "plugin"
  vpc_id = aws_vpc.this.id
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [aws_vpc.this.cidr_block]
  }
}
resource "aws_sqs_queue" "this" {
  name                       = "plugin"
  visibility_timeout_seconds = var.description == "first" ? 30 : 60
  timeouts {
    create = "5m"
  }
}
resource "aws_ssm_parameter" "this" {
  name  = "/plugin/vpc"
  type  = "String"
  value = "${var.description} ${aws_vpc.this.id}"
}
output "account" { value = data.aws_caller_identity.me.account_id }
output "queue" { value = aws_sqs_queue.this.url }
"#;

/// Ends at the first step that does not end as it should, with what that said.
const SCRIPT: &str = r#"
step() { wanted=$1; shift; echo "== $*"; "$WEIR_TEST_BINARY" "$@"; code=$?; [ "$code" = "$wanted" ] || { echo "ended with $code, not $wanted"; exit 1; }; }
step 2 plan -detailed-exitcode
step 0 apply -auto-approve
step 0 plan -detailed-exitcode
step 0 apply -auto-approve -var=description=second
step 0 plan -detailed-exitcode -var=description=second
step 0 destroy -auto-approve
"#;

#[test]
fn aws_runs_as_a_plugin() {
    let Ok(mirror) = std::env::var("WEIR_TEST_MIRROR") else {
        eprintln!("SKIPPED: WEIR_TEST_MIRROR does not name a filesystem mirror with hashicorp/aws 5");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("main.tf", STACK);
    write("cli.tfrc", &format!("provider_installation {{\n  filesystem_mirror {{\n    path = \"{mirror}\"\n  }}\n}}\n"));
    write("steps.sh", SCRIPT);
    let weir = env!("CARGO_BIN_EXE_weir");
    let mut command = Command::new(weir);
    command.args(["sandbox", "-exec", "sh", "steps.sh"]).current_dir(dir.path()).env("NO_COLOR", "1").env("WEIR_TEST_BINARY", weir);
    let output = command.env("TF_CLI_CONFIG_FILE", dir.path().join("cli.tfrc")).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    for part in ["Plan: 6 to add", "6 added, 0 changed, 0 destroyed", "0 added, 2 changed, 0 destroyed", "6 destroyed"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// Where the mirror has the test provider.
fn program() -> String {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let os = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    format!("mirror/example.com/acme/test/1.2.0/{os}_{arch}/terraform-provider-test_v1.2.0")
}

/// A stack with the test provider in a mirror, which speaks one version of the protocol.
fn with_provider(version: u8, main: &str) -> Stack {
    let built = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples/test_provider");
    assert!(built.is_file(), "{} is missing: `cargo test --workspace` builds it, or `cargo build -p weir-plugin --example test_provider`", built.display());
    let required = "terraform {\n  required_providers {\n    test = {\n      source  = \"example.com/acme/test\"\n      version = \"~> 1.0\"\n    }\n  }\n}\nprovider \"test\" {\n  region = \"here\"\n}\n";
    let stack = Stack::new(&[("required.tf", required), ("main.tf", main)]);
    stack.write(&program(), &format!("#!/bin/sh\necho $$ >> {}\nexec {} {version}\n", stack.path("pids").display(), built.display()));
    fs::set_permissions(stack.path(&program()), fs::Permissions::from_mode(0o755)).unwrap();
    stack.write("cli.tfrc", &format!("provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n", stack.path("mirror").display()));
    stack
}

fn command(stack: &Stack, arguments: &[&str]) -> Command {
    let mut command = stack.command(arguments);
    command.env("TF_CLI_CONFIG_FILE", stack.path("cli.tfrc"));
    command
}

/// Ends with that code and says all of these.
fn says(stack: &Stack, arguments: &[&str], wanted: i32, parts: &[&str]) -> String {
    let (code, text) = told(&command(stack, arguments).output().unwrap());
    assert_eq!(code, wanted, "{arguments:?}: {text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(flat.contains(part), "{arguments:?} does not say {part:?}: {text}");
    }
    no_plugin_is_left(stack);
    text
}

/// Exit code and all that was said, however its lines are broken.
fn flat(output: &Output) -> (i32, String) {
    let (code, text) = told(output);
    (code, text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn no_plugin_is_left(stack: &Stack) {
    for pid in fs::read_to_string(stack.path("pids")).unwrap_or_default().lines() {
        let end = Instant::now() + Duration::from_secs(10);
        // A process that has ended and was not yet collected by init has no command line.
        while fs::read(Path::new("/proc").join(pid).join("cmdline")).is_ok_and(|line| !line.is_empty()) {
            assert!(Instant::now() < end, "the plugin {pid} still runs");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

const THINGS: &str = r#"
variable "size" {
  default = null
}
resource "test_thing" "one" {
  name   = "one"
  size   = var.size
  secret = "hush"
  tags   = { a = "b" }
  part { label = "p" }
  rule { port = 80 }
  rule { port = 443 }
}
resource "test_thing" "two" {
  name = "two-${test_thing.one.part[0].serial}"
}
data "test_lookup" "there" { key = "k" }
output "found" { value = data.test_lookup.there.found }
output "joined" { value = provider::test::join("-", "a", "b") }
"#;

/// From nothing to nothing: what the provider computes is unknown before, its private data comes back to it, its secrets stay hidden.
#[test]
fn a_plugin_from_plan_to_destroy() {
    for version in [5, 6] {
        let stack = with_provider(version, THINGS);
        let text = says(&stack, &["plan", "-detailed-exitcode"], 2, &["Plan: 2 to add, 0 to change, 0 to destroy.", "size = (known after apply)", "(sensitive value)"]);
        assert!(!text.contains("hush"), "{text}");
        let text = says(&stack, &["apply", "-auto-approve"], 0, &["2 added, 0 changed, 0 destroyed", "found = \"k in here\"", "joined = \"a-b\""]);
        assert!(!text.contains("hush"), "{text}");
        let state = fs::read_to_string(stack.path("terraform.tfstate")).unwrap();
        assert_eq!(state.matches(&format!("\"private\": \"{MADE}\"")).count(), 2, "{state}");
        says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
        says(&stack, &["plan", "-offline", "-detailed-exitcode"], 0, &["No changes."]);
        says(&stack, &["apply", "-auto-approve", "-var=size=7"], 0, &["~ size = 1 -> 7", "0 added, 1 changed, 0 destroyed"]);
        says(&stack, &["plan", "-detailed-exitcode", "-var=size=7"], 0, &["No changes."]);
        stack.write("main.tf", &THINGS.replace("name   = \"one\"", "name   = \"other\""));
        says(&stack, &["apply", "-auto-approve", "-var=size=7"], 0, &["# forces replacement", "2 added, 0 changed, 2 destroyed"]);
        says(&stack, &["destroy", "-auto-approve"], 0, &["2 destroyed"]);
    }
}

/// How often the state has this as private data.
fn private(stack: &Stack, text: &str) -> usize {
    fs::read_to_string(stack.path("terraform.tfstate")).unwrap().matches(&format!("\"private\": \"{text}\"")).count()
}

/// The base64 of `made`, `read`: what the test provider keeps for itself after a creation, and what a read of something that is called `rotates` makes of it.
const MADE: &str = "bWFkZQ==";
const READ: &str = "cmVhZA==";

/// A plan is told what the read before it said, and the state keeps that although nothing else changes.
#[test]
fn private_data_of_a_read_is_kept() {
    for version in [5, 6] {
        let stack = with_provider(version, "variable \"size\" {\n  default = null\n}\nresource \"test_thing\" \"r\" {\n  name = \"rotates\"\n  size = var.size\n}\n");
        says(&stack, &["apply", "-auto-approve"], 0, &["1 added"]);
        assert_eq!((private(&stack, MADE), private(&stack, READ)), (1, 0));
        // The provider refuses to plan with anything but what its read gave.
        says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
        assert_eq!((private(&stack, MADE), private(&stack, READ)), (1, 0), "a plan writes nothing");
        says(&stack, &["apply", "-auto-approve"], 0, &[]);
        assert_eq!((private(&stack, MADE), private(&stack, READ)), (0, 1));
        says(&stack, &["plan", "-offline", "-detailed-exitcode"], 0, &["No changes."]);
        says(&stack, &["apply", "-auto-approve", "-var=size=7"], 0, &["0 added, 1 changed, 0 destroyed"]);
        assert_eq!((private(&stack, MADE), private(&stack, READ)), (1, 0));
        says(&stack, &["destroy", "-auto-approve"], 0, &["1 destroyed"]);
    }
}

/// What is imported, by a block or by the command, can be planned and read afterwards: the provider gets its private data back.
#[test]
fn private_data_of_an_import_is_kept() {
    for version in [5, 6] {
        let thing = "resource \"test_thing\" \"i\" {\n  name = \"i\"\n}\n";
        let block = "import {\n  to = test_thing.i\n  id = \"id-of-i\"\n}\n";
        let stack = with_provider(version, &format!("{thing}{block}"));
        says(&stack, &["apply", "-auto-approve"], 0, &["1 imported"]);
        assert_eq!((stack.objects(), private(&stack, MADE)), (vec!["test_thing.i".to_owned()], 1));
        stack.write("main.tf", thing);
        says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
        says(&stack, &["destroy", "-auto-approve"], 0, &["1 destroyed"]);
        says(&stack, &["import", "test_thing.i", "id-of-i"], 0, &["Import successful!"]);
        assert_eq!(private(&stack, MADE), 1);
        says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
    }
}

/// What the user wrote is underlined where the provider's fault points.
#[test]
fn faults_of_a_plugin_are_told_where_they_are() {
    let stack = with_provider(6, "resource \"test_thing\" \"x\" {\n  name = \"bad name\"\n}\n");
    says(&stack, &["validate"], 1, &["Bad name", "on main.tf line 2", "^^^^^^^^^^"]);
    stack.write("main.tf", "resource \"test_other\" \"x\" {\n}\n");
    says(&stack, &["validate"], 1, &["Invalid resource type", "test_other"]);
    stack.write("required.tf", &fs::read_to_string(stack.path("required.tf")).unwrap().replace("~> 1.0", "~> 2.0"));
    says(&stack, &["validate"], 1, &["example.com/acme/test", "~> 2.0"]);
}

/// A plugin that dies in the middle: its last words are told, everything else is finished and kept.
#[test]
fn a_plugin_that_crashes_in_an_apply() {
    let main = "resource \"test_thing\" \"crash\" {\n  name = \"crash\"\n}\nresource \"terraform_data\" \"other\" {\n  input = 1\n}\n";
    let stack = with_provider(6, main);
    let lost = "Look for an object of the type test_thing with name = \"crash\". If it is there, take it into the state with `weir import 'test_thing.crash' ID`";
    says(&stack, &["apply", "-auto-approve"], 1, &["panic: the test wants it so", "It is not known whether the object was created", lost]);
    assert_eq!(stack.objects(), ["terraform_data.other"]);
    stack.write("main.tf", &main.replace("\"crash\"\n", "\"well\"\n"));
    // The next run says so again, and goes on.
    let again = "test_thing.crash: its creation was interrupted; whether the object exists is not known";
    says(&stack, &["apply", "-auto-approve"], 0, &["A creation was cut off", lost, again, "1 added, 0 changed, 0 destroyed"]);
    let text = says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
    assert!(!text.contains("cut off"), "{text}");
}

/// Begins an apply of an object with that name and waits until the plugin was asked to create it.
fn creating(stack: &Stack, name: &str) -> Child {
    stack.write("main.tf", &format!("resource \"test_thing\" \"x\" {{\n  name   = \"{name}\"\n  secret = \"hush\"\n}}\n"));
    let run = command(stack, &["apply", "-auto-approve"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    // The journal has its record before the plugin is called.
    let begun = || fs::read_dir(stack.dir.path()).unwrap().any(|entry| entry.unwrap().file_name().to_string_lossy().contains("journal"));
    while !begun() {
        assert!(Instant::now() < end, "the creation never begins");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    run
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

/// Somebody kills the plugin while it creates an object: nobody knows whether there is one now.
#[test]
fn a_plugin_that_is_killed_in_an_apply() {
    for version in [5, 6] {
        let stack = with_provider(version, "");
        let run = creating(&stack, "hang");
        for pid in fs::read_to_string(stack.path("pids")).unwrap().lines() {
            kill("-KILL", pid);
        }
        let (code, text) = flat(&run.wait_with_output().unwrap());
        assert!(code == 1 && text.contains("was ended by signal 9") && text.contains("It is not known whether the object was created"), "{text}");
        no_plugin_is_left(&stack);
        let text = says(&stack, &["plan"], 0, &["A creation was cut off", "with name = \"hang\"", "Plan: 1 to add"]);
        assert!(!text.contains("hush"), "{text}");
    }
}

/// Somebody kills Weir while a plugin creates an object: the plugin does not go on alone, and the next run knows what was under way.
#[test]
fn a_run_that_is_killed_in_an_apply() {
    for version in [5, 6] {
        let stack = with_provider(version, "");
        let mut run = creating(&stack, "hang");
        run.kill().unwrap();
        run.wait().unwrap();
        no_plugin_is_left(&stack);
        let lost = "The last run was interrupted while it created test_thing.x.";
        says(&stack, &["plan"], 0, &["A creation was cut off", lost, "with name = \"hang\"", "Plan: 1 to add"]);
    }
}

/// A plugin that says nothing when it is started is waited for so long, and then ended.
#[test]
fn a_plugin_that_hangs_at_its_start() {
    let stack = with_provider(6, "resource \"test_thing\" \"x\" {\n  name = \"x\"\n}\n");
    stack.write(&program(), &format!("#!/bin/sh\necho $$ >> {}\necho waiting for a licence >&2\nexec sleep 600\n", stack.path("pids").display()));
    let (code, text) = flat(&command(&stack, &["plan"]).env("WEIR_PLUGIN_TIMEOUT", "1s").output().unwrap());
    assert!(code == 1 && text.contains("has not said within 1 seconds where it listens") && text.contains("waiting for a licence"), "{text}");
    no_plugin_is_left(&stack);
    let (code, text) = flat(&command(&stack, &["plan"]).env("WEIR_PLUGIN_TIMEOUT", "soon").output().unwrap());
    assert!(code == 1 && text.contains("\"soon\" is no duration"), "{text}");
}

/// What a provider offers is asked once; after that it is started only when there is work for it.
#[test]
fn what_a_plugin_offers_is_remembered() {
    let stack = with_provider(6, "resource \"test_thing\" \"x\" {\n  name = \"x\"\n}\n");
    says(&stack, &["apply", "-auto-approve"], 0, &["1 added"]);
    let starts = || fs::read_to_string(stack.path("pids")).unwrap().lines().count();
    let before = starts();
    says(&stack, &["state", "show", "test_thing.x"], 0, &["id-of-x"]);
    says(&stack, &["output"], 0, &[]);
    assert_eq!(starts(), before);
    says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
    assert_eq!(starts(), before + 1);
    // Another program is another provider, whatever was remembered of the first.
    let text = fs::read_to_string(stack.path(&program())).unwrap();
    stack.write(&program(), &text.replace(" 6\n", " 6 dies\n"));
    says(&stack, &["plan"], 1, &["no licence was found"]);
}

/// Ctrl-C reaches the plugin as a request to stop.
#[test]
fn a_plugin_is_asked_to_stop() {
    let stack = with_provider(6, "");
    let run = creating(&stack, "hang");
    kill("-INT", &run.id().to_string());
    let (code, text) = told(&run.wait_with_output().unwrap());
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Interrupt received") && text.contains("Stopped"), "{text}");
    assert!(!stack.path("terraform.tfstate").exists() || stack.objects().is_empty());
    no_plugin_is_left(&stack);
}

/// What a provider offers is printed as its users' tools expect it, whatever version of the protocol it speaks.
#[test]
fn schemas_are_printed() {
    for version in [5, 6] {
        let stack = with_provider(version, THINGS);
        let (code, text) = told(&command(&stack, &["providers", "schema", "-json"]).output().unwrap());
        assert_eq!(code, 0, "{text}");
        let all: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(all["format_version"], "1.0");
        let test = &all["provider_schemas"]["example.com/acme/test"];
        let thing = &test["resource_schemas"]["test_thing"];
        assert_eq!(thing["version"], 2);
        let name = json!({ "type": "string", "description": "What it is _called_.", "description_kind": "markdown", "required": true });
        assert_eq!(thing["block"]["attributes"]["name"], name);
        let token = json!({ "type": "string", "description_kind": "plain", "optional": true, "write_only": true });
        assert_eq!(thing["block"]["attributes"]["token"], token);
        assert_eq!(thing["block"]["attributes"]["any"]["type"], "dynamic");
        assert_eq!(thing["block"]["block_types"]["rule"]["block"]["attributes"]["port"], json!({ "type": "number", "description_kind": "plain", "required": true }));
        assert_eq!(thing["block"]["block_types"]["rule"]["nesting_mode"], "set");
        let settings = &thing["block"]["attributes"]["settings"];
        assert_eq!(settings["nested_type"]["nesting_mode"].as_str(), (version == 6).then_some("single"));
        assert_eq!(test["functions"]["join"]["variadic_parameter"], json!({ "name": "parts", "type": "string" }));
        assert_eq!(test["ephemeral_resource_schemas"]["test_ticket"]["version"], 0);
        no_plugin_is_left(&stack);
    }
    let stack = Stack::new(&[("main.tf", "resource \"random_id\" \"x\" {\n  byte_length = 2\n}\n")]);
    let native: Json = serde_json::from_str(&stack.ok(&["providers", "schema", "-json"])).unwrap();
    let random = &native["provider_schemas"]["registry.terraform.io/hashicorp/random"];
    assert_eq!(random["resource_schemas"]["random_id"]["block"]["attributes"]["byte_length"]["required"], true);
    stack.says(&["providers", "schema"], 1, &["-json"]);
}

/// The whole schema of hashicorp/aws 5; equal to what `terraform providers schema -json` has printed into the file that `WEIR_TEST_SCHEMA` names, if it names one.
#[test]
fn the_schema_of_aws_is_printed() {
    let Ok(mirror) = std::env::var("WEIR_TEST_MIRROR") else {
        eprintln!("SKIPPED: WEIR_TEST_MIRROR does not name a filesystem mirror with hashicorp/aws 5");
        return;
    };
    let stack = Stack::new(&[("main.tf", STACK), ("cli.tfrc", &format!("provider_installation {{\n  filesystem_mirror {{\n    path = \"{mirror}\"\n  }}\n}}\n"))]);
    let (code, text) = told(&command(&stack, &["providers", "schema", "-json"]).output().unwrap());
    assert_eq!(code, 0, "{text}");
    let all: Json = serde_json::from_str(&text).unwrap();
    let aws = &all["provider_schemas"]["registry.terraform.io/hashicorp/aws"];
    assert!(aws["resource_schemas"].as_object().unwrap().len() > 1000);
    if let Ok(file) = std::env::var("WEIR_TEST_SCHEMA") {
        let wanted: Json = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let wanted = &wanted["provider_schemas"]["registry.terraform.io/hashicorp/aws"];
        for kind in ["provider", "resource_schemas", "data_source_schemas", "ephemeral_resource_schemas", "functions"] {
            let (Some(wanted), Some(found)) = (wanted[kind].as_object(), aws[kind].as_object()) else { panic!("{kind}") };
            assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{kind}");
            for (name, schema) in wanted {
                assert_eq!(found[name], *schema, "{kind} {name}");
            }
        }
    }
}

/// What a provider defers is made in a later round, and so is what needs it.
#[test]
fn what_is_deferred_is_made_later() {
    for version in [5, 6] {
        let main = r#"
resource "test_thing" "first" {
  name = "first"
}
resource "test_thing" "second" {
  name   = "patient"
  secret = test_thing.first.id
}
resource "test_thing" "third" {
  name = "third-${test_thing.second.id}"
}
data "test_lookup" "later" { key = "later" }
output "found" { value = data.test_lookup.later.found }
"#;
        let stack = with_provider(version, main);
        let waits = "(its provider needs arguments that are not known yet)";
        let needs = "(it needs test_thing.second, which has to wait)";
        says(&stack, &["plan", "-detailed-exitcode"], 2, &["# test_thing.first will be created", waits, needs, "(its provider needs something that is not there yet)"]);
        says(&stack, &["apply", "-auto-approve"], 0, &["found = \"later in here\""]);
        assert_eq!(stack.objects(), ["data.test_lookup.later", "test_thing.first", "test_thing.second", "test_thing.third"]);
        stack.write("main.tf", &main.replace("\"later\" }", "\"k\" }"));
        says(&stack, &["plan", "-detailed-exitcode"], 2, &["Changes to Outputs"]);
        says(&stack, &["destroy", "-auto-approve"], 0, &["3 destroyed"]);
    }
}

/// An object goes over to another type when its provider can make it its own.
#[test]
fn an_object_moves_to_another_type() {
    for version in [5, 6] {
        let stack = with_provider(version, "resource \"terraform_data\" \"x\" {\n  input = \"moving\"\n}\n");
        says(&stack, &["apply", "-auto-approve"], 0, &["1 added"]);
        let moved =
            |to: &str| format!("resource \"test_thing\" \"{to}\" {{\n  name = \"moving\"\n}}\nmoved {{\n  from = terraform_data.x\n  to   = test_thing.{to}\n}}\n");
        stack.write("main.tf", &moved("y"));
        says(&stack, &["plan", "-detailed-exitcode"], 2, &["terraform_data.x has moved to test_thing.y", "Plan: 0 to add, 0 to change, 0 to destroy."]);
        assert_eq!(stack.objects(), ["terraform_data.x"]);
        says(&stack, &["apply", "-auto-approve"], 0, &["0 added, 0 changed, 0 destroyed"]);
        assert_eq!((stack.objects(), private(&stack, MADE)), (vec!["test_thing.y".to_owned()], 1));
        assert!(stack.state()["resources"][0]["provider"].as_str().unwrap().contains("acme/test"), "{}", stack.state());
        says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
        // The other way nobody takes it.
        stack.write("main.tf", "resource \"terraform_data\" \"z\" {\n  input = \"moving\"\n}\nmoved {\n  from = test_thing.y\n  to   = terraform_data.z\n}\n");
        says(&stack, &["plan"], 1, &["Unsupported `moved` across resource types", "takes over no test_thing of"]);
        assert_eq!(stack.objects(), ["test_thing.y"]);
        stack.write("main.tf", "resource \"random_pet\" \"p\" {}\n");
        says(&stack, &["state", "rm", "test_thing.y"], 0, &[]);
        says(&stack, &["apply", "-auto-approve"], 0, &["1 added"]);
        stack.write("main.tf", "resource \"test_thing\" \"q\" {\n  name = \"q\"\n}\nmoved {\n  from = random_pet.p\n  to   = test_thing.q\n}\n");
        says(&stack, &["plan"], 1, &["A random_pet of registry.terraform.io/hashicorp/random becomes nothing here", "The test wants it so."]);
    }
}

/// An update that fails leaves the object as it was, also what its provider keeps for itself about it.
#[test]
fn a_failed_update_loses_nothing() {
    for version in [5, 6] {
        let thing = |size: u32, token: &str| format!("resource \"test_thing\" \"x\" {{\n  name  = \"needs token\"\n  size  = {size}\n  token = \"{token}\"\n}}\n");
        let stack = with_provider(version, &thing(1, "open"));
        says(&stack, &["apply", "-auto-approve"], 0, &["1 added"]);
        // The provider is killed while it works; what it was told to do may have been done.
        stack.write("main.tf", &thing(2, "kill"));
        says(&stack, &["apply", "-auto-approve"], 1, &["Provider plugin crashed"]);
        assert_eq!((stack.objects(), private(&stack, MADE)), (vec!["test_thing.x".to_owned()], 1));
        stack.write("main.tf", &thing(2, "open"));
        says(&stack, &["apply", "-auto-approve"], 0, &["0 added, 1 changed, 0 destroyed"]);
        says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
    }
}

/// What waits for its deletion is looked at before it is deleted: it may be gone, or be another than it was.
#[test]
fn deposed_objects_are_read() {
    let stack = with_provider(6, "resource \"test_thing\" \"x\" {\n  name = \"x\"\n}\n");
    says(&stack, &["apply", "-auto-approve"], 0, &["1 added"]);
    let mut state = stack.state();
    let instances = state["resources"][0]["instances"].as_array_mut().unwrap();
    for (key, name) in [("00000001", "gone"), ("00000002", "drifts")] {
        let mut old = instances[0].clone();
        old["deposed"] = key.into();
        old["attributes"]["name"] = name.into();
        instances.push(old);
    }
    stack.write("terraform.tfstate", &state.to_string());
    says(&stack, &["plan", "-detailed-exitcode"], 2, &["- size = 99 -> null", "Plan: 0 to add, 0 to change, 1 to destroy."]);
    says(&stack, &["apply", "-auto-approve"], 0, &["1 destroyed"]);
    assert_eq!(stack.state()["resources"][0]["instances"].as_array().unwrap().len(), 1);
    says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
}

/// What tells objects apart can stand for an id.
#[test]
fn an_object_is_imported_by_its_identity() {
    for version in [5, 6] {
        let block = |import: &str| format!("resource \"test_thing\" \"i\" {{\n  name = \"i\"\n}}\nimport {{\n  to = test_thing.i\n  {import}\n}}\n");
        let stack = with_provider(version, &block("identity = { nam = \"i\" }"));
        says(&stack, &["plan"], 1, &["\"nam\" is no part of it. An object of the type test_thing is imported by: name.", "on main.tf line 6"]);
        stack.write("main.tf", &block("identity = \"i\""));
        says(&stack, &["plan"], 1, &["Invalid import identity argument", "must be an object"]);
        stack.write("main.tf", &block("identity = { name = \"i\" }\n  id = \"id-of-i\""));
        says(&stack, &["plan"], 1, &["Invalid combination of \"id\" and \"identity\""]);
        stack.write("main.tf", &block("identity = { name = \"i\" }"));
        says(&stack, &["apply", "-auto-approve"], 0, &["1 imported"]);
        assert_eq!((stack.objects(), private(&stack, MADE)), (vec!["test_thing.i".to_owned()], 1));
        says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes."]);
        let stack = Stack::new(&[("main.tf", "resource \"random_pet\" \"p\" {}\nimport {\n  to = random_pet.p\n  identity = { id = \"x\" }\n}\n")]);
        stack.says(&["plan"], 1, &["Import by identity is not supported"]);
    }
}
