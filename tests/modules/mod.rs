//! `weir init` and `weir get` with modules from git, archives and registries.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::stack::Stack;
use crate::{Server, says};

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]).args(arguments).current_dir(folder);
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A repository whose module `sub` calls `sub/inner`, with a tag v1 and a later commit.
fn repository(stack: &Stack) -> String {
    stack.write("repository/main.tf", "module \"in\" {\n  source = \"./sub\"\n}\noutput \"v\" {\n  value = 1\n}\n");
    stack.write("repository/sub/main.tf", "module \"inner\" {\n  source = \"./inner\"\n}\n");
    stack.write("repository/sub/inner/main.tf", "output \"x\" {\n  value = 1\n}\n");
    let folder = stack.path("repository");
    git(&folder, &["init", "--quiet"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "--quiet", "-m", "one"]);
    git(&folder, &["tag", "v1"]);
    stack.write("repository/main.tf", "output \"v\" {\n  value = 2\n}\n");
    git(&folder, &["commit", "--quiet", "-am", "two"]);
    format!("git::file://{}", folder.display())
}

fn call(name: &str, source: &str) -> String {
    format!("module \"{name}\" {{\n  source = \"{source}\"\n}}\n")
}

fn record(stack: &Stack, data: &str) -> Json {
    serde_json::from_slice(&fs::read(stack.path(&format!("{data}/modules/modules.json"))).unwrap()).unwrap()
}

fn entry(record: &Json, key: &str) -> (String, String) {
    let entry = record["Modules"].as_array().unwrap().iter().find(|entry| entry["Key"] == key).unwrap_or_else(|| panic!("{key} is not in {record}"));
    (entry["Source"].as_str().unwrap().to_owned(), entry["Dir"].as_str().unwrap().to_owned())
}

