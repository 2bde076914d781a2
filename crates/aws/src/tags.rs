//! Tags: the object's own, the provider's defaults, those that others set.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use weir_provider::Fault;
use weir_provider::native::ResourcePlan;
use weir_value::{Type, Value};

use crate::Client;
use crate::api::Explain;
use crate::config::{DefaultTags, IgnoreTags};

/// The key of the tag that says which operation created an object; its value is the journal's token.
pub(crate) const MARKER: &str = "weir:operation";

/// A `tags` or `tags_all` attribute.
pub(crate) type Tags = Option<BTreeMap<String, String>>;

/// What the provider block says about tags.
#[derive(Clone, Debug, Default)]
pub(crate) struct TagRules {
    defaults: BTreeMap<String, String>,
    ignored: Vec<String>,
    ignored_prefixes: Vec<String>,
}

impl TagRules {
    pub(crate) fn new(defaults: Vec<DefaultTags>, ignored: Vec<IgnoreTags>) -> Self {
        let mut rules = Self { defaults: defaults.into_iter().flat_map(|block| block.tags).collect(), ..Self::default() };
        for block in ignored {
            rules.ignored.extend(block.keys);
            rules.ignored_prefixes.extend(block.key_prefixes);
        }
        rules
    }

    /// The same rules with other `default_tags`.
    pub(crate) fn with_defaults(&self, defaults: BTreeMap<String, String>) -> Self {
        Self { defaults, ..self.clone() }
    }

    fn is_ignored(&self, key: &str) -> bool {
        self.ignored.iter().any(|ignored| ignored == key) || self.ignored_prefixes.iter().any(|prefix| key.starts_with(prefix))
    }

    /// The `default_tags`.
    pub(crate) fn defaults(&self) -> &BTreeMap<String, String> {
        &self.defaults
    }

    /// The tags that an object shall have: the defaults with its own over them.
    pub(crate) fn all(&self, tags: &Tags) -> BTreeMap<String, String> {
        let mut all = self.defaults.clone();
        all.extend(tags.iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        all.retain(|key, _| !self.is_ignored(key));
        all
    }

    /// `tags` and `tags_all` of the tags that the API shows; `prior` is `tags` as the state has it, which decides whether a tag that equals a default is
    /// the object's own too.
    pub(crate) fn read(&self, remote: impl IntoIterator<Item = (String, String)>, prior: &Tags) -> (Tags, Tags) {
        let all: BTreeMap<String, String> = remote.into_iter().filter(|(key, _)| !key.starts_with("aws:") && key != MARKER && !self.is_ignored(key)).collect();
        let own = |key: &String, value: &String| self.defaults.get(key) != Some(value) || prior.as_ref().is_some_and(|prior| prior.contains_key(key));
        let tags: BTreeMap<String, String> = all.iter().filter(|(key, value)| own(key, value)).map(|(key, value)| (key.clone(), value.clone())).collect();
        let tags = if tags.is_empty() && prior.is_none() { None } else { Some(tags) };
        (tags, Some(all))
    }

    /// Sets `tags_all` in a plan: what `tags` and the defaults give together.
    pub(crate) fn plan(&self, plan: &mut ResourcePlan<'_>) {
        let tags = plan.planned("tags");
        if !tags.is_known() {
            plan.unknown("tags_all");
            return;
        }
        let mut all: BTreeMap<String, Value> = self.defaults.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
        if let Value::Map(_, entries) | Value::Object(entries) = &tags {
            all.extend(entries.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.to_string(), value.clone())));
        }
        all.retain(|key, _| !self.is_ignored(key));
        plan.set("tags_all", Value::map(Type::String, all));
    }
}

/// What to set and what to remove to get from one set of tags to another.
pub(crate) fn difference(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> (BTreeMap<String, String>, Vec<String>) {
    let set = after.iter().filter(|(key, value)| before.get(*key) != Some(value)).map(|(key, value)| (key.clone(), value.clone())).collect();
    let removed = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
    (set, removed)
}

/// Tags as EC2 shows them, as pairs.
pub(crate) fn of_ec2(tags: &[Tag]) -> impl Iterator<Item = (String, String)> {
    tags.iter().map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()))
}

impl Client {
    /// The `TagSpecification` of a new EC2 object: its tags, the defaults, and the marker with the journal's token.
    pub(crate) fn new_tags(&self, kind: ResourceType, tags: &Tags, token: &str) -> TagSpecification {
        let marker = (MARKER.to_owned(), token.to_owned());
        let all = self.tag_rules().all(tags).into_iter().chain([marker]);
        let all = all.map(|(key, value)| Tag::builder().key(key).value(value).build());
        TagSpecification::builder().resource_type(kind).set_tags(Some(all.collect())).build()
    }

    /// Changes the tags of an EC2 object from the prior `tags_all` to what is planned.
    pub(crate) async fn retag(&self, id: &str, prior_all: &Tags, planned: &Tags) -> Result<(), Fault> {
        let (set, removed) = difference(prior_all.as_ref().unwrap_or(&BTreeMap::new()), &self.tag_rules().all(planned));
        if !removed.is_empty() {
            let tags = removed.into_iter().map(|key| Tag::builder().key(key).build());
            self.ec2().delete_tags().resources(id).set_tags(Some(tags.collect())).send().await.api("ec2:DeleteTags")?;
        }
        if !set.is_empty() {
            let tags = set.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
            self.ec2().create_tags().resources(id).set_tags(Some(tags.collect())).send().await.api("ec2:CreateTags")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn own_default_and_foreign_tags() {
        let rules = TagRules { defaults: map(&[("team", "core"), ("env", "dev")]), ignored: vec!["seen".into()], ignored_prefixes: vec!["kubernetes.io/".into()] };
        let remote = map(&[("team", "core"), ("env", "prod"), ("Name", "x"), ("seen", "1"), ("kubernetes.io/a", "1"), ("aws:x", "1"), (MARKER, "t")]);
        let (tags, all) = rules.read(remote.clone(), &None);
        assert_eq!(tags, Some(map(&[("env", "prod"), ("Name", "x")])));
        assert_eq!(all, Some(map(&[("env", "prod"), ("Name", "x"), ("team", "core")])));
        let prior = Some(map(&[("team", "core")]));
        assert_eq!(rules.read(remote, &prior).0, Some(map(&[("env", "prod"), ("Name", "x"), ("team", "core")])));
        assert_eq!(rules.read([], &None), (None, Some(map(&[]))));
        assert_eq!(rules.all(&Some(map(&[("env", "prod"), ("seen", "2")]))), map(&[("env", "prod"), ("team", "core")]));
        assert_eq!(difference(&map(&[("a", "1"), ("b", "1")]), &map(&[("a", "2")])), (map(&[("a", "2")]), vec!["b".to_owned()]));
    }
}
