//! Provisioners as a user meets them: what they print, and what becomes of an object when one fails, is stopped or is killed.
#![allow(clippy::unwrap_used, reason = "tests")]
mod stack;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::stack::Stack;

/// The lines of one object, without its id.
fn lines(text: &str, object: &str) -> Vec<String> {
    let of = |line: &&str| line.strip_prefix(object).is_some_and(|rest| rest.starts_with([':', ' ']));
    text.lines().filter(of).map(|line| line.split(" [id=").next().unwrap().trim_start_matches(object).trim_start_matches([':', ' ']).to_owned()).collect()
}

fn is_tainted(stack: &Stack, name: &str) -> bool {
    let state = stack.state();
    let resource = state["resources"].as_array().unwrap().iter().find(|resource| resource["name"] == name).unwrap_or_else(|| panic!("{name} is not in {state}"));
    resource["instances"][0]["status"] == "tainted"
}

const ALL: &str = r#"
variable "s" {
  default   = "very-secret"
  sensitive = true
}
resource "terraform_data" "a" {
  input = "x"
  provisioner "local-exec" {
    command     = "echo hi ${self.input} $FOO$N; echo err >&2; printf 'no newline'"
    environment = { FOO = "bar", N = 1 }
  }
  provisioner "local-exec" {
    command     = "pwd; echo ${path.module} ${terraform_data.before.output}"
    working_dir = "sub"
    interpreter = ["/bin/sh", "-e", "-c"]
    quiet       = true
  }
  provisioner "local-exec" {
    command = "echo ${var.s}"
  }
  provisioner "local-exec" {
    command    = "exit 3"
    on_failure = continue
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo bye ${self.input}"
  }
}
resource "terraform_data" "before" {
  input = "first"
}
"#;

/// The lines are those that Terraform 1.11.4 prints for the same configuration.
#[test]
fn commands_run_in_order_and_are_heard() {
    let stack = Stack::new(&[("main.tf", ALL), ("sub/x", "")]);
    stack.ok(&["validate"]);
    let text = stack.ok(&["apply", "-auto-approve"]);
    let folder = stack.path("sub").canonicalize().unwrap().display().to_string();
    assert_eq!(
        lines(&text, "terraform_data.a"),
        [
            "Creating...",
            "Provisioning with 'local-exec'...",
            "(local-exec): Executing: [\"/bin/sh\" \"-c\" \"echo hi x $FOO$N; echo err >&2; printf 'no newline'\"]",
            "(local-exec): hi x bar1",
            "(local-exec): err",
            "(local-exec): no newline",
            "Provisioning with 'local-exec'...",
            "(local-exec): local-exec: Executing: Suppressed by quiet=true",
            &format!("(local-exec): {folder}"),
            "(local-exec): . first",
            "Provisioning with 'local-exec'...",
            "(local-exec): (output suppressed due to sensitive value in config)",
            "(local-exec): (output suppressed due to sensitive value in config)",
            "Provisioning with 'local-exec'...",
            "(local-exec): Executing: [\"/bin/sh\" \"-c\" \"exit 3\"]",
            "Creation complete after 0s",
        ]
    );
    assert!(!text.contains("very-secret") && !is_tainted(&stack, "a"), "{text}");
    stack.says(&["plan", "-detailed-exitcode"], 0, &["No changes"]);
    let text = stack.ok(&["destroy", "-auto-approve"]);
    let wanted = [
        "Destroying...",
        "Provisioning with 'local-exec'...",
        "(local-exec): Executing: [\"/bin/sh\" \"-c\" \"echo bye x\"]",
        "(local-exec): bye x",
        "Destruction complete after 0s",
    ];
    assert_eq!(lines(&text, "terraform_data.a"), wanted);
}

