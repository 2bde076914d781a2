//! `moved`, `removed` and `import` blocks, planned and applied on states in memory.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use weir_apply::{Applying, Stop, apply};
use weir_config::{FileSystem, load};
use weir_diag::Diagnostics;
use weir_plan::{Catalog, DiskHost, Made, Nodes, Options, Planning, plan};
use weir_state::{Journal, State};

/// Files in memory.
struct Memory(Vec<(&'static str, &'static str)>);

impl FileSystem for Memory {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let prefix = if dir == Path::new(".") { String::new() } else { format!("{}/", dir.display()) };
        let names: Vec<String> = self.0.iter().filter_map(|(name, _)| name.strip_prefix(&prefix)).filter(|name| !name.contains('/')).map(str::to_owned).collect();
        if names.is_empty() { Err(io::Error::from(io::ErrorKind::NotFound)) } else { Ok(names) }
    }
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let name = file.strip_prefix("./").unwrap_or(file).display().to_string();
        let found = self.0.iter().find(|(own, _)| *own == name);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

fn errors(diags: &Diagnostics) -> Vec<String> {
    diags.iter().map(|diagnostic| diagnostic.summary.clone()).collect()
}

/// What a plan does, one line per object.
fn lines(made: &Made) -> Vec<String> {
    made.plan
        .pending()
        .map(|change| {
            let mut line = format!("{} {}", change.action.names().join("/"), change.addr);
            if let Some(previous) = &change.previous {
                line += &format!(" from {previous}");
            }
            if let Some(id) = &change.importing {
                line += &format!(" by {id}");
            }
            line
        })
        .collect()
}

struct Step {
    lines: Vec<String>,
    diags: Vec<String>,
    /// Added, changed, destroyed and imported.
    counts: (usize, usize, usize, usize),
}

/// Plans, and applies when nothing is wrong; afterwards nothing may be left to do.
async fn step(state: &mut State, files: &[(&'static str, &'static str)]) -> Step {
    let mut catalog = Catalog::default();
    for (addr, local, provider) in weir_builtin::providers() {
        catalog.add(addr.parse().unwrap(), local, provider);
    }
    let (config, mut diags) = load(&Memory(files.to_vec()), Path::new("."));
    let (nodes, more) = Nodes::build(&config);
    diags.extend(more);
    if diags.has_errors() {
        return Step { lines: Vec::new(), diags: errors(&diags), counts: (0, 0, 0, 0) };
    }
    let (options, given) = (Options { parallelism: 10, ..Options::default() }, BTreeMap::new());
    let host = DiskHost::new(PathBuf::from("."), None, "2030-01-01T00:00:00Z".into());
    let planning = |prior| Planning {
        config: &config,
        nodes: &nodes,
        catalog: &catalog,
        host: &host,
        prior,
        options: &options,
        cwd: PathBuf::from("."),
        workspace: "default".to_owned(),
        given: &given,
        candidate: None,
    };
    let made = plan(planning(state)).await;
    let mut done = Step { lines: lines(&made), diags: errors(&made.diags), counts: (0, 0, 0, 0) };
    if made.diags.has_errors() {
        return done;
    }
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path().join("journal"), &state.lineage, 0).unwrap();
    let applied = apply(Applying {
        config: &config,
        nodes: &nodes,
        catalog: &catalog,
        host: &DiskHost::new(PathBuf::from("."), None, "2030-01-01T00:00:00Z".into()).applying("2030-01-01T00:00:00Z".into()),
        prior: made.moved.as_ref().unwrap_or(state),
        options: &options,
        cwd: PathBuf::from("."),
        workspace: "default".to_owned(),
        given: &given,
        made: &made,
        journal: &journal,
        events: &|_| {},
        stop: &Stop::default(),
    })
    .await;
    assert!(!applied.diags.has_errors() && !applied.incomplete, "{:?}", errors(&applied.diags));
    let (added, changed, destroyed) = applied.counts;
    done.counts = (added, changed, destroyed, applied.imported);
    let now = State::parse(&applied.state.to_bytes().unwrap()).unwrap();
    let again = plan(planning(&now)).await;
    assert!(again.plan.is_empty(), "{:?}", lines(&again));
    *state = now;
    done
}

fn objects(state: &State) -> Vec<String> {
    state.instances().map(|(addr, _)| addr.to_string()).collect()
}

