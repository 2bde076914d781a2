//! A real provider as a plugin, from outside: hashicorp/aws 5 from a filesystem mirror against the emulated AWS. Without a mirror, named by `WEIR_TEST_MIRROR`, it is skipped.
#![allow(clippy::unwrap_used, reason = "tests")]
use std::fs;
use std::process::Command;

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
