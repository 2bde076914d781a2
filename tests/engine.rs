//! The engine from outside, where a transcript cannot tell it: crashes, partial failures, damaged files, plan files that went stale.
#![allow(clippy::unwrap_used, reason = "tests")]
mod stack;

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::stack::{Stack, told};

fn is_empty_besides(dir: &Path, known: &[&str]) {
    let found: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            // A file that was being written has a name of its own until it is whole.
            !known.contains(&name.as_str()) && !name.starts_with(".weir-")
        })
        .collect();
    assert!(found.is_empty(), "left behind: {found:?}");
}

const CRASHING: &str = r#"
variable "kind" { default = "a" }
resource "terraform_data" "base" { triggers_replace = var.kind }
resource "local_file" "below" {
  filename = "out/below-${var.kind}.txt"
  content  = "below ${var.kind}"
}
resource "local_file" "swapped" {
  filename = "out/swapped-${var.kind}.txt"
  content  = local_file.below.content
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "top" {
  count = 2
  input = [terraform_data.base.id, local_file.swapped.id]
}
"#;

/// Kills the process after every journal record of a creation, a replacement and a destruction, and goes on: nothing is lost, nothing is there twice.
#[test]
fn killed_after_any_record_it_goes_on() {
    let wanted = ["local_file.below", "local_file.swapped", "terraform_data.base", "terraform_data.top[0]", "terraform_data.top[1]"];
    for (before, arguments) in
        [(None, vec!["apply", "-auto-approve"]), (Some("a"), vec!["apply", "-auto-approve", "-var=kind=b"]), (Some("a"), vec!["destroy", "-auto-approve"])]
    {
        let mut crashes = 0;
        for record in 1_u64.. {
            let stack = Stack::new(&[("main.tf", CRASHING)]);
            if before.is_some() {
                stack.ok(&["apply", "-auto-approve"]);
            }
            let output = stack.command(&arguments).env("WEIR_TEST_CRASH_AFTER_RECORD", record.to_string()).output().unwrap();
            if output.status.success() {
                break;
            }
            assert_eq!(output.status.code(), None, "{arguments:?} at {record}: {}", told(&output).1);
            crashes += 1;
            let (code, text) = stack.run(&arguments);
            assert_eq!(code, 0, "{arguments:?} after a crash at record {record}: {text}");
            let known = ["main.tf", "terraform.tfstate", "terraform.tfstate.backup", "out"];
            is_empty_besides(stack.dir.path(), &known);
            if arguments[0] == "destroy" {
                assert_eq!(stack.objects(), Vec::<String>::new());
                is_empty_besides(&stack.path("out"), &[]);
                continue;
            }
            assert_eq!(stack.objects(), wanted, "{arguments:?} at {record}");
            let kind = if arguments.len() == 3 { "b" } else { "a" };
            is_empty_besides(&stack.path("out"), &[&format!("below-{kind}.txt"), &format!("swapped-{kind}.txt")]);
            assert_eq!(fs::read_to_string(stack.path(&format!("out/swapped-{kind}.txt"))).unwrap(), format!("below {kind}"));
            let mut again = vec!["plan", "-detailed-exitcode"];
            again.extend(arguments.get(2));
            stack.ok(&again);
        }
        assert!(crashes >= 5, "{arguments:?} wrote only {crashes} records");
    }
}

/// What could not be made is told, what was made is kept, and the next run makes only the rest.
#[test]
fn a_partial_failure_is_taken_up() {
    let stack = Stack::new(&[
        (
            "main.tf",
            r#"
variable "folder" { default = "file.txt" }
resource "terraform_data" "first" { input = 1 }
resource "local_file" "bad" {
  filename = "${var.folder}/below.txt"
  content  = terraform_data.first.output
}
resource "terraform_data" "after" { input = local_file.bad.id }
resource "terraform_data" "beside" {}
"#,
        ),
        ("file.txt", "a regular file"),
    ]);
    stack.says(&["apply", "-auto-approve"], 1, &["Error: Cannot write the file", "with local_file.bad"]);
    assert_eq!(stack.objects(), ["terraform_data.beside", "terraform_data.first"]);
    stack.says(&["apply", "-auto-approve", "-var=folder=fine"], 0, &["Resources: 2 added, 0 changed, 0 destroyed."]);
    assert_eq!(fs::read_to_string(stack.path("fine/below.txt")).unwrap(), "1");
    stack.ok(&["plan", "-detailed-exitcode", "-var=folder=fine"]);
}

/// An object stays as long as something that needs it could not be changed.
#[test]
fn what_a_failed_object_needs_stays() {
    let before = r#"
resource "terraform_data" "bottom" { input = 1 }
resource "terraform_data" "middle" { input = terraform_data.bottom.id }
resource "terraform_data" "user" { input = terraform_data.middle.id }
"#;
    let after = r#"
resource "local_file" "bad" {
  filename = "main.tf/below.txt"
  content  = "x"
}
resource "terraform_data" "user" { input = local_file.bad.id }
"#;
    let stack = Stack::new(&[("main.tf", before)]);
    stack.ok(&["apply", "-auto-approve"]);
    stack.write("main.tf", after);
    stack.says(&["apply", "-auto-approve"], 1, &["Cannot write the file"]);
    assert_eq!(stack.objects(), ["terraform_data.bottom", "terraform_data.middle", "terraform_data.user"]);
    stack.write("main.tf", &after.replace("main.tf/", ""));
    stack.says(&["apply", "-auto-approve"], 0, &["Resources: 1 added, 1 changed, 2 destroyed."]);
    assert_eq!(stack.objects(), ["local_file.bad", "terraform_data.user"]);
}

/// The run that takes up a killed one finds all objects in the state; the outputs are written all the same, also before a closed gate.
#[test]
fn outputs_survive_a_kill_before_a_gate() {
    let stack = Stack::new(&[(
        "main.stack.hcl",
        "resource \"local_file\" \"a\" {\n  filename = \"a.txt\"\n  content  = \"x\"\n}\noutput \"file\" {\n  value = local_file.a.filename\n}\ngate \"g\" {\n  description = \"Wait\"\n}\nresource \"terraform_data\" \"later\" {\n  depends_on = [gate.g]\n}\n",
    )]);
    for record in 1.. {
        let output = stack.command(&["apply", "-auto-approve"]).env("WEIR_TEST_CRASH_AFTER_RECORD", record.to_string()).output().unwrap();
        if output.status.code().is_some() {
            break;
        }
    }
    stack.says(&["apply", "-auto-approve"], 3, &["Paused at gate.g"]);
    assert_eq!(stack.ok(&["output", "-raw", "file"]), "a.txt");
}

/// What was never created stands in nobody's way: a stack that stopped at a gate, or was applied in part, can be destroyed, whatever refers to what is not there.
#[test]
fn a_stack_that_was_applied_in_part_is_destroyed() {
    let stack = Stack::new(&[
        (
            "main.stack.hcl",
            r#"
resource "terraform_data" "first" { input = "a" }
gate "g" {
  description = "Wait"
  depends_on  = [terraform_data.first]
}
stage "later" {
  source     = "./later"
  depends_on = [gate.g]
  name       = terraform_data.counted[0].output
}
resource "terraform_data" "counted" {
  count      = 1
  input      = terraform_data.first.output
  depends_on = [gate.g]
}
locals { joined = "${stage.later.id}-${terraform_data.counted[0].id}" }
output "joined" { value = local.joined }
"#,
        ),
        (
            "later/main.tf",
            "variable \"name\" {}\nresource \"terraform_data\" \"x\" {\n  input = var.name\n}\noutput \"id\" {\n  value = upper(terraform_data.x.output)\n}\n",
        ),
    ]);
    stack.says(&["apply", "-auto-approve"], 3, &["Paused at gate.g"]);
    stack.says(&["destroy", "-auto-approve"], 0, &["Destroy complete! Resources: 1 destroyed."]);
    stack.says(&["apply", "-auto-approve"], 3, &["Paused at gate.g"]);
    stack.ok(&["gate", "open", "g"]);
    stack.says(&["destroy", "-auto-approve"], 0, &["Destroy complete! Resources: 1 destroyed."]);
    assert_eq!(stack.objects(), Vec::<String>::new());
}

/// Drift is found, shown apart by -refresh-only, and made good by an apply.
#[test]
fn drift_is_made_good() {
    let stack = Stack::new(&[("main.tf", "resource \"local_file\" \"f\" {\n  filename = \"f.txt\"\n  content  = \"right\"\n}\n")]);
    stack.ok(&["apply", "-auto-approve"]);
    fs::remove_file(stack.path("f.txt")).unwrap();
    stack.says(&["plan", "-refresh-only", "-detailed-exitcode"], 2, &["local_file.f has been deleted"]);
    stack.says(&["plan", "-refresh=false", "-detailed-exitcode"], 0, &["No changes."]);
    stack.says(&["plan", "-detailed-exitcode"], 2, &["local_file.f will be created"]);
    stack.says(&["apply", "-auto-approve"], 0, &["Resources: 1 added, 0 changed, 0 destroyed."]);
    assert_eq!(fs::read_to_string(stack.path("f.txt")).unwrap(), "right");
    fs::remove_file(stack.path("f.txt")).unwrap();
    stack.ok(&["apply", "-refresh-only", "-auto-approve"]);
    assert_eq!(stack.objects(), Vec::<String>::new());
}

/// A plan file is applied as it was approved, or not at all.
#[test]
fn a_plan_file_goes_stale() {
    let stack = Stack::new(&[("main.tf", "variable \"size\" { default = 1 }\nresource \"terraform_data\" \"a\" { input = var.size }\n")]);
    stack.ok(&["plan", "-out=first", "-var=size=2"]);
    stack.write("main.tf", "this is not read");
    stack.says(&["apply", "first"], 0, &["Resources: 1 added"]);
    stack.write("main.tf", "variable \"size\" { default = 1 }\nresource \"terraform_data\" \"a\" { input = var.size }\n");
    stack.ok(&["plan", "-detailed-exitcode", "-var=size=2"]);
    stack.ok(&["plan", "-out=second", "-var=size=3"]);
    stack.ok(&["destroy", "-auto-approve"]);
    stack.says(&["apply", "second"], 1, &["Error: Saved plan is stale", "approved was update, now it is create"]);
    stack.write("third", "not a plan");
    stack.says(&["apply", "third"], 1, &["Failed to load the plan"]);
    stack.says(&["apply", "fourth"], 1, &["Failed to load the plan"]);
}

/// The environment comes before the files, and the command line after all.
#[test]
fn variables_of_the_environment() {
    let stack = Stack::new(&[
        ("main.tf", "variable \"a\" {}\nvariable \"b\" { type = list(number) }\noutput \"all\" { value = [var.a, var.b] }\n"),
        ("terraform.tfvars", "a = \"file\"\n"),
    ]);
    let apply = |arguments: &[&str]| {
        let output = stack.command(arguments).env("TF_VAR_a", "environment").env("TF_VAR_b", "[1, 2]").output().unwrap();
        assert_eq!(told(&output).0, 0, "{}", told(&output).1);
        stack.ok(&["output", "-json", "all"]).trim().to_owned()
    };
    assert_eq!(apply(&["apply", "-auto-approve"]), r#"["file",[1,2]]"#);
    assert_eq!(apply(&["apply", "-auto-approve", "-var=a=flag"]), r#"["flag",[1,2]]"#);
    fs::remove_file(stack.path("terraform.tfvars")).unwrap();
    assert_eq!(apply(&["apply", "-auto-approve"]), r#"["environment",[1,2]]"#);
}

/// A state that somebody else works on, or that is damaged, is left alone.
#[test]
fn a_state_that_cannot_be_used() {
    let stack = Stack::new(&[("main.tf", "resource \"terraform_data\" \"a\" {}\n")]);
    stack.ok(&["apply", "-auto-approve"]);
    let good = fs::read(stack.path("terraform.tfstate")).unwrap();
    fs::write(stack.path("terraform.tfstate"), &good[..good.len() / 2]).unwrap();
    for command in [&["plan"][..], &["apply", "-auto-approve"], &["destroy", "-auto-approve"], &["state", "list"]] {
        stack.says(command, 1, &["terraform.tfstate"]);
    }
    assert_eq!(fs::read(stack.path("terraform.tfstate")).unwrap(), &good[..good.len() / 2], "a damaged state is not written over");
    fs::write(stack.path("terraform.tfstate"), &good).unwrap();
    stack.ok(&["plan", "-detailed-exitcode"]);
}

/// Pull and push give the same state back, with one serial more.
#[test]
fn pull_and_push() {
    let stack = Stack::new(&[("main.tf", "resource \"terraform_data\" \"a\" { count = 2 }\n")]);
    stack.ok(&["apply", "-auto-approve"]);
    let pulled = stack.ok(&["state", "pull"]);
    stack.ok(&["state", "mv", "terraform_data.a[0]", "terraform_data.b"]);
    stack.ok(&["state", "rm", "terraform_data.a[1]"]);
    assert_eq!(stack.objects(), ["terraform_data.b"]);
    let mut state: Json = serde_json::from_str(&pulled).unwrap();
    state["serial"] = Json::from(stack.state()["serial"].as_u64().unwrap() + 1);
    stack.write("pushed", &state.to_string());
    stack.ok(&["state", "push", "pushed"]);
    assert_eq!(stack.objects(), ["terraform_data.a[0]", "terraform_data.a[1]"]);
    stack.ok(&["plan", "-detailed-exitcode"]);
}

/// A plan with timestamp() never comes to rest; it must not go round in circles before a closed gate, and neither must -replace.
#[test]
fn a_restless_plan_stops_at_its_gate() {
    let stack = Stack::new(&[(
        "main.stack.hcl",
        "resource \"terraform_data\" \"restless\" { triggers_replace = timestamp() }\nresource \"terraform_data\" \"calm\" {}\ngate \"g\" {\n  description = \"Wait\"\n}\nresource \"terraform_data\" \"later\" {\n  depends_on = [gate.g]\n}\n",
    )]);
    stack.says(&["apply", "-auto-approve"], 3, &["Paused at gate.g", "2 added, 0 changed, 0 destroyed"]);
    stack.says(&["apply", "-auto-approve", "-replace=terraform_data.calm"], 3, &["Paused at gate.g", "2 added, 0 changed, 2 destroyed"]);
}

/// What must stay secret is in no output and in no plan file.
#[test]
fn secrets_are_not_shown() {
    let stack = Stack::new(&[(
        "main.tf",
        "variable \"secret\" {\n  sensitive = true\n}\nvariable \"ghost\" {\n  ephemeral = true\n}\nresource \"terraform_data\" \"a\" { input = { inner = var.secret } }\noutput \"o\" {\n  value     = var.secret\n  sensitive = true\n}\n",
    )]);
    let flags = ["-var=secret=sesame-1234", "-var=ghost=boo-5678"];
    let (code, text) = stack.run(&["plan", "-out=p", flags[0], flags[1]]);
    assert_eq!(code, 0, "{text}");
    let file = fs::read_to_string(stack.path("p")).unwrap();
    let json = stack.ok(&["plan", "-format=json", flags[0], flags[1]]);
    let (code, applied) = stack.run(&["apply", "p", flags[0], flags[1]]);
    assert_eq!(code, 0, "{applied}");
    for text in [text, file, json, applied] {
        assert!(!text.contains("sesame-1234") && !text.contains("boo-5678"), "{text}");
    }
    assert!(!fs::read_to_string(stack.path("terraform.tfstate")).unwrap().contains("boo-5678"));
}

/// What mirrors a sensitive argument is as sensitive, also where the state (which names the argument only, as the incumbent's does) is read again.
#[test]
fn what_mirrors_a_secret_is_secret() {
    let text = "variable \"secret\" {\n  sensitive = true\n  default   = \"sesame-1234\"\n}\nvariable \"size\" { default = 1 }\nresource \"terraform_data\" \"a\" {\n  input            = { inner = var.secret, size = var.size }\n  triggers_replace = var.size\n}\ndata \"null_data_source\" \"n\" {\n  inputs = { inner = var.secret }\n}\n";
    let stack = Stack::new(&[("main.tf", text)]);
    let mut told = vec![stack.ok(&["plan", "-format=json"]), stack.ok(&["apply", "-auto-approve"]), stack.ok(&["plan", "-var=size=2"])];
    told.extend(stack.objects().iter().map(|addr| stack.ok(&["state", "show", addr])));
    assert_eq!(told.len(), 5);
    told.push(stack.ok(&["apply", "-auto-approve", "-var=size=2"]));
    for text in &told {
        assert!(!text.contains("sesame-1234"), "{text}");
    }
    assert_eq!(
        stack.state()["resources"].as_array().unwrap().iter().find(|resource| resource["mode"] == "managed").unwrap()["instances"][0]["sensitive_attributes"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    stack.write("out.tf", "output \"o\" { value = terraform_data.a.output }\n");
    stack.says(&["plan", "-var=size=2"], 1, &["Output refers to sensitive values"]);
}

/// The results of all conditions stand in the state as the incumbent has them, and in a plan in JSON.
#[test]
fn results_of_conditions_are_kept() {
    let text = "variable \"v\" {\n  default = \"x\"\n  validation {\n    condition     = var.v != \"\"\n    error_message = \"Empty.\"\n  }\n}\nresource \"terraform_data\" \"a\" {\n  for_each = toset([\"k\"])\n  input    = var.v\n  lifecycle {\n    postcondition {\n      condition     = self.output == var.v\n      error_message = \"No.\"\n    }\n  }\n}\ncheck \"c\" {\n  assert {\n    condition     = terraform_data.a[\"k\"].output == \"y\"\n    error_message = \"It is ${var.v}.\"\n  }\n}\ncheck \"gone\" {\n  data \"local_file\" \"f\" { filename = \"none.txt\" }\n  assert {\n    condition     = data.local_file.f.content == \"\"\n    error_message = \"Not empty.\"\n  }\n}\n";
    let stack = Stack::new(&[("main.tf", text)]);
    let plan: Json =
        serde_json::from_str(stack.command(&["plan", "-format=json"]).output().map(|output| String::from_utf8(output.stdout).unwrap()).unwrap().trim()).unwrap();
    let status = |name: &str| plan["checks"].as_array().unwrap().iter().find(|check| check["address"]["to_display"] == name).unwrap()["status"].clone();
    assert_eq!(
        (status("check.c"), status("check.gone"), status("terraform_data.a"), status("var.v")),
        ("unknown".into(), "fail".into(), "unknown".into(), "pass".into())
    );
    stack.says(&["apply", "-auto-approve"], 0, &["Warning: Check block assertion failed", "It is x.", "Apply complete! Resources: 1 added"]);
    let results = stack.state()["check_results"].clone();
    let of = |name: &str| results.as_array().unwrap().iter().find(|result| result["config_addr"] == name).unwrap().clone();
    assert_eq!(
        of("check.c"),
        serde_json::json!({ "object_kind": "check", "config_addr": "check.c", "status": "fail",
            "objects": [{ "object_addr": "check.c", "status": "fail", "failure_messages": ["It is x."] }] })
    );
    assert_eq!(of("check.gone")["status"], "fail");
    assert_eq!(of("terraform_data.a")["objects"][0], serde_json::json!({ "object_addr": "terraform_data.a[\"k\"]", "status": "pass" }));
    assert_eq!(of("var.v")["object_kind"], "var");
    // A check that holds again is written too, although nothing else changes; the next run has nothing to write.
    stack.write("none.txt", "");
    stack.ok(&["apply", "-auto-approve"]);
    let (state, again) = (stack.state(), {
        stack.ok(&["apply", "-auto-approve"]);
        stack.state()
    });
    assert_eq!(state["check_results"].as_array().unwrap().iter().find(|result| result["config_addr"] == "check.gone").unwrap()["status"], "pass");
    assert_eq!(state["serial"], again["serial"]);
}

/// A stage with confirm = true pauses a run that nobody answers, also an approved one; -auto-approve is no answer, and backwards it asks too.
#[test]
fn a_stage_asks_before_it_begins() {
    let files = [
        (
            "main.stack.hcl",
            "stage \"net\" {\n  source = \"./m\"\n  i      = \"n\"\n}\nstage \"db\" {\n  source  = \"./m\"\n  i       = stage.net.o\n  confirm = true\n}\nstage \"app\" {\n  source = \"./m\"\n  i      = stage.db.o\n}\nresource \"terraform_data\" \"beside\" {}\noutput \"end\" { value = stage.app.o }\n",
        ),
        (
            "m/main.tf",
            "variable \"i\" { type = string }\nresource \"terraform_data\" \"x\" {\n  input            = \"${var.i}!\"\n  triggers_replace = var.i\n}\noutput \"o\" { value = terraform_data.x.output }\n",
        ),
        ("yes.answers.hcl", "stage \"db\" {\n  confirm = true\n}\n"),
        ("bad.answers.hcl", "stage \"bd\" {\n  confirm = true\n}\nstage \"net\" {\n  confirm = true\n}\nstage \"db\" {\n  confrm = true\n}\nconfirm = true\n"),
    ];
    let stack = Stack::new(&files);
    stack.says(&["plan", "-out=p"], 0, &["stage db (asks for confirmation)", "Plan: 4 to add"]);
    stack.says(&["apply", "p"], 3, &["Applied so far: 2 added", "Paused before stage db:", "1 to add, 0 to change", "stage \"db\" { confirm = true }"]);
    stack.says(&["apply", "-auto-approve"], 3, &["Going on with the plan", "Paused before stage db:"]);
    let wrong = ["No such stage", "Did you mean \"db\"?", "Nothing to answer", "Unsupported argument", "Missing required argument"];
    stack.says(&["apply", "-answers=bad.answers.hcl"], 1, &wrong);
    stack.says(&["apply", "-answers=yes.answers.hcl", "p"], 0, &["Apply complete! Resources: 2 added"]);
    stack.says(&["apply", "-auto-approve"], 0, &["No changes."]);
    stack.says(&["destroy", "-auto-approve"], 3, &["Paused before stage db:", "2 destroyed"]);
    stack.says(&["destroy", "-auto-approve", "-answers=yes.answers.hcl"], 0, &["Destroy complete! Resources: 2 destroyed."]);
}

/// Moves are in the state before anything is done at the new addresses, so that a crash cannot leave an object at both.
#[test]
fn killed_while_it_moves_it_goes_on() {
    let before = "resource \"local_file\" \"a\" {\n  filename = \"f.txt\"\n  content  = \"one\"\n}\nresource \"terraform_data\" \"x\" { input = 1 }\n";
    let after = r#"
resource "local_file" "b" {
  filename = "f.txt"
  content  = "two"
}
resource "terraform_data" "y" { input = 2 }
resource "terraform_data" "known" {}
moved {
  from = local_file.a
  to   = local_file.b
}
moved {
  from = terraform_data.x
  to   = terraform_data.y
}
import {
  to = terraform_data.known
  id = "known"
}
"#;
    let mut crashes = 0;
    for record in 1_u64.. {
        let stack = Stack::new(&[("main.tf", before)]);
        stack.ok(&["apply", "-auto-approve"]);
        stack.write("main.tf", after);
        let output = stack.command(&["apply", "-auto-approve"]).env("WEIR_TEST_CRASH_AFTER_RECORD", record.to_string()).output().unwrap();
        if output.status.success() {
            break;
        }
        crashes += 1;
        let (code, text) = stack.run(&["apply", "-auto-approve"]);
        assert_eq!(code, 0, "after a crash at record {record}: {text}");
        assert_eq!(stack.objects(), ["local_file.b", "terraform_data.known", "terraform_data.y"], "{record}");
        assert_eq!(fs::read_to_string(stack.path("f.txt")).unwrap(), "two");
        stack.ok(&["plan", "-detailed-exitcode"]);
    }
    assert!(crashes >= 4, "{crashes}");
}

/// What was written for an import is configuration that plans nothing.
#[test]
fn configuration_is_generated_for_imports() {
    let stack = Stack::new(&[("main.tf", "import {\n  to = terraform_data.new\n  id = \"abcd\"\n}\n")]);
    stack.says(&["plan"], 1, &["Configuration for import target does not exist", "-generate-config-out"]);
    stack.says(&["plan", "-generate-config-out=new.tf"], 0, &["terraform_data.new will be imported", "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy."]);
    let text = fs::read_to_string(stack.path("new.tf")).unwrap();
    assert!(text.contains("resource \"terraform_data\" \"new\" {\n  input            = null\n  triggers_replace = null\n}\n"), "{text}");
    stack.says(&["plan", "-generate-config-out=new.tf"], 1, &["Target generated file already exists"]);
    stack.says(&["apply", "-auto-approve"], 0, &["Resources: 1 imported, 0 added, 0 changed, 0 destroyed."]);
    stack.ok(&["plan", "-detailed-exitcode"]);
    assert_eq!(stack.state()["resources"][0]["instances"][0]["attributes"]["id"], "abcd");
}