const A: &str = "resource \"terraform_data\" \"a\" {\n  input = 1\n}\n";
const INNER: (&str, &str) = ("m/main.tf", "resource \"terraform_data\" \"inner\" {}\n");

/// Plans `after` on the state of `before`: what is planned, and what is there afterwards.
async fn check(before: &[(&'static str, &'static str)], after: &[(&'static str, &'static str)], planned: &[&str], there: &[&str]) -> Step {
    let mut state = State::default();
    step(&mut state, before).await;
    let done = step(&mut state, after).await;
    assert_eq!(done.lines, planned, "{:?}", done.diags);
    assert_eq!(objects(&state), there);
    done
}

#[tokio::test]
async fn resources_move() {
    let after = "resource \"terraform_data\" \"c\" {\n  input = 1\n}\nmoved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\nmoved {\n  from = terraform_data.b\n  to = terraform_data.c\n}\n";
    let done = check(&[("main.tf", A)], &[("main.tf", after)], &["no-op terraform_data.c from terraform_data.a"], &["terraform_data.c"]).await;
    assert_eq!((done.counts, done.diags), ((0, 0, 0, 0), Vec::new()));
    let into = "module \"n\" {\n  source = \"./m\"\n  count = 1\n}\nmoved {\n  from = terraform_data.a\n  to = module.n[0].terraform_data.inner\n}\n";
    check(&[("main.tf", A)], &[("main.tf", into), INNER], &["update module.n[0].terraform_data.inner from terraform_data.a"], &["module.n[0].terraform_data.inner"])
        .await;
}

#[tokio::test]
async fn instances_move() {
    let two = "resource \"terraform_data\" \"a\" {\n  count = 2\n}\n";
    let keyed = "resource \"terraform_data\" \"a\" {\n  for_each = toset([\"x\", \"y\"])\n}\nmoved {\n  from = terraform_data.a[0]\n  to = terraform_data.a[\"x\"]\n}\n";
    check(
        &[("main.tf", two)],
        &[("main.tf", keyed)],
        &["delete terraform_data.a[1]", "no-op terraform_data.a[\"x\"] from terraform_data.a[0]", "create terraform_data.a[\"y\"]"],
        &["terraform_data.a[\"x\"]", "terraform_data.a[\"y\"]"],
    )
    .await;
    // All instances keep their keys.
    let renamed = "resource \"terraform_data\" \"b\" {\n  count = 2\n}\nmoved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\n";
    check(
        &[("main.tf", two)],
        &[("main.tf", renamed)],
        &["no-op terraform_data.b[0] from terraform_data.a[0]", "no-op terraform_data.b[1] from terraform_data.a[1]"],
        &["terraform_data.b[0]", "terraform_data.b[1]"],
    )
    .await;
}

#[tokio::test]
async fn count_moves_without_being_told() {
    let one = "resource \"terraform_data\" \"a\" {}\n";
    let counted = "resource \"terraform_data\" \"a\" {\n  count = 2\n}\n";
    check(
        &[("main.tf", one)],
        &[("main.tf", counted)],
        &["no-op terraform_data.a[0] from terraform_data.a", "create terraform_data.a[1]"],
        &["terraform_data.a[0]", "terraform_data.a[1]"],
    )
    .await;
    check(&[("main.tf", counted)], &[("main.tf", one)], &["no-op terraform_data.a from terraform_data.a[0]", "delete terraform_data.a[1]"], &["terraform_data.a"]).await;
}

#[tokio::test]
async fn modules_move() {
    let old = "module \"old\" {\n  source = \"./m\"\n}\n";
    let keyed = "module \"new\" {\n  source = \"./m\"\n  for_each = toset([\"k\"])\n}\nmoved {\n  from = module.old\n  to = module.new[\"k\"]\n}\n";
    check(
        &[("main.tf", old), INNER],
        &[("main.tf", keyed), INNER],
        &["no-op module.new[\"k\"].terraform_data.inner from module.old.terraform_data.inner"],
        &["module.new[\"k\"].terraform_data.inner"],
    )
    .await;
    // Of a module that moves, one resource goes elsewhere; the block within the module is carried out in every instance.
    let within = ("m/main.tf", "resource \"terraform_data\" \"deep\" {}\nmoved {\n  from = terraform_data.inner\n  to = terraform_data.deep\n}\n");
    check(
        &[("main.tf", old), INNER],
        &[("main.tf", keyed), within],
        &["no-op module.new[\"k\"].terraform_data.deep from module.old.terraform_data.inner"],
        &["module.new[\"k\"].terraform_data.deep"],
    )
    .await;
    let out = "resource \"terraform_data\" \"out\" {}\nmoved {\n  from = module.old.terraform_data.inner\n  to = terraform_data.out\n}\nmoved {\n  from = module.old\n  to = module.gone\n}\n";
    check(&[("main.tf", old), INNER], &[("main.tf", out)], &["no-op terraform_data.out from module.old.terraform_data.inner"], &["terraform_data.out"]).await;
}

