//! Which files of a folder count, and how override files change the others.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use weir_addr::Mode;
use weir_config::syntax::ExprKind;
use weir_config::{Config, FileSystem, load};

struct Files(BTreeMap<&'static str, &'static str>);

impl FileSystem for Files {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let names = self.0.keys().filter(|name| Path::new(name).parent() == Some(dir.strip_prefix(".").unwrap_or(dir)));
        Ok(names.filter_map(|name| name.rsplit('/').next()).map(ToOwned::to_owned).collect())
    }
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let name = file.strip_prefix(".").unwrap_or(file).to_str().unwrap();
        Ok(self.0[name].as_bytes().to_vec())
    }
}

fn read<const N: usize>(files: [(&'static str, &'static str); N]) -> (Config, Vec<String>) {
    let (config, diags) = load(&Files(files.into()), Path::new("."));
    let errors =
        diags.iter().map(|diagnostic| format!("{} {}", diagnostic.span.map(|span| config.sources.place(span)).unwrap_or_default(), diagnostic.summary)).collect();
    (config, errors)
}

fn good<const N: usize>(files: [(&'static str, &'static str); N]) -> Config {
    let (config, errors) = read(files);
    assert_eq!(errors, Vec::<String>::new());
    config
}

/// The locals as they are written.
fn locals(config: &Config) -> Vec<String> {
    config.root.locals.values().map(|local| format!("{}={}", local.name, config.sources.text(local.expr.span))).collect()
}

/// The arguments and blocks of `t.x` as they are written.
fn object(config: &Config) -> Vec<String> {
    let resource = &config.root.resources[&(Mode::Managed, "t".into(), "x".into())];
    let arguments = resource.body.attributes.iter().map(|attribute| format!("{}={}", attribute.name.name, config.sources.text(attribute.expr.span)));
    let blocks = resource.body.blocks.iter().map(|block| {
        let values: Vec<&str> = block.body.attributes.iter().map(|attribute| config.sources.text(attribute.expr.span)).collect();
        format!("{}({})", block.kind.name, values.join(" "))
    });
    arguments.chain(blocks).collect()
}

