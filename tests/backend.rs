//! The backend block: where the state is kept, and how it gets to another place.
#![allow(clippy::unwrap_used, reason = "tests")]
mod stack;

use std::fs;

use crate::stack::Stack;

fn main(backend: &str) -> String {
    format!("terraform {{\n  {backend}\n}}\noutput \"a\" {{\n  value = 1\n}}\n")
}

const LOCAL: &str = "backend \"local\" {\n    path          = \"sub/my.tfstate\"\n    workspace_dir = \"others\"\n  }";

#[test]
fn the_state_is_kept_where_the_backend_says() {
    let stack = Stack::new(&[("main.tf", &main(LOCAL))]);
    stack.says(&["plan"], 1, &["Backend initialization required: please run \"weir init\"", "main.tf line 2"]);
    stack.says(&["init"], 0, &["Successfully configured the backend \"local\"!"]);
    let record: serde_json::Value = serde_json::from_slice(&fs::read(stack.path(".terraform/terraform.tfstate")).unwrap()).unwrap();
    assert_eq!(record["backend"]["config"], serde_json::json!({ "path": "sub/my.tfstate", "workspace_dir": "others" }));
    assert_eq!((&record["version"], &record["backend"]["type"]), (&3.into(), &"local".into()));
    stack.ok(&["apply", "-auto-approve"]);
    assert!(stack.path("sub/my.tfstate").is_file() && !stack.path("terraform.tfstate").exists());
    stack.ok(&["workspace", "new", "w"]);
    stack.ok(&["apply", "-auto-approve"]);
    // As the incumbents name it.
    assert!(stack.path("others/w/terraform.tfstate").is_file());
    assert_eq!(stack.ok(&["output", "a"]).trim(), "1");
    let text = stack.says(&["init"], 0, &["successfully initialized"]);
    assert!(!text.contains("Successfully configured"), "{text}");
}

#[test]
fn a_state_is_moved_when_it_is_asked_for() {
    let stack = Stack::new(&[("main.tf", &main(""))]);
    stack.ok(&["apply", "-auto-approve"]);
    stack.write("main.tf", &main(LOCAL));
    stack.says(&["output"], 1, &["Backend initialization required"]);
    stack.says(&["init"], 1, &["Backend configuration changed", "-migrate-state", "-reconfigure"]);
    stack.says(&["init", "-input=false", "-migrate-state"], 1, &["Approval is needed", "-force-copy"]);
    stack.says(&["init", "-force-copy"], 0, &["Successfully configured"]);
    assert_eq!(fs::read(stack.path("sub/my.tfstate")).unwrap(), fs::read(stack.path("terraform.tfstate")).unwrap());
    assert_eq!(stack.ok(&["output", "a"]).trim(), "1");
    // A part of it on the command line, or in a file.
    stack.write("main.tf", &main("backend \"local\" {}"));
    stack.says(&["init", "-reconfigure", "-backend-config=path=third.tfstate"], 0, &["Successfully configured"]);
    stack.says(&["output"], 0, &["No outputs found"]);
    stack.ok(&["apply", "-auto-approve"]);
    assert!(stack.path("third.tfstate").is_file());
    stack.ok(&["init"]);
    assert_eq!(stack.ok(&["output", "a"]).trim(), "1");
    stack.write("b.hcl", "path = \"fourth.tfstate\"\n");
    stack.says(&["init", "-force-copy", "-backend-config=b.hcl"], 0, &["Successfully configured"]);
    assert_eq!(stack.ok(&["output", "a"]).trim(), "1");
    stack.says(&["init", "-backend-config=pth=x"], 1, &["Invalid backend configuration argument", "Did you mean \"path\"?"]);
    // Back to none.
    stack.write("main.tf", &main(""));
    stack.says(&["plan"], 1, &["has no backend block any more"]);
    stack.says(&["init", "-reconfigure"], 0, &["successfully initialized"]);
    assert_eq!(stack.ok(&["output", "a"]).trim(), "1");
}

#[test]
fn what_there_is_not_is_refused() {
    let check = |block: &str, parts: &[&str]| {
        let stack = Stack::new(&[("main.tf", &main(block))]);
        stack.says(&["init"], 1, &[&["main.tf line 2"], parts].concat());
        stack.says(&["validate"], 1, parts);
    };
    check("backend \"s3\" {\n    bucket = \"x\"\n  }", &["Unsupported backend type", "\"s3\"", "backend \"local\""]);
    check("backend \"locl\" {}", &["Unsupported backend type", "Did you mean \"local\"?"]);
    check("cloud {\n    organization = \"x\"\n  }", &["HCP Terraform", "Remove the cloud block"]);
    check("backend \"remote\" {}", &["HCP Terraform", "Remove the block"]);
    check("encryption {}", &["Encrypted states are not supported"]);
    let stack = Stack::new(&[("main.tf", &main("backend \"local\" {\n    pth = \"x\"\n  }"))]);
    stack.says(&["init"], 1, &["Unsupported argument", "Did you mean \"path\"?", "main.tf line 3"]);
}