#[tokio::test]
async fn a_module_becomes_a_stage() {
    let module = "module \"x\" {\n  source = \"./m\"\n}\n";
    let same = "stage \"x\" {\n  source = \"./m\"\n}\nmoved {\n  from = module.x\n  to = stage.x\n}\n";
    let other = "stage \"y\" {\n  source = \"./m\"\n}\nmoved {\n  from = module.x\n  to = stage.y\n}\n";
    check(&[("main.tf", module), INNER], &[("main.stack.hcl", same), INNER], &[], &["stage.x.terraform_data.inner"]).await;
    check(
        &[("main.tf", module), INNER],
        &[("main.stack.hcl", other), INNER],
        &["no-op stage.y.terraform_data.inner from module.x.terraform_data.inner"],
        &["stage.y.terraform_data.inner"],
    )
    .await;
}

#[tokio::test]
async fn moves_that_make_no_sense_are_refused() {
    let refused = async |text: &'static str| {
        let mut state = State::default();
        step(&mut state, &[("main.tf", "resource \"terraform_data\" \"a\" {}\n")]).await;
        let done = step(&mut state, &[("main.tf", text)]).await;
        assert_eq!(objects(&state), ["terraform_data.a"]);
        done.diags
    };
    let a_to_b = "moved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\n";
    let joined = |more: &'static str| -> &'static str { Box::leak(format!("{a_to_b}{more}").into_boxed_str()) };
    assert_eq!(refused(joined("moved {\n  from = terraform_data.b\n  to = terraform_data.a\n}\n")).await, ["Cyclic dependency in move statements"]);
    assert_eq!(refused(joined("moved {\n  from = terraform_data.a\n  to = terraform_data.c\n}\n")).await, ["Ambiguous move statements"]);
    assert_eq!(refused(joined("moved {\n  from = terraform_data.c\n  to = terraform_data.b\n}\n")).await, ["Ambiguous move statements"]);
    assert_eq!(refused(joined("resource \"terraform_data\" \"a\" {}\n")).await, ["Moved object still exists"]);
    assert_eq!(refused("moved {\n  from = terraform_data.a\n  to = terraform_data.a\n}\n").await, ["Redundant move statement"]);
    assert_eq!(refused("moved {\n  from = terraform_data.a\n  to = module.m\n}\n").await, ["Invalid \"moved\" addresses"]);
    let types = "resource \"random_id\" \"a\" {\n  byte_length = 1\n}\nmoved {\n  from = terraform_data.a\n  to = random_id.a\n}\n";
    assert_eq!(refused(types).await, ["Unsupported `moved` across resource types"]);
}

#[tokio::test]
async fn nothing_moves_to_where_something_is() {
    let two = "resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"b\" {}\n";
    let after = "resource \"terraform_data\" \"b\" {}\nmoved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\n";
    let done = check(&[("main.tf", two)], &[("main.tf", after)], &["delete terraform_data.a"], &["terraform_data.b"]).await;
    assert_eq!(done.diags, ["Unresolved resource instance address changes"]);
}