/// The record is the one that Terraform 1.11.4 writes for the same configuration.
#[test]
fn modules_come_from_git() {
    let stack = Stack::new(&[]);
    let repository = repository(&stack);
    stack.write("l/main.tf", &call("g", &format!("{repository}//sub")));
    let main = [
        call("a", &format!("{repository}?ref=v1")),
        call("b", &format!("{repository}?ref=v1&depth=1")),
        call("l", "./l"),
        call("s", &format!("{repository}//sub/inner?ref=v1")),
    ];
    stack.write("main.tf", &(main.concat() + "output \"v\" {\n  value = [module.a.v, module.b.v, module.s.x]\n}\n"));
    stack.says(&["plan"], 1, &["Module not installed", "Run \"weir init\" to install all modules", "main.tf line 1"]);
    let text = stack.says(&["init"], 0, &["Initializing modules...", "- a.in.inner in .terraform/modules/a/sub/inner", "- l.g in .terraform/modules/l.g/sub"]);
    assert!(text.contains(&format!("Downloading {repository}?ref=v1 for a...")), "{text}");
    let text = fs::read_to_string(stack.path(".terraform/modules/modules.json")).unwrap();
    let entries = [
        ("", String::new(), "."),
        ("a", format!("{repository}?ref=v1"), ".terraform/modules/a"),
        ("a.in", "./sub".to_owned(), ".terraform/modules/a/sub"),
        ("a.in.inner", "./inner".to_owned(), ".terraform/modules/a/sub/inner"),
        ("b", format!("{repository}?ref=v1\\u0026depth=1"), ".terraform/modules/b"),
        ("b.in", "./sub".to_owned(), ".terraform/modules/b/sub"),
        ("b.in.inner", "./inner".to_owned(), ".terraform/modules/b/sub/inner"),
        ("l", "./l".to_owned(), "l"),
        ("l.g", format!("{repository}//sub"), ".terraform/modules/l.g/sub"),
        ("l.g.inner", "./inner".to_owned(), ".terraform/modules/l.g/sub/inner"),
        ("s", format!("{repository}//sub/inner?ref=v1"), ".terraform/modules/s/sub/inner"),
    ];
    let entries: Vec<String> = entries.iter().map(|(key, source, dir)| format!(r#"{{"Key":"{key}","Source":"{source}","Dir":"{dir}"}}"#)).collect();
    assert_eq!(text, format!(r#"{{"Modules":[{}]}}"#, entries.join(",")));
    stack.says(&["apply", "-auto-approve"], 0, &["v = [ 1, 1, 1, ]"]);
    // From now on nobody is asked: the repository can be away.
    fs::rename(stack.path("repository"), stack.path("away")).unwrap();
    let text = stack.says(&["init"], 0, &["has been successfully initialized"]);
    assert!(!text.contains("Downloading") && !text.contains("- a"), "{text}");
    assert_eq!(stack.ok(&["get"]), "");
    stack.says(&["get", "-update"], 1, &["Failed to download module", "main.tf line 2", "git clone ended with"]);
    stack.says(&["plan"], 1, &["Module not installed"]);
    fs::rename(stack.path("away"), stack.path("repository")).unwrap();
    stack.says(&["init"], 0, &["Downloading"]);
    // What was changed since has to be installed first.
    stack.write("main.tf", &fs::read_to_string(stack.path("main.tf")).unwrap().replace("?ref=v1\"", "?ref=main\"").replace("module.s.x", "0"));
    stack.says(&["plan"], 1, &["Module source has changed", "main.tf line 2", "weir init"]);
    stack.ok(&["init"]);
    stack.says(&["apply", "-auto-approve"], 0, &["v = [ 2, 1, 0, ]"]);
    assert!(!fs::read_dir(stack.path(".terraform/modules")).unwrap().any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with('.')), "no leftovers");
}

#[test]
fn an_update_is_asked_for() {
    let stack = Stack::new(&[]);
    let repository = repository(&stack);
    stack.write("main.tf", &(call("a", &repository) + "output \"v\" {\n  value = module.a.v\n}\n"));
    let get = |arguments: &[&str]| {
        let output = stack.command(arguments).env("TF_DATA_DIR", "kept").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(stack.path("kept/modules/a/main.tf")).unwrap()
    };
    assert!(get(&["get"]).contains("value = 2"));
    assert_eq!(entry(&record(&stack, "kept"), "a").1, "kept/modules/a");
    stack.write("repository/main.tf", "output \"v\" {\n  value = 3\n}\n");
    git(&stack.path("repository"), &["commit", "--quiet", "-am", "three"]);
    assert!(get(&["init"]).contains("value = 2"));
    assert!(get(&["get", "-update"]).contains("value = 3"));
    stack.write("repository/main.tf", "output \"v\" {\n  value = 4\n}\n");
    git(&stack.path("repository"), &["commit", "--quiet", "-am", "four"]);
    assert!(get(&["init", "-upgrade"]).contains("value = 4"));
    assert!(!stack.path(".terraform").exists());
    // A saved plan has its modules in itself.
    let with = |arguments: &[&str]| {
        let output = stack.command(arguments).env("TF_DATA_DIR", "kept").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    with(&["plan", "-out=saved"]);
    fs::remove_dir_all(stack.path("kept")).unwrap();
    assert!(with(&["apply", "saved"]).contains("v = 4"));
}

/// A run that was killed in the midst leaves the record without what it was about to exchange.
#[test]
fn what_is_half_there_is_not_used() {
    let stack = Stack::new(&[]);
    let repository = repository(&stack);
    stack.write("main.tf", &call("a", &format!("{repository}?ref=v1")));
    stack.ok(&["init"]);
    // A git that hangs in the midst of its work, after what it has done so far.
    stack.write("bin/git", "#!/bin/sh\nmkdir -p \"$6\" 2>/dev/null\nkill -9 $PPID\nsleep 5\n");
    let git = stack.path("bin/git");
    fs::set_permissions(&git, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let output = stack.command(&["init", "-upgrade"]).env("PATH", stack.path("bin").display().to_string() + ":/usr/bin:/bin").output().unwrap();
    assert!(!output.status.success());
    stack.ok(&["validate"]);
    stack.write("main.tf", &call("a", &format!("{repository}?ref=main")));
    stack.says(&["validate"], 1, &["Module source has changed"]);
    stack.ok(&["init"]);
    stack.ok(&["validate"]);
}

#[test]
fn what_is_wrong_has_a_place_and_a_way_out() {
    let stack = Stack::new(&[]);
    let repository = repository(&stack);
    let check = |source: &str, parts: &[&str]| {
        stack.write("main.tf", &format!("# A module\n{}", call("a", source)));
        stack.says(&["get"], 1, &[&["main.tf line 3"], parts].concat());
    };
    check(&format!("{repository}?ref=v9"), &["Failed to download module", "v9"]);
    check(&format!("{repository}//none"), &["The package has no folder \"none\""]);
    check(&format!("{repository}?depth=x"), &["depth must be a number"]);
    check("http://localhost:1/x.zip", &["only HTTPS is trusted"]);
    check("hg::https://localhost:1/x", &["Invalid module source address", "not with hg::"]);
    check("net", &["Invalid module source address", "write \"./net\""]);
    // A package stays in itself, also through links.
    stack.write("repository/main.tf", &call("up", "../../l"));
    git(&stack.path("repository"), &["commit", "--quiet", "-am", "up"]);
    stack.write("main.tf", &call("a", &repository));
    stack.says(&["init"], 1, &["Local module path escapes module package", ".terraform/modules/a/main.tf line 2"]);
    std::os::unix::fs::symlink("/etc/passwd", stack.path("repository/link.tf")).unwrap();
    git(&stack.path("repository"), &["add", "."]);
    git(&stack.path("repository"), &["commit", "--quiet", "-m", "link"]);
    stack.says(&["get", "-update"], 1, &["symbolic link that leads out of it: link.tf to /etc/passwd", "Nothing was installed"]);
}

#[test]
fn a_folder_is_begun_from_a_module() {
    let stack = Stack::new(&[("new/x", "")]);
    let repository = repository(&stack);
    let from = format!("-from-module={repository}?ref=v1");
    stack.says(&["-chdir=new", "init", &from], 1, &["already contains files"]);
    fs::remove_file(stack.path("new/x")).unwrap();
    stack.says(&["-chdir=new", "init", &from], 0, &["Copying configuration from", "- in.inner in sub/inner", "successfully initialized"]);
    assert!(stack.path("new/sub/inner/main.tf").is_file() && !stack.path("new/.git").exists());
}

fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn stack(server: &Server, main: &str) -> Stack {
    Stack::new(&[("main.tf", main), ("authority.pem", &server.authority), ("cli.tfrc", "")])
}

const VALUE: &str = "output \"v\" {\n  value = basename(path.module)\n}\n";

#[test]
fn modules_come_from_archives() {
    let server = Server::start();
    let zip = zipped(&[("net/main.tf", VALUE), ("main.tf", VALUE)]);
    let sum: String = Sha256::digest(&zip).iter().map(|byte| format!("{byte:02x}")).collect();
    server.set("/net.zip", zip.clone());
    server.set("/download", zip);
    server.set("/page?terraform-get=1", "<html><head><meta name=\"terraform-get\" content=\"./net.zip//net\"></head></html>");
    server.set("/head?terraform-get=1", "");
    server.head("/head?terraform-get=1", "X-Terraform-Get: /page");
    server.set("/evil.zip", zipped(&[("../../../evil.tf", "")]));
    let host = &server.host;
    let main = [
        call("a", &format!("https://{host}/net.zip")),
        call("b", &format!("https://{host}/net.zip//net?checksum=sha256:{sum}")),
        call("c", &format!("https://{host}/download?archive=zip")),
        call("d", &format!("https://{host}/page")),
        call("e", &format!("https://{host}/head")),
    ];
    let stack = stack(&server, &(main.concat() + "output \"v\" {\n  value = [module.a.v, module.b.v, module.c.v, module.d.v, module.e.v]\n}\n"));
    says(&stack, &["init"], 0, &["- e in .terraform/modules/e/net"]);
    says(&stack, &["apply", "-auto-approve"], 0, &["v = [ \"a\", \"net\", \"c\", \"net\", \"net\", ]"]);
    let wrong = |source: &str, parts: &[&str]| {
        stack.write("main.tf", &call("a", source));
        says(&stack, &["get"], 1, &[&["main.tf line 2", "Failed to download module"], parts].concat());
        assert!(!stack.path(".terraform/evil.tf").exists() && !stack.path("evil.tf").exists());
    };
    wrong(&format!("https://{host}/net.zip?checksum=sha256:00"), &[&sum, "00 is required"]);
    wrong(&format!("https://{host}/evil.zip"), &["leads out of it"]);
    wrong(&format!("https://{host}/none.zip"), &["there is nothing"]);
    wrong(&format!("https://{host}/net.tar.xz"), &["not tar.xz"]);
    wrong(&format!("https://{host}/download"), &["there is nothing"]);
    wrong(&format!("s3::https://{host}/bucket/"), &["Weir gets archives from S3"]);
    // What is not HTTPS is not asked, whoever names it.
    server.head("/head?terraform-get=1", "X-Terraform-Get: git::file:///etc");
    wrong(&format!("https://{host}/head"), &["a place on this machine"]);
    stack.write("main.tf", &call("a", &format!("s3::https://{host}/net.zip")));
    says(&stack, &["get"], 0, &["- a in .terraform/modules/a"]);
}

#[test]
fn modules_come_from_a_registry() {
    let server = Server::start();
    let host = server.host.clone();
    let version = |version: &str| json!({ "version": version });
    server.set("/.well-known/terraform.json", r#"{"modules.v1": "/m"}"#);
    server.set(
        "/m/acme/net/aws/versions",
        json!({ "modules": [{ "versions": [version("1.0.0"), version("1.1.0"), version("2.0.0"), version("3.0.0-beta1")] }] }).to_string(),
    );
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        server.set(&format!("/m/acme/net/aws/{version}/download"), "");
        server.head(&format!("/m/acme/net/aws/{version}/download"), &format!("X-Terraform-Get: /files/{version}.tgz//*?archive=zip"));
        let content = format!("output \"v\" {{\n  value = \"{version}\"\n}}\n");
        server.set(&format!("/files/{version}.tgz"), zipped(&[("net-1/main.tf", &content), ("net-1/part/main.tf", &content)]));
    }
    let with = |constraint: &str| {
        let call = |name: &str, source: &str| format!("module \"{name}\" {{\n  source  = \"{source}\"\n  version = \"{constraint}\"\n}}\n");
        format!(
            "{}{}output \"v\" {{\n  value = [module.a.v, module.b.v]\n}}\n",
            call("a", &format!("{host}/acme/net/aws")),
            call("b", &format!("{host}/acme/net/aws//part"))
        )
    };
    let stack = stack(&server, &with("~> 1.0, < 1.1"));
    says(&stack, &["init"], 0, &[&format!("Downloading {host}/acme/net/aws 1.0.0 for a..."), "- b in .terraform/modules/b/net-1/part"]);
    let record = record(&stack, ".terraform");
    assert_eq!(record["Modules"][1], json!({ "Key": "a", "Source": format!("{host}/acme/net/aws"), "Version": "1.0.0", "Dir": ".terraform/modules/a/net-1" }));
    says(&stack, &["apply", "-auto-approve"], 0, &["v = [ \"1.0.0\", \"1.0.0\", ]"]);
    // A newer one that is allowed is not taken until it is asked for; one that is required is.
    stack.write("main.tf", &with("~> 1.0"));
    says(&stack, &["init"], 0, &[]);
    says(&stack, &["plan", "-detailed-exitcode"], 0, &["No changes"]);
    says(&stack, &["init", "-upgrade"], 0, &["aws 1.1.0 for a..."]);
    stack.write("main.tf", &with(">= 2.0"));
    says(&stack, &["plan"], 1, &["Module version requirements have changed", "Version 1.1.0 of the module is installed, and >= 2.0 is required", "weir init"]);
    says(&stack, &["init"], 0, &["aws 2.0.0 for a..."]);
    says(&stack, &["plan"], 0, &["\"2.0.0\""]);
    stack.write("main.tf", &with("~> 4.0"));
    says(&stack, &["init"], 1, &["Unresolvable module version constraint", "The newest there are: 3.0.0-beta1, 2.0.0, 1.1.0, 1.0.0", "main.tf line 2"]);
    stack.write("main.tf", &call("a", &format!("{host}/acme/none/aws")));
    says(&stack, &["init"], 1, &["has no module acme/none/aws"]);
    server.set("/.well-known/terraform.json", "{}");
    says(&stack, &["init"], 1, &["offers no module registry"]);
}