#[test]
fn tofu_files_come_first() {
    let config = good([
        ("a.tf", "locals {\n a = 1\n}\n"),
        ("a.tofu", "locals {\n a = 2\n}\n"),
        ("b.tf.json", r#"{"locals": {"b": 3}}"#),
        ("b.tofu.json", r#"{"locals": {"b": 4}}"#),
        ("c.tf", "locals {\n c = 5\n}\n"),
        ("c.tofu.json", r#"{"locals": {"d": 6}}"#),
        ("e.json", "!"),
        (".f.tf", "!"),
    ]);
    assert_eq!(locals(&config), ["a=2", "b=4", "c=5", "d=6"]);
}

#[test]
fn arguments_and_blocks_are_replaced() {
    let config = good([
        ("main.tf", "resource \"t\" \"x\" {\n a = 1\n b = 2\n n { v = 1 }\n n { v = 2 }\n m { v = 3 }\n dynamic \"d\" {\n for_each = []\n content {}\n }\n}\n"),
        ("override.tf", "resource \"t\" \"x\" {\n b = 3\n c = 4\n n { v = 5 }\n d { v = 6 }\n}\n"),
    ]);
    assert_eq!(object(&config), ["a=1", "b=3", "c=4", "m(3)", "n(5)", "d(6)"]);
}

#[test]
fn later_override_files_count_and_may_be_json() {
    let config = good([
        ("main.tf", "resource \"t\" \"x\" {\n a = 1\n n { v = 1 }\n}\n"),
        ("a_override.tf", "resource \"t\" \"x\" {\n a = 2\n n { v = 2 }\n}\n"),
        ("b_override.tf.json", r#"{"resource": {"t": {"x": {"a": 3, "n": {"v": 4}}}}}"#),
    ]);
    assert_eq!(object(&config), ["a=3", "n={\"v\": 4}"]);
}

#[test]
fn lifecycle_is_merged_and_repetition_is_one_of_two() {
    let config = good([
        ("main.tf", "resource \"t\" \"x\" {\n count = 1\n lifecycle {\n create_before_destroy = true\n prevent_destroy = true\n }\n}\n"),
        ("override.tf", "resource \"t\" \"x\" {\n for_each = {}\n lifecycle {\n prevent_destroy = false\n }\n}\n"),
    ]);
    let resource = &config.root.resources[&(Mode::Managed, "t".into(), "x".into())];
    assert_eq!((resource.lifecycle.create_before_destroy, resource.lifecycle.prevent_destroy), (Some(true), None));
    assert!(matches!(resource.repeat, weir_config::Repeat::ForEach(_)));
}

#[test]
fn names_of_every_kind() {
    let config = good([
        (
            "main.tf",
            "variable \"v\" {\n type = string\n description = \"d\"\n}\nlocals {\n a = 1\n}\nlocals {\n b = 2\n}\noutput \"o\" {\n value = 1\n}\nprovider \"p\" {\n x = 1\n}\nprovider \"p\" {\n alias = \"e\"\n x = 1\n}\n",
        ),
        (
            "override.tofu",
            "variable \"v\" {\n type = number\n}\nlocals {\n b = 3\n}\noutput \"o\" {\n sensitive = true\n}\nprovider \"p\" {\n alias = \"e\"\n x = 2\n}\n",
        ),
    ]);
    let variable = &config.root.variables["v"];
    assert_eq!((variable.constraint.ty.to_string(), &*variable.description), ("number".to_owned(), "d"));
    assert_eq!(locals(&config), ["a=1", "b=3"]);
    let output = &config.root.outputs["o"];
    assert!(output.sensitive && matches!(output.expr.kind, ExprKind::Literal(_)));
    let x: Vec<&str> = config.root.providers.values().map(|provider| config.sources.text(provider.body.attribute("x").unwrap().expr.span)).collect();
    assert_eq!(x, ["1", "2"]);
}

#[test]
fn requirements_are_merged_by_name() {
    let config = good([
        ("main.tf", "terraform {\n required_providers {\n a = { source = \"x/a\" }\n b = { source = \"x/b\" }\n }\n}\n"),
        ("override.tf", "terraform {\n required_providers {\n b = { source = \"y/b\" }\n c = { source = \"y/c\" }\n }\n}\n"),
    ]);
    let sources: Vec<&str> = config.root.required_providers.values().map(|entry| entry.source.as_deref().unwrap()).collect();
    assert_eq!(sources, ["x/a", "y/b", "y/c"]);
}

#[test]
fn what_cannot_be_overridden() {
    let (_, errors) = read([
        ("main.tf", "resource \"t\" \"x\" {\n}\n"),
        ("override.tf", "resource \"t\" \"y\" {\n}\nlocals {\n a = 1\n}\nmoved {\n}\nresource \"t\" \"x\" {\n depends_on = []\n}\n"),
    ]);
    assert_eq!(
        errors,
        [
            "override.tf:1:1 Missing base resource to override",
            "override.tf:4:2 Missing base local value definition to override",
            "override.tf:6:1 Cannot override 'moved' blocks",
            "override.tf:9:2 Unsupported override"
        ]
    );
}

#[test]
fn json_is_read_like_the_native_syntax() {
    let main = (
        "main.tf.json",
        r#"{
  "variable": {"v": {"type": "map(number)", "default": {}}},
  "terraform": {"required_providers": {"t": {"source": "x/t", "configuration_aliases": []}}},
  "provider": {"t": {"alias": "e"}},
  "resource": {"t": {"x": {"provider": "t.e", "depends_on": ["t.y", "module.m"], "for_each": "${var.v}",
    "lifecycle": {"ignore_changes": ["a", "b[0].c"], "precondition": {"condition": "${var.on}", "error_message": "x"}}}, "y": {}}},
  "module": {"m": {"source": "./m", "providers": {"t.u": "t.e"}, "count": 1}}
}"#,
    );
    let config = good([main, ("m/m.tf", "")]);
    let root = &config.root;
    assert_eq!(root.variables["v"].constraint.ty.to_string(), "map(number)");
    assert_eq!(root.required_providers["t"].source.as_deref(), Some("x/t"));
    let resource = &root.resources[&(Mode::Managed, "t".into(), "x".into())];
    assert_eq!(resource.provider.alias.as_deref(), Some("e"));
    assert_eq!(resource.depends_on.iter().map(|reference| config.sources.text(reference.span)).collect::<Vec<_>>(), ["\"t.y\"", "\"module.m\""]);
    assert_eq!(resource.lifecycle.preconditions.len(), 1);
    assert!(matches!(&resource.lifecycle.ignore_changes, weir_config::Ignore::Some(paths) if paths.len() == 2));
    let (inner, outer) = root.calls["m"].providers.iter().next().unwrap();
    assert_eq!((inner.alias.as_deref(), outer.alias.as_deref()), (Some("u"), Some("e")));
}

#[test]
fn mistakes_in_json_have_places() {
    let (_, errors) = read([("main.tf.json", "{\n  \"resorce\": {},\n  \"output\": {\"o\": {\"valu\": 1}}\n}")]);
    assert_eq!(errors, ["main.tf.json:2:3 Unsupported block type", "main.tf.json:3:14 Missing required argument", "main.tf.json:3:20 Unsupported argument"]);
}

const CALLS: &str = "module \"a\" {\n  source = \"git::https://example.com/a.git//net\"\n}\n";

#[test]
fn an_installed_module_is_found_by_its_record() {
    let config = good([
        ("main.tf", CALLS),
        (
            ".terraform/modules/modules.json",
            r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"a","Source":"git::https://example.com/a.git//net","Dir":".terraform/modules/a/net"},{"Key":"a.b","Source":"git::https://example.com/b","Dir":".terraform/modules/a.b"}]}"#,
        ),
        (".terraform/modules/a/net/main.tf", "module \"b\" { source = \"git::https://example.com/b\" }\nmodule \"c\" { source = \"../c\" }\n"),
        (".terraform/modules/a.b/main.tf", "locals { x = 1 }"),
        (".terraform/modules/a/c/main.tf", "locals { y = 1 }"),
    ]);
    let a = &config.root.children["a"];
    assert!(a.children["b"].locals.contains_key("x") && a.children["c"].locals.contains_key("y"));
}

