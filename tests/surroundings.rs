//! What surrounds the binary and fails: no credentials, a lock that is held, a full disk, a folder that cannot be written.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod stack;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::stack::{Stack, told};

/// Without credentials that is what is said, and what is known of the objects stays.
#[test]
fn no_credentials() {
    let stack = Stack::new(&[("main.tf", "resource \"terraform_data\" \"calm\" {}\n")]);
    stack.ok(&["apply", "-auto-approve"]);
    stack.write(
        "main.tf",
        "provider \"aws\" {\n  region = \"eu-central-1\"\n}\nresource \"terraform_data\" \"calm\" {}\nresource \"aws_vpc\" \"v\" {\n  cidr_block = \"10.0.0.0/16\"\n}\n",
    );
    let before = fs::read(stack.path("terraform.tfstate")).unwrap();
    for arguments in [&["plan"][..], &["apply", "-auto-approve"]] {
        let mut command = stack.command(arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("AWS_")) {
                command.env_remove(name);
            }
        }
        let none = stack.path("none");
        command.envs([("AWS_CONFIG_FILE", &none), ("AWS_SHARED_CREDENTIALS_FILE", &none), ("HOME", &none)]).env("AWS_EC2_METADATA_DISABLED", "true");
        let (code, text) = told(&command.output().unwrap());
        assert_eq!(code, 1, "{text}");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["Error: No valid credential sources found", "on main.tf line 1", "aws sso login", "AWS_ACCESS_KEY_ID"] {
            assert!(flat.contains(part), "no {part:?} in {text}");
        }
        assert_eq!(fs::read(stack.path("terraform.tfstate")).unwrap(), before);
    }
}

/// A run that waits for an answer, and so holds the lock until it gets one.
struct Holder {
    child: Child,
    waiting: TcpStream,
}

impl Holder {
    fn start(stack: &Stack) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let main = format!(
            "data \"http\" \"slow\" {{\n  url = \"http://{}/\"\n}}\nresource \"terraform_data\" \"a\" {{\n  input = data.http.slow.status_code\n}}\n",
            listener.local_addr().unwrap()
        );
        stack.write("main.tf", &main);
        let mut command = stack.command(&["apply", "-auto-approve"]);
        for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(name);
        }
        let child = command.env("USER", "alice").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let (waiting, _) = listener.accept().unwrap();
        Self { child, waiting }
    }

    /// Lets it go on to its end; gives whether that was a good one.
    fn finish(mut self) -> bool {
        let mut request = [0; 1024];
        let _ = self.waiting.read(&mut request).unwrap();
        self.waiting.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
        drop(self.waiting);
        self.child.wait().unwrap().success()
    }
}

/// The line of a message that begins with this word.
fn line(text: &str, name: &str) -> String {
    let found = text.lines().find_map(|line| line.trim().strip_prefix(name));
    found.unwrap_or_else(|| panic!("no {name:?} in {text}")).trim().to_owned()
}

/// Who holds the lock, since when and for what is told, and how to break it; nothing is done meanwhile.
#[test]
fn a_lock_that_is_held() {
    let stack = Stack::new(&[]);
    let holder = Holder::start(&stack);
    let main = fs::read_to_string(stack.path("main.tf")).unwrap();
    stack.write("main.tf", "resource \"terraform_data\" \"b\" {}\n");
    for arguments in [&["apply", "-auto-approve"][..], &["destroy", "-auto-approve"], &["state", "rm", "terraform_data.b"]] {
        let (code, text) = stack.run(arguments);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("Error: Error acquiring the state lock") || text.contains("Error acquiring the state lock"), "{text}");
        assert!(line(&text, "Who:").starts_with("alice@"), "{text}");
        assert_eq!(line(&text, "Operation:"), "apply");
        assert_eq!(line(&text, "Path:"), "terraform.tfstate");
        assert!(line(&text, "Created:").starts_with("20"), "{text}");
        assert!(text.contains(&format!("weir force-unlock {}", line(&text, "ID:"))), "{text}");
    }
    assert!(!stack.path("terraform.tfstate").exists());
    // Waiting for it is told in the same words when it is in vain.
    let began = Instant::now();
    let (code, text) = stack.run(&["apply", "-auto-approve", "-lock-timeout=1s"]);
    assert_eq!(code, 1, "{text}");
    assert!(began.elapsed() >= Duration::from_secs(1));
    let id = line(&text, "ID:");
    stack.says(&["force-unlock", "-force", "something-else"], 1, &["Failed to unlock the state", &id]);
    // Not without being asked.
    stack.says(&["force-unlock", &id], 1, &["-force"]);
    stack.says(&["apply", "-auto-approve"], 1, &["acquiring the state lock"]);
    stack.says(&["force-unlock", "-force", &id], 0, &["The state has been unlocked."]);
    stack.says(&["apply", "-auto-approve"], 0, &["Resources: 1 added"]);
    let other = stack.state();
    // Whose lock was broken does not write over the other's state.
    assert!(!holder.finish());
    assert_eq!(stack.state()["lineage"], other["lineage"]);
    assert_eq!(stack.objects(), ["terraform_data.b"]);

    // A run that was killed leaves no lock to break.
    let stack = Stack::new(&[]);
    let mut holder = Holder::start(&stack);
    holder.child.kill().unwrap();
    holder.child.wait().unwrap();
    stack.write("main.tf", "resource \"terraform_data\" \"b\" {}\n");
    stack.says(&["apply", "-auto-approve"], 0, &["Resources: 1 added"]);
    assert_ne!(main, "");
}

