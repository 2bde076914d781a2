//! Plans for reviewers: without credentials, and of a branch alone.
#![allow(clippy::unwrap_used, reason = "tests")]
mod stack;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;

use serde_json::Value as Json;

use crate::stack::Stack;

fn git(dir: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(dir).args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "init.defaultBranch=main", "-c", "commit.gpgSign=false"]);
    let output = command.args(arguments).output().expect("git is needed for this test: install it");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn data(name: &str, input: &str) -> String {
    format!("resource \"terraform_data\" \"{name}\" {{\n  input = \"{input}\"\n}}\n")
}

/// A branch's own changes, apart from what is pending on main and from what somebody did by hand.
#[test]
fn only_what_the_working_tree_changes() {
    let first = [data("mine", "1"), data("pending", "1"), data("both", "1"), data("undone", "1"), data("gone", "1"), data("same", "1")].concat();
    let drifting = "resource \"local_file\" \"drifts\" {\n  filename = \"drifts.txt\"\n  content  = file(\"${path.module}/text.txt\")\n}\n";
    let stack = Stack::new(&[("main.tf", &first), ("drifting.tf", drifting), ("text.txt", "text"), (".gitignore", "terraform.tfstate*\ndrifts.txt\n")]);
    stack.ok(&["apply", "-auto-approve"]);
    // Pending on main.
    let pending =
        first.replace(&data("pending", "1"), &data("pending", "2")).replace(&data("both", "1"), &data("both", "2")).replace(&data("undone", "1"), &data("undone", "2"));
    fs::write(stack.path("main.tf"), &pending).unwrap();
    let dir = stack.dir.path();
    git(dir, &["init", "-q"]);
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "-q", "-m", "main"]);
    let clean = |stack: &Stack| drop(stack.says(&["plan", "-against=HEAD", "-detailed-exitcode"], 0, &["No changes. The working tree plans the same as HEAD ("]));
    clean(&stack);
    // Values that git ignores are no change of the working tree, those that it would take in are.
    stack.write("ignored.auto.tfvars", "extra = [\"a\"]\n");
    stack.write("variables.tf", "variable \"extra\" {\n  default = []\n}\nresource \"terraform_data\" \"extra\" {\n  for_each = toset(var.extra)\n}\n");
    stack.write(".gitignore", "terraform.tfstate*\ndrifts.txt\nignored.auto.tfvars\n");
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "-q", "-m", "values"]);
    clean(&stack);
    stack.write("own.auto.tfvars", "extra = [\"a\", \"b\"]\n");
    stack.says(&["plan", "-against=HEAD", "-detailed-exitcode"], 2, &["terraform_data.extra[\"b\"] will be created", "Plan: 1 to add, 0 to change, 0 to destroy."]);
    fs::remove_file(stack.path("own.auto.tfvars")).unwrap();
    fs::remove_file(stack.path("ignored.auto.tfvars")).unwrap();
    // By hand, and in the working tree.
    fs::remove_file(stack.path("drifts.txt")).unwrap();
    let own = pending
        .replace(&data("mine", "1"), &data("mine", "2"))
        .replace(&data("both", "2"), &data("both", "3"))
        .replace(&data("undone", "2"), &data("undone", "1"))
        .replace(&data("gone", "1"), "")
        + &data("new", "1");
    fs::write(stack.path("main.tf"), own).unwrap();
    let text = stack.says(
        &["plan", "-against=HEAD", "-detailed-exitcode"],
        2,
        &[
            "terraform_data.mine will be updated in-place",
            "~ input = \"2\" -> \"3\"",
            "terraform_data.gone will be destroyed",
            "terraform_data.new will be created",
            "in another way, and shown above from there on: - terraform_data.both is updated in-place there",
            "left as it is here: - terraform_data.undone is updated in-place there",
            "plans it as well: - local_file.drifts is created there - terraform_data.pending is updated in-place there",
            "outside of Weir: - local_file.drifts",
            "Plan: 1 to add, 2 to change, 1 to destroy.",
        ],
    );
    assert!(!text.contains("terraform_data.pending will") && !text.contains("terraform_data.same"), "{text}");
    let json: Json = serde_json::from_str(&stack.ok(&["plan", "-against=HEAD", "-format=json"])).unwrap();
    assert_eq!(json["against"]["undone"][0]["address"], "terraform_data.undone");
    assert_eq!(json["resource_changes"].as_array().unwrap().len(), 4, "{json}");
    // The repository is as it was, and a revision that does not exist is told.
    let status = Command::new("git").current_dir(dir).args(["status", "--porcelain"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&status.stdout), " M main.tf\n");
    stack.says(&["plan", "-against=nowhere"], 1, &["Unknown revision", "\"nowhere\""]);
    git(dir, &["checkout", "-q", "main.tf"]);
    stack.ok(&["apply", "-auto-approve"]);
    clean(&stack);
}

