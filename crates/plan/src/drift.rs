//! Which of the changes from outside have to do with what a plan does.
//!
//! A refresh also finds what follows from the plan's own doings (a security group lists the rules that other resources put into it) and what the provider
//! keeps up to date by itself. The state takes that in; a person need not hear of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use weir_addr::{InstanceAddr, ResourceAddr};
use weir_value::Value;

use crate::nodes::{Node, NodeId, Nodes};
use crate::plan::{Action, Change, Drift, OutputChange};

/// Finds out which of them are relevant: an object that is gone; one with an attribute that the plan changes back; one with an attribute that the configuration names somewhere, while
/// something that depends on the object changes.
pub(crate) fn weigh(drift: &mut [Drift], changes: &[Change], outputs: &BTreeMap<Arc<str>, OutputChange>, nodes: &Nodes) {
    if drift.is_empty() {
        return;
    }
    let pending = || changes.iter().filter(|change| change.action != Action::NoOp && change.after.is_some());
    let own: HashMap<&InstanceAddr, &Change> = pending().filter(|change| change.deposed.is_none()).map(|change| (&change.addr, change)).collect();
    let needed: HashSet<NodeId> = pending().flat_map(|change| change.dependencies.iter()).filter_map(|addr| node(nodes, addr)).collect();
    let told = outputs.values().any(|output| output.before != output.after);
    for drift in drift {
        let Some(after) = &drift.after else {
            drift.relevant = true;
            continue;
        };
        let moved = differing(&drift.before, after);
        let restored = own.get(&drift.addr).is_some_and(|change| match (&change.before, &change.after) {
            _ if change.action.is_replace() => change.replace_paths.iter().any(|path| path.first_attr().is_some_and(|name| moved.contains(name))),
            (Some(before), Some(after)) => !differing(before, after).is_disjoint(&moved),
            _ => false,
        });
        let followed = node(nodes, &drift.addr.resource).is_some_and(|node| {
            let is_named = nodes.named.get(&node).is_some_and(|names| names.iter().any(|name| name.as_ref().is_none_or(|name| moved.contains(name))));
            is_named && (told || needed.contains(&node))
        });
        drift.relevant = restored || followed;
    }
}

fn node(nodes: &Nodes, addr: &ResourceAddr) -> Option<NodeId> {
    let module = nodes.module_at(&addr.module.without_keys())?;
    nodes.find(&Node::Resource { module, mode: addr.mode, type_: addr.type_.clone(), name: addr.name.clone() })
}

/// The attributes in which two objects differ, whatever their marks.
fn differing(before: &Value, after: &Value) -> HashSet<Arc<str>> {
    let (before, after) = (before.clone().unmark_deep().0, after.clone().unmark_deep().0);
    let (Value::Object(before), Value::Object(after)) = (&before, &after) else { return HashSet::new() };
    after.iter().filter(|(name, value)| before.get(*name) != Some(value)).map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use weir_addr::{ModulePath, ProviderAddr, ProviderConfigAddr};

    use super::*;

    const STACK: &str = r#"
resource "cloud_group" "web" {
  name = "web"
}
resource "cloud_rule" "in" {
  group = cloud_group.web.id
}
resource "cloud_zone" "z" {
  tags       = cloud_group.web.tags
  depends_on = [cloud_group.web]
}
"#;

    struct OneFile;
    impl weir_config::FileSystem for OneFile {
        fn list(&self, _: &Path) -> std::io::Result<Vec<String>> {
            Ok(vec!["main.tf".into()])
        }
        fn read(&self, _: &Path) -> std::io::Result<Vec<u8>> {
            Ok(STACK.as_bytes().to_vec())
        }
    }

    fn group(name: &str, rules: &[&str], tag: &str) -> Value {
        let rules = Value::list(weir_value::Type::String, rules.iter().map(|rule| Value::from(*rule)));
        Value::object([("name", Value::from(name)), ("rules", rules), ("tags", Value::from(tag))])
    }

    fn change(type_: &str, name: &str, action: Action, before: Option<Value>, after: Option<Value>) -> Change {
        let addr = ResourceAddr::managed(ModulePath::root(), type_, name);
        let dependencies = if type_ == "cloud_group" { vec![] } else { vec![ResourceAddr::managed(ModulePath::root(), "cloud_group", "web")] };
        Change {
            addr: addr.instance(None),
            deposed: None,
            provider: ProviderConfigAddr::root(ProviderAddr::builtin("cloud")),
            action,
            reason: None,
            before,
            after,
            replace_paths: Vec::new(),
            blocked: None,
            dependencies: dependencies.into(),
            create_before_destroy: false,
            previous: None,
            importing: None,
        }
    }

    /// Whether a change of the group from the first to the second value is relevant beside these changes.
    #[track_caller]
    fn check(expected: bool, before: Value, after: Option<Value>, changes: &[Change]) {
        let (config, diags) = weir_config::load(&OneFile, Path::new("."));
        assert!(!diags.has_errors());
        let (nodes, diags) = Nodes::build(&config);
        assert!(!diags.has_errors());
        let addr = ResourceAddr::managed(ModulePath::root(), "cloud_group", "web").instance(None);
        let mut drift = [Drift { addr, before, after, relevant: !expected }];
        weigh(&mut drift, changes, &BTreeMap::new(), &nodes);
        assert_eq!(drift[0].relevant, expected);
    }

    #[test]
    fn rules_that_others_put_into_a_group_are_no_news() {
        let (empty, filled) = (group("web", &[], "a"), group("web", &["in"], "a"));
        let same = change("cloud_group", "web", Action::NoOp, Some(filled.clone()), Some(filled.clone()));
        check(false, empty.clone(), Some(filled.clone()), std::slice::from_ref(&same));
        // Nor are they when another rule comes: it names the group's id only.
        let rule = change("cloud_rule", "in", Action::Create, None, Some(Value::object([("group", Value::from("g"))])));
        check(false, empty.clone(), Some(filled.clone()), &[same.clone(), rule.clone()]);
        // The group's other attributes may change meanwhile.
        let renamed = change("cloud_group", "web", Action::Update, Some(filled.clone()), Some(group("www", &["in"], "a")));
        check(false, empty, Some(filled), &[renamed, rule]);
    }

    #[test]
    fn what_is_made_good_is_told() {
        let (known, found) = (group("web", &[], "a"), group("web", &["foreign"], "a"));
        let restored = change("cloud_group", "web", Action::Update, Some(found.clone()), Some(known.clone()));
        check(true, known.clone(), Some(found), &[restored]);
        check(true, known.clone(), None, &[change("cloud_group", "web", Action::Create, None, Some(known))]);
    }

    #[test]
    fn what_others_follow_is_told() {
        let (known, found) = (group("web", &[], "a"), group("web", &[], "b"));
        let same = change("cloud_group", "web", Action::NoOp, Some(found.clone()), Some(found.clone()));
        let follower = change("cloud_zone", "z", Action::Update, Some(Value::object([("tags", Value::from("a"))])), Some(Value::object([("tags", Value::from("b"))])));
        check(true, known.clone(), Some(found.clone()), &[same.clone(), follower]);
        check(false, known, Some(found), &[same]);
    }
}