/// Runs Weir with a limit on the size of files, which fails a write in its middle as a full disk does, also for root.
fn with_space(stack: &Stack, kilobytes: usize, arguments: &[&str]) -> (i32, String) {
    let plain = stack.command(&[]);
    let mut command = Command::new("bash");
    command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"")).arg(plain.get_program()).args(arguments);
    told(&command.current_dir(stack.dir.path()).env("NO_COLOR", "1").stdin(Stdio::null()).output().unwrap())
}

fn file(name: &str, content: &str) -> String {
    format!("resource \"local_file\" \"{name}\" {{\n  filename = \"out/{name}.txt\"\n  content  = \"{content}\"\n}}\n")
}

/// There is room for the journal and not for the state: what was made is in the journal, and the next run finds it there.
#[test]
fn a_disk_that_is_full_when_the_state_is_written() {
    let many = "resource \"terraform_data\" \"many\" {\n  count = 800\n}\n";
    let stack = Stack::new(&[("main.tf", many)]);
    stack.ok(&["apply", "-auto-approve"]);
    let before = fs::read(stack.path("terraform.tfstate")).unwrap();
    assert!(before.len() > 100 * 1024, "{}", before.len());
    stack.write("main.tf", &format!("{many}{}{}", file("new", "fresh"), "resource \"random_pet\" \"name\" {}\n"));
    let (code, text) = with_space(&stack, 64, &["apply", "-auto-approve"]);
    assert_eq!(code, 1, "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("Error: Failed to write the state") && flat.contains("terraform.tfstate"), "{text}");
    assert!(flat.contains("space"), "it says what to do: {text}");
    assert!(stack.path("out/new.txt").exists(), "the object had been made");
    assert_eq!(fs::read(stack.path("terraform.tfstate")).unwrap(), before, "the old state is whole");
    assert!(stack.path("terraform.tfstate.journal").exists());
    let made = fs::metadata(stack.path("out/new.txt")).unwrap().ino();

    // As long as there is no room it says so, and does nothing.
    let (code, text) = with_space(&stack, 64, &["apply", "-auto-approve"]);
    assert_eq!(code, 1, "{text}");
    let text = stack.ok(&["apply", "-auto-approve"]);
    assert!(text.contains("Resources: 0 added, 0 changed, 0 destroyed."), "nothing is made twice: {text}");
    assert_eq!(fs::metadata(stack.path("out/new.txt")).unwrap().ino(), made);
    assert_eq!(stack.objects().len(), 802);
    assert!(!stack.path("terraform.tfstate.journal").exists());
    stack.ok(&["plan", "-detailed-exitcode"]);
}

/// There is no room for the journal: nothing is begun that it does not know.
#[test]
fn a_disk_that_is_full_when_the_journal_is_written() {
    let content = "x".repeat(3000);
    let main: String = (0..40).map(|at| file(&format!("f{at:02}"), &content)).collect();
    let stack = Stack::new(&[("main.tf", &main)]);
    let (code, text) = with_space(&stack, 64, &["apply", "-auto-approve", "-parallelism=3"]);
    assert_eq!(code, 1, "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("Error: The journal cannot be written") && flat.contains("free some space"), "{text}");
    let made = |stack: &Stack| -> BTreeSet<String> { fs::read_dir(stack.path("out")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect() };
    let first = made(&stack);
    assert!(!first.is_empty() && first.len() < 40, "{first:?}");
    // Each file that is there is in the state or in the journal.
    let known = ["terraform.tfstate", "terraform.tfstate.journal"].map(|name| fs::read_to_string(stack.path(name)).unwrap_or_default()).concat();
    for name in &first {
        assert!(known.contains(name), "{name} is lost");
    }
    stack.ok(&["apply", "-auto-approve"]);
    assert_eq!((stack.objects().len(), made(&stack).len()), (40, 40));
    stack.ok(&["plan", "-detailed-exitcode"]);

    // Not even room for the lock.
    let stack = Stack::new(&[("main.tf", &file("only", "x"))]);
    let (code, text) = with_space(&stack, 0, &["apply", "-auto-approve"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Error: "), "{text}");
    assert!(!stack.path("out").exists(), "{text}");
    stack.ok(&["apply", "-auto-approve"]);
}

/// Where nothing can be written nothing is done. Root may write everywhere, so it gives up its rights first.
#[test]
fn a_folder_that_is_read_only() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("made.txt");
    let stack = Stack::new(&[("main.tf", &format!("resource \"local_file\" \"a\" {{\n  filename = \"{}\"\n  content  = \"x\"\n}}\n", target.display()))]);
    fs::set_permissions(stack.dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let run = |arguments: &[&str]| {
        let plain = stack.command(&[]);
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(plain.get_program()).args(arguments);
        if fs::write(stack.path("probe"), "x").is_err() {
            command = stack.command(arguments);
        } else {
            fs::remove_file(stack.path("probe")).unwrap();
        }
        told(&command.current_dir(stack.dir.path()).env("NO_COLOR", "1").stdin(Stdio::null()).output().unwrap())
    };
    for arguments in [&["apply", "-auto-approve"][..], &["destroy", "-auto-approve"], &["plan", "-out=p"]] {
        let (code, text) = run(arguments);
        assert_eq!(code, 1, "{arguments:?}: {text}");
        assert!(text.contains("Error: ") && text.contains("ermission denied"), "{arguments:?}: {text}");
    }
    assert!(!target.exists(), "nothing was begun");
    let (code, text) = run(&["plan", "-lock=false"]);
    assert_eq!(code, 0, "to look needs no right to write: {text}");
    fs::set_permissions(stack.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (code, text) = run(&["apply", "-auto-approve"]);
    assert_eq!(code, 0, "{text}");
    assert!(target.exists());
}