/// A failure taints the object, and what depends on it is not made; the next run replaces it, without its destroy-time provisioners.
#[test]
fn a_failure_taints() {
    let main = |code: u8| {
        format!(
            "resource \"terraform_data\" \"b\" {{\n  provisioner \"local-exec\" {{\n    command = \"echo failing; exit {code}\"\n  }}\n  provisioner \"local-exec\" {{\n    when    = destroy\n    command = \"echo never\"\n  }}\n}}\nresource \"terraform_data\" \"c\" {{\n  input = terraform_data.b.id\n}}\n"
        )
    };
    let stack = Stack::new(&[("main.tf", &main(4))]);
    let parts = ["local-exec provisioner error", "main.tf line 2", "Error running command 'echo failing; exit 4': exit status 4. Output: failing"];
    stack.says(&["apply", "-auto-approve"], 1, &parts);
    assert!(is_tainted(&stack, "b"));
    assert_eq!(stack.objects(), ["terraform_data.b"]);
    stack.write("main.tf", &main(0));
    stack.says(&["plan"], 0, &["terraform_data.b is tainted, so must be replaced"]);
    let text = stack.ok(&["apply", "-auto-approve"]);
    assert!(!text.contains("never"), "{text}");
    assert!(!is_tainted(&stack, "b"));
    assert_eq!(stack.objects(), ["terraform_data.b", "terraform_data.c"]);
    stack.says(&["apply", "-auto-approve", "-replace=terraform_data.b"], 0, &["(local-exec): never"]);
}

#[test]
fn what_may_not_be_destroyed_stays() {
    let main = "resource \"terraform_data\" \"a\" {\n  count = 1\n  provisioner \"local-exec\" {\n    when    = destroy\n    command = \"echo ${count.index}; test -e allowed\"\n  }\n}\n";
    let stack = Stack::new(&[("main.tf", main)]);
    stack.ok(&["apply", "-auto-approve"]);
    stack.says(&["destroy", "-auto-approve"], 1, &["local-exec provisioner error", "exit status 1. Output: 0", "main.tf line 3"]);
    assert_eq!(stack.objects(), ["terraform_data.a[0]"]);
    stack.write("allowed", "");
    stack.ok(&["destroy", "-auto-approve"]);
    assert_eq!(stack.objects(), [] as [String; 0]);
}

/// The old object of a replacement that comes first is destroyed without its provisioners, as the incumbents do.
#[test]
fn what_was_set_aside_is_not_provisioned() {
    let main = |trigger: u8| {
        format!(
            "resource \"terraform_data\" \"a\" {{\n  triggers_replace = {trigger}\n  lifecycle {{\n    create_before_destroy = true\n  }}\n  provisioner \"local-exec\" {{\n    command = \"echo made\"\n  }}\n  provisioner \"local-exec\" {{\n    when    = destroy\n    command = \"echo gone\"\n  }}\n}}\n"
        )
    };
    let stack = Stack::new(&[("main.tf", &main(1))]);
    stack.ok(&["apply", "-auto-approve"]);
    stack.write("main.tf", &main(2));
    let text = stack.says(&["apply", "-auto-approve"], 0, &["(local-exec): made"]);
    assert!(!text.contains("(local-exec): gone"), "{text}");
    stack.says(&["destroy", "-auto-approve"], 0, &["(local-exec): gone"]);
}

#[test]
fn mistakes_are_found_before_anything_is_done() {
    let main = r#"resource "terraform_data" "a" {
  provisioner "local-exec" {
    commnd     = "x"
    when       = sometimes
    on_failure = "fail"
  }
  provisioner "chef" {}
  provisioner "local-exce" {}
  provisioner "local-exec" {
    when    = destroy
    command = "echo ${var.x} ${terraform_data.b.id}"
  }
  provisioner "local-exec" {
    command = "x"
    lifecycle {}
  }
  connection {
    hots = "x"
  }
}
variable "x" {
  default = 1
}
resource "terraform_data" "b" {}
"#;
    let stack = Stack::new(&[("main.tf", main)]);
    let parts = [
        "Missing required argument on main.tf line 2",
        "Unsupported argument on main.tf line 3",
        "Did you mean \"command\"?",
        "Invalid \"when\" keyword on main.tf line 4",
        "The \"chef\" provisioner has been removed on main.tf line 7",
        "Invalid provisioner type on main.tf line 8",
        "Did you mean \"local-exec\"?",
        "Invalid reference from destroy provisioner on main.tf line 11",
        "Reserved block type name in provisioner block on main.tf line 15",
        "Unsupported argument on main.tf line 18",
    ];
    let text = stack.says(&["validate"], 1, &[]);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        let found = part.split(" on main.tf").next().unwrap();
        let place = part.split_once(" on ").map(|(_, place)| place).unwrap_or_default();
        assert!(flat.contains(found) && flat.contains(place), "{part:?} is not in {text}");
    }
    assert_eq!(text.matches("Invalid reference from destroy provisioner").count(), 2, "{text}");
    stack.write("main.tf", "resource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    command = self.nope\n  }\n  provisioner \"local-exec\" {\n    command = [\"x\"]\n  }\n}\n");
    stack.says(&["plan"], 1, &["main.tf line 3", "main.tf line 6", "Inappropriate value for attribute \"command\""]);
    stack.write("main.tf", "resource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    command = \"\"\n  }\n}\n");
    stack.says(&["apply", "-auto-approve"], 1, &["Invalid local-exec provisioner command", "main.tf line 2"]);
    stack.write("main.tf", "resource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    command     = \"x\"\n    working_dir = \"none\"\n  }\n}\n");
    stack.says(&["apply", "-auto-approve"], 1, &["the working directory none does not exist"]);
}