#[tokio::test]
async fn what_is_removed_is_forgotten() {
    let before = "resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"b\" {\n  count = 2\n}\nmodule \"m\" {\n  source = \"./m\"\n}\n";
    let after = "removed {\n  from = terraform_data.a\n  lifecycle {\n    destroy = false\n  }\n}\nremoved {\n  from = terraform_data.b\n}\nremoved {\n  from = module.m\n  lifecycle {\n    destroy = false\n  }\n}\n";
    let planned = ["forget terraform_data.a", "delete terraform_data.b[0]", "delete terraform_data.b[1]", "forget module.m.terraform_data.inner"];
    let done = check(&[("main.tf", before), INNER], &[("main.tf", after)], &planned, &[]).await;
    assert_eq!((done.counts, done.diags), ((0, 0, 2, 0), vec!["Some objects will no longer be managed by Weir".to_owned()]));
    let mut state = State::default();
    step(&mut state, &[("main.tf", A)]).await;
    let still = "resource \"terraform_data\" \"a\" {\n  input = 1\n}\nremoved {\n  from = terraform_data.a\n}\n";
    assert_eq!(step(&mut state, &[("main.tf", still)]).await.diags, ["Removed resource still exists"]);
    assert_eq!(step(&mut state, &[("main.tf", "removed {\n  from = terraform_data.a[0]\n}\n")]).await.diags, ["Resource instance keys not allowed"]);
    assert_eq!(objects(&state), ["terraform_data.a"]);
}

#[tokio::test]
async fn objects_are_imported() {
    let text = "locals {\n  id = \"same\"\n}\nimport {\n  to = terraform_data.same\n  id = local.id\n}\nresource \"terraform_data\" \"same\" {}\nimport {\n  to = terraform_data.changed\n  id = \"changed\"\n}\nresource \"terraform_data\" \"changed\" {\n  input = 3\n}\nimport {\n  for_each = { a = \"first\", b = \"second\" }\n  to = terraform_data.many[each.key]\n  id = each.value\n}\nresource \"terraform_data\" \"many\" {\n  for_each = toset([\"a\", \"b\", \"c\"])\n}\n";
    let mut state = State::default();
    let done = step(&mut state, &[("main.tf", text)]).await;
    assert_eq!(
        done.lines,
        [
            "update terraform_data.changed by changed",
            "no-op terraform_data.many[\"a\"] by first",
            "no-op terraform_data.many[\"b\"] by second",
            "create terraform_data.many[\"c\"]",
            "no-op terraform_data.same by same"
        ],
        "{:?}",
        done.diags
    );
    assert_eq!((done.counts, done.diags), ((1, 1, 0, 4), Vec::new()));
    let record = state.record(&"terraform_data.changed".parse().unwrap()).unwrap();
    assert!(record.attributes.as_str().contains("\"id\":\"changed\""), "{}", record.attributes.as_str());
}

#[tokio::test]
async fn imports_that_make_no_sense_are_refused() {
    let refused = async |text: &'static str| step(&mut State::default(), &[("main.tf", text)]).await.diags;
    let x = "resource \"terraform_data\" \"x\" {}\n";
    let joined = |more: &str| -> &'static str { Box::leak(format!("{x}{more}").into_boxed_str()) };
    assert_eq!(refused(joined("import {\n  to = terraform_data.x\n  id = \"\"\n}\n")).await, ["Invalid import id argument"]);
    assert_eq!(
        refused(joined("import {\n  to = terraform_data.x\n  id = terraform_data.y.id\n}\nresource \"terraform_data\" \"y\" {}\n")).await,
        ["Invalid import id argument"]
    );
    assert_eq!(refused(joined("import {\n  to = terraform_data.y\n  id = \"a\"\n}\n")).await, ["Configuration for import target does not exist"]);
    let twice = "import {\n  to = terraform_data.x\n  id = \"a\"\n}\nimport {\n  to = terraform_data.x\n  id = \"b\"\n}\n";
    assert_eq!(refused(joined(twice)).await, ["Duplicate import configuration for \"terraform_data.x\""]);
    assert_eq!(
        refused("resource \"terraform_data\" \"n\" {\n  count = 2\n}\nimport {\n  to = terraform_data.n[5]\n  id = \"a\"\n}\n").await,
        ["Configuration for import target does not exist"]
    );
    assert_eq!(
        refused("resource \"terraform_data\" \"n\" {\n  count = 2\n}\nimport {\n  to = terraform_data.n\n  id = \"a\"\n}\n").await,
        ["Invalid import 'to' expression"]
    );
    let gone = "resource \"local_file\" \"f\" {\n  filename = \"none.txt\"\n  content = \"x\"\n}\nimport {\n  to = local_file.f\n  id = \"none.txt\"\n}\n";
    assert_eq!(refused(gone).await.len(), 1);
}