#[test]
fn a_module_that_is_not_installed_from_its_source_is_refused() {
    assert_eq!(read([("main.tf", CALLS)]).1, ["main.tf:1:1 Module not installed"]);
    let other = r#"{"Modules":[{"Key":"a","Source":"git::https://example.com/b.git","Dir":".terraform/modules/a"}]}"#;
    assert_eq!(read([("main.tf", CALLS), (".terraform/modules/modules.json", other)]).1, ["main.tf:2:12 Module source has changed"]);
    assert_eq!(read([("main.tf", CALLS), (".terraform/modules/modules.json", "{")]).1, [" Unreadable module record", "main.tf:1:1 Module not installed"]);
}

/// A module of a registry is installed in some version, which has to be one that is asked for.
#[test]
fn an_installed_version_must_be_the_one_that_is_required() {
    let call = |version: &str| format!("module \"a\" {{\n  source  = \"acme/net/aws\"\n  version = \"{version}\"\n}}\n").leak() as &'static str;
    let record = r#"{"Modules":[{"Key":"a","Source":"registry.terraform.io/acme/net/aws","Version":"1.2.0","Dir":".terraform/modules/a"}]}"#;
    let check = |version: &str, wanted: &[&str]| {
        let files = [("main.tf", call(version)), (".terraform/modules/modules.json", record), (".terraform/modules/a/main.tf", "")];
        assert_eq!(read(files).1, wanted, "{version}");
    };
    check("~> 1.0", &[]);
    check("~> 2.0", &["main.tf:2:13 Module version requirements have changed"]);
    check("new", &["main.tf:3:13 Invalid version constraint"]);
    let local = "module \"a\" {\n  source = \"./m\"\n  version = \"1\"\n}\nmodule \"b\" {\n  source = \"m\"\n}\n";
    assert_eq!(read([("main.tf", local), ("m/main.tf", "")]).1, ["main.tf:2:12 Invalid registry module source address", "main.tf:6:12 Invalid module source address"]);
}

/// What lies outside of a downloaded package is not what was downloaded.
#[test]
fn a_package_is_not_left_by_a_relative_path() {
    let record = r#"{"Modules":[{"Key":"a","Source":"git::https://example.com/a.git//net","Dir":".terraform/modules/a/net"}]}"#;
    let check = |source: &str, wanted: &[&str]| {
        let inner = format!("module \"b\" {{ source = \"{source}\" }}").leak() as &'static str;
        let files = [
            ("main.tf", CALLS),
            (".terraform/modules/modules.json", record),
            (".terraform/modules/a/net/main.tf", inner),
            (".terraform/modules/a/x/main.tf", ""),
            (".terraform/modules/x/main.tf", ""),
        ];
        assert_eq!(read(files).1, wanted, "{source}");
    };
    check("../x", &[]);
    check("../../x", &[".terraform/modules/a/net/main.tf:1:23 Local module path escapes module package"]);
}