/// A failing command of which something is sensitive is not shown, and neither is what it printed.
#[test]
fn an_error_does_not_tell_a_secret() {
    let main = "variable \"s\" {\n  default   = \"very-secret\"\n  sensitive = true\n}\nresource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    command = \"echo ${var.s}; exit 1\"\n  }\n}\n";
    let stack = Stack::new(&[("main.tf", main)]);
    let text = stack.says(&["apply", "-auto-approve"], 1, &["local-exec provisioner error", "not shown"]);
    assert!(!text.contains("very-secret"), "{text}");
}

const SLOW: &str = "resource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    command = \"echo $$ > pid; sleep 600 & echo $! > below; wait\"\n  }\n}\n";

/// Waits until the command has written the ids of its processes.
fn begun(stack: &Stack) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let read = |name: &str| fs::read_to_string(stack.path(name)).unwrap_or_default().trim().to_owned();
        let ids = vec![read("pid"), read("below")];
        if ids.iter().all(|id| !id.is_empty()) {
            return ids;
        }
        assert!(Instant::now() < until, "the command does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn kill(signal: &str, id: &str) -> bool {
    Command::new("kill").args([signal, id]).stderr(Stdio::null()).status().unwrap().success()
}

/// True for a process that is there and is no zombie, which waits for its parent to look at it.
fn runs(id: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", id]).output().unwrap().stdout;
    !matches!(String::from_utf8_lossy(&state).trim().chars().next(), None | Some('Z'))
}