#[test]
fn a_folder_without_a_repository_is_told() {
    let stack = Stack::new(&[("main.tf", &data("a", "1"))]);
    let mut command = stack.command(&["plan", "-against=main"]);
    // Wherever the temporary folder is.
    let output = command.env("GIT_CEILING_DIRECTORIES", stack.dir.path().parent().unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Git cannot be asked"), "{output:?}");
}

/// Answers every request with the same text, until it is told to end.
fn serve(listener: TcpListener) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).unwrap_or(0);
        if request[..read].starts_with(b"END") {
            return;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    }
}

/// What was read before is known from the state, what follows from files and arguments is computed, and the rest is unknown; nobody is asked, and no credentials are looked for.
#[test]
fn a_plan_that_asks_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || serve(listener));
    let config = |path: &str| {
        format!(
            "data \"http\" \"page\" {{\n  url = \"http://{address}/{path}\"\n}}\nresource \"terraform_data\" \"page\" {{\n  input = data.http.page.response_body\n}}\n"
        )
    };
    let stack = Stack::new(&[("main.tf", &config("a"))]);
    stack.ok(&["apply", "-auto-approve"]);
    std::net::TcpStream::connect(address).unwrap().write_all(b"END").unwrap();
    server.join().unwrap();
    stack.says(&["plan"], 1, &["data.http.page"]);
    stack.says(&["plan", "-offline", "-detailed-exitcode"], 0, &["No changes."]);
    fs::write(stack.path("main.tf"), config("b")).unwrap();
    stack.says(&["plan", "-offline", "-detailed-exitcode"], 2, &["data.http.page will be read during apply", "\"hello\" -> (known after a plan that is not -offline)"]);
    let aws = r#"
provider "aws" {
  region              = "eu-central-1"
  profile             = "nobody-has-this-one"
  allowed_account_ids = ["123456789012"]
}
data "aws_caller_identity" "me" {}
data "aws_iam_policy_document" "read" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
}
resource "aws_vpc" "this" { cidr_block = "10.0.0.0/16" }
output "read" { value = jsondecode(data.aws_iam_policy_document.read.json).Statement[0].Action }
output "me" { value = data.aws_caller_identity.me.account_id }
"#;
    fs::write(stack.path("main.tf"), aws).unwrap();
    stack.says(&["plan"], 1, &["nobody-has-this-one"]);
    stack.says(&["plan", "-offline"], 0, &["aws_vpc.this will be created", "read = \"s3:GetObject\"", "me = (known after a plan that is not -offline)"]);
}

/// A comment for a pull request: tables, a chart, and the changes folded away.
#[test]
fn a_plan_as_markdown() {
    let stage = "stage \"one\" {\n  source = \"./one\"\n}\ngate \"g\" {\n  description = \"Look | here\"\n  depends_on = [stage.one]\n}\n";
    let stack = Stack::new(&[("main.stack.hcl", stage), ("one/main.tf", &data("a", "```"))]);
    let text = stack.ok(&["plan", "-format=markdown"]);
    for part in [
        "### Plan: 1 to add, 0 to change, 0 to destroy.",
        "| stage one | 1 | 0 | 0 |",
        "| `g` | waiting for what it depends on | Look \\| here |",
        "```mermaid\nflowchart LR",
        "<details><summary>stage one: 1 to add, 0 to change, 0 to destroy.</summary>",
        "\n`stage.one.terraform_data.a` will be created\n\n````diff\n",
        "\n+        input  = \"```\"\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}