#[test]
fn ctrl_c_ends_the_command() {
    let stack = Stack::new(&[("main.tf", SLOW)]);
    let child = stack.command(&["apply", "-auto-approve"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ids = begun(&stack);
    assert!(kill("-INT", &child.id().to_string()));
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("it was interrupted"), "{text}");
    assert!(!ids.iter().any(|id| runs(id)), "{ids:?} still run");
    assert!(is_tainted(&stack, "a"));
}

/// Nobody knows how far the command came, so it has to be run again: on a new object.
#[test]
fn a_kill_leaves_the_object_tainted() {
    let stack = Stack::new(&[("main.tf", SLOW)]);
    let mut child = stack.command(&["apply", "-auto-approve"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ids = begun(&stack);
    assert!(kill("-9", &child.id().to_string()));
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    for id in &ids {
        kill("-9", id);
    }
    stack.says(&["plan"], 0, &["terraform_data.a is tainted, so must be replaced"]);
    stack.write("main.tf", &SLOW.replace("sleep 600", "true"));
    stack.ok(&["apply", "-auto-approve"]);
    assert!(!is_tainted(&stack, "a"));
    assert_eq!(stack.objects(), ["terraform_data.a"]);
}

/// An SSH server of the test's own, which lets in whoever has its key.
struct Sshd {
    child: std::process::Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sshd {
    /// `None` where no server is installed.
    fn start() -> Option<Self> {
        let program = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd"].into_iter().find(|path| std::path::Path::new(path).is_file())?;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["host", "user"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path(name)]).status().unwrap();
            assert!(made.success());
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n",
            path("host"),
            path("user.pub")
        );
        fs::write(path("config"), config).unwrap();
        // Where the server may change to another user, it wants this folder.
        let _ = fs::create_dir_all("/run/sshd");
        let log = fs::File::create(path("log")).unwrap();
        let child = Command::new(program).args(["-D", "-e", "-f", &path("config")]).stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Self { child, port, folder };
        let until = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "{}", fs::read_to_string(server.path("log")).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn connection(&self, more: &str) -> String {
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let user = String::from_utf8_lossy(&user).trim().to_owned();
        let (port, key) = (self.port, self.path("user"));
        format!(
            "connection {{\n    host        = \"127.0.0.1\"\n    port        = {port}\n    user        = \"{user}\"\n    private_key = file(\"{key}\")\n    timeout     = \"5s\"\n    {more}\n  }}\n"
        )
    }
}

/// Scripts run, and files arrive, on a machine that is reached by ssh. Where no server is installed, only what needs none is looked at.
#[test]
fn another_machine_is_provisioned() {
    let stack = Stack::new(&[("main.tf", "resource \"terraform_data\" \"a\" {\n  provisioner \"remote-exec\" {\n    inline = [\"true\"]\n  }\n}\n")]);
    stack.says(&["validate"], 1, &["Missing connection configuration", "main.tf line 2"]);
    let refused = "connection {\n    host    = \"127.0.0.1\"\n    port    = 1\n    timeout = \"1s\"\n  }\n";
    let main = |provisioners: &str, connection: &str| format!("resource \"terraform_data\" \"a\" {{\n  input = \"it's\"\n{provisioners}  {connection}}}\n");
    let inline = |line: &str| format!("  provisioner \"remote-exec\" {{\n    inline = [\"{line}\"]\n  }}\n");
    stack.write("main.tf", &main(&inline("true"), refused));
    stack.says(&["apply", "-auto-approve"], 1, &["remote-exec provisioner error", "timeout - last error", "main.tf line 3", "User: root"]);
    assert!(is_tainted(&stack, "a"));
    let Some(server) = Sshd::start() else { return };
    let there = stack.path("there").display().to_string();
    fs::create_dir(&there).unwrap();
    stack.write("local/file.txt", "one");
    stack.write("local/deep/file.txt", "two");
    stack.write("run.sh", "#!/bin/sh\necho script $(basename $0 | grep -c sh)\n");
    let file = |from: &str, to: &str| format!("  provisioner \"file\" {{\n    {from}\n    destination = \"{there}/{to}\"\n  }}\n");
    let provisioners = [
        file("source = \"local/file.txt\"", "it's"),
        file("source = \"local/file.txt\"", ""),
        file("source = \"local\"", ""),
        file("source = \"local/\"", "content"),
        file("content = \"text of ${self.input}\"", "text"),
        inline(&format!("cat '{there}/text'; echo",)),
        "  provisioner \"remote-exec\" {\n    scripts = [\"run.sh\"]\n  }\n".to_owned(),
    ];
    stack.write("main.tf", &main(&provisioners.concat(), &server.connection("")));
    let text = stack.ok(&["apply", "-auto-approve"]);
    let heard = lines(&text, "terraform_data.a");
    for line in ["(remote-exec): Connected!", "(remote-exec): text of it's", "(remote-exec): script 1"] {
        assert!(heard.iter().any(|heard| heard == line), "{line} is not in {text}");
    }
    let read = |name: &str| fs::read_to_string(format!("{there}/{name}")).unwrap();
    assert_eq!([read("it's"), read("file.txt"), read("local/deep/file.txt"), read("content/file.txt"), read("text")], ["one", "one", "two", "one", "text of it's"]);
    assert!(!is_tainted(&stack, "a"));
    // A command that fails, a host that is another, a key that nobody knows.
    stack.write("main.tf", &main(&inline("echo no; exit 3"), &server.connection("")));
    stack.says(&["apply", "-auto-approve", "-replace=terraform_data.a"], 1, &["exit status 3. Output: no"]);
    assert!(is_tainted(&stack, "a"));
    let key = |name: &str| format!("host_key = file(\"{}\")", server.path(name));
    stack.write("main.tf", &main(&inline("true"), &server.connection(&key("user.pub"))));
    stack.says(&["apply", "-auto-approve"], 1, &["the host's key is not the one of \"host_key\""]);
    stack.write("main.tf", &main(&inline("true"), &server.connection(&key("host.pub"))));
    stack.says(&["apply", "-auto-approve"], 0, &["Checking Host Key: true", "Connected!"]);
    // Through itself as a jump host.
    let bastion = format!("bastion_host = \"127.0.0.1\"\n    bastion_port = {}\n    bastion_host_key = file(\"{}\")", server.port, server.path("host.pub"));
    stack.write("main.tf", &main(&inline("echo via $SSH_CONNECTION"), &server.connection(&bastion)));
    stack.says(&["apply", "-auto-approve", "-replace=terraform_data.a"], 0, &["Using configured bastion host...", "via 127.0.0.1"]);
    fs::copy(server.path("host"), server.path("foreign")).unwrap();
    stack.write("main.tf", &main(&inline("true"), &server.connection("").replace("/user\")", "/foreign\")")));
    stack.says(&["apply", "-auto-approve", "-replace=terraform_data.a"], 1, &["timeout - last error", "Permission denied"]);
}
