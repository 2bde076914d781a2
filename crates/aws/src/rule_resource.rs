//! What ingress and egress rules that are resources of their own have in common.

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroupRule as Remote, SecurityGroupRuleRequest, SecurityGroupRuleUpdate, UserIdGroupPair,
};
use weir_provider::Fault;
use weir_provider::native::ResourcePlan;
use weir_value::{Path, Value};

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::security_rules::{Direction, protocol};
use crate::tags::{self, Tags};
use crate::{Client, cidr, unset, wait};

/// The arguments of a rule, without direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    pub(crate) cidr_ipv4: Option<String>,
    pub(crate) cidr_ipv6: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) from_port: Option<i64>,
    pub(crate) id: Option<String>,
    pub(crate) ip_protocol: Option<String>,
    pub(crate) prefix_list_id: Option<String>,
    pub(crate) referenced_security_group_id: Option<String>,
    pub(crate) security_group_id: Option<String>,
    pub(crate) tags: Tags,
    pub(crate) tags_all: Tags,
    pub(crate) to_port: Option<i64>,
    pub(crate) arn: Option<String>,
}

/// Makes a type of it: `rule_type!("aws_…", VpcSecurityGroupIngressRule, Direction::Ingress)` defines the struct and its resource.
macro_rules! rule_type {
    ($(#[$doc:meta])* $type_name:literal, $name:ident, $direction:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, weir_provider::Schema)]
        #[serde(default)]
        #[schema(name = $type_name)]
        pub(crate) struct $name {
            /// ARN.
            #[schema(computed)]
            arn: Option<String>,
            /// IPv4 range.
            #[schema(optional)]
            cidr_ipv4: Option<String>,
            /// IPv6 range.
            #[schema(optional)]
            cidr_ipv6: Option<String>,
            /// Description.
            #[schema(optional)]
            description: Option<String>,
            /// First port, or ICMP type.
            #[schema(optional)]
            from_port: Option<i64>,
            /// Id.
            #[schema(computed)]
            id: Option<String>,
            /// Protocol: `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
            #[schema(required)]
            ip_protocol: Option<String>,
            /// Prefix list.
            #[schema(optional)]
            prefix_list_id: Option<String>,
            /// Security group on the other side.
            #[schema(optional)]
            referenced_security_group_id: Option<String>,
            /// Security group that the rule belongs to.
            #[schema(required, force_new)]
            security_group_id: Option<String>,
            /// Id again.
            #[schema(computed)]
            security_group_rule_id: Option<String>,
            /// Tags.
            #[schema(optional)]
            tags: $crate::tags::Tags,
            /// Tags with the provider's defaults.
            #[schema(computed)]
            tags_all: $crate::tags::Tags,
            /// Last port, or ICMP code.
            #[schema(optional)]
            to_port: Option<i64>,
        }

        impl From<$name> for Fields {
            fn from(rule: $name) -> Self {
                let $name { arn, cidr_ipv4, cidr_ipv6, description, from_port, id, ip_protocol, prefix_list_id, referenced_security_group_id, security_group_id, tags, tags_all, to_port, .. } = rule;
                Self { arn, cidr_ipv4, cidr_ipv6, description, from_port, id, ip_protocol, prefix_list_id, referenced_security_group_id, security_group_id, tags, tags_all, to_port }
            }
        }

        impl From<Fields> for $name {
            fn from(fields: Fields) -> Self {
                let Fields { arn, cidr_ipv4, cidr_ipv6, description, from_port, id, ip_protocol, prefix_list_id, referenced_security_group_id, security_group_id, tags, tags_all, to_port } = fields;
                let security_group_rule_id = id.clone();
                Self { arn, cidr_ipv4, cidr_ipv6, description, from_port, id, ip_protocol, prefix_list_id, referenced_security_group_id, security_group_id, security_group_rule_id, tags, tags_all, to_port }
            }
        }

        impl weir_provider::native::Resource for $name {
            type Client = $crate::Client;
            const MARKED: bool = true;

            fn validate(config: &weir_value::Value) -> Vec<weir_provider::Fault> {
                $crate::rule_resource::validate(config)
            }

            fn plan(client: &$crate::Client, plan: &mut weir_provider::native::ResourcePlan<'_>) -> Result<(), weir_provider::Fault> {
                $crate::plan::base(client, plan);
                $crate::rule_resource::plan(plan);
                Ok(())
            }

            async fn create(client: &$crate::Client, planned: Self, operation: &weir_provider::native::Operation<'_>) -> Result<Self, weir_provider::Fault> {
                let fields = Fields::from(planned).create(client, $direction, operation.token).await?;
                operation.created(&Self::from(fields.clone()))?;
                let found = $crate::wait::appear("rule", || fields.clone().read(client)).await?;
                Ok(found.into())
            }

            async fn read(client: &$crate::Client, prior: Self) -> Result<Option<Self>, weir_provider::Fault> {
                Ok(Fields::from(prior).read(client).await?.map(Self::from))
            }

            async fn update(client: &$crate::Client, prior: Self, planned: Self, _operation: &weir_provider::native::Operation<'_>) -> Result<Self, weir_provider::Fault> {
                Ok(Fields::from(planned).update(client, prior.into()).await?.into())
            }

            async fn delete(client: &$crate::Client, prior: Self, _operation: &weir_provider::native::Operation<'_>) -> Result<(), weir_provider::Fault> {
                Fields::from(prior).delete(client, $direction).await
            }

            async fn recover(client: &$crate::Client, planned: Self, token: &str) -> Result<Option<Self>, weir_provider::Fault> {
                Ok(Fields::from(planned).recover(client, token).await?.map(Self::from))
            }
        }
    };
}
pub(crate) use rule_type;

/// The four kinds of peers a rule can have.
const PEERS: [&str; 4] = ["cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id"];

/// What is wrong with a rule's configuration.
pub(crate) fn validate(config: &Value) -> Vec<Fault> {
    let set = |name: &&str| config.get(name).is_some_and(|value| !value.is_null());
    let mut faults: Vec<Fault> = [cidr::check_v4(config, "cidr_ipv4", 0..=32), cidr::check_v6(config, "cidr_ipv6")].into_iter().flatten().collect();
    if PEERS.iter().filter(|name| set(name)).count() != 1 {
        faults.push(Fault::error("A rule needs one peer", format!("Set exactly one of {}.", PEERS.join(", "))));
    }
    let Some(wanted) = config.get("ip_protocol").and_then(|value| value.as_str().map(protocol)) else { return faults };
    let port = |name: &str| config.get(name).and_then(|value| value.as_i64());
    if wanted == "-1" && ["from_port", "to_port"].iter().any(|name| port(name).is_some_and(|port| port != -1)) {
        faults.push(Fault::attribute(Path::attr("from_port"), "Ports without protocol", "A rule for all protocols (\"-1\") has no ports: leave them out."));
    }
    if ["tcp", "udp"].contains(&wanted.as_str()) {
        match (port("from_port"), port("to_port")) {
            (Some(from), Some(to)) if from > to => {
                faults.push(Fault::attribute(Path::attr("from_port"), "Ports the wrong way round", format!("{from} is greater than {to}.")));
            }
            _ if ["from_port", "to_port"].iter().any(|name| !set(name)) => {
                faults.push(Fault::attribute(Path::attr("from_port"), "Missing ports", format!("A rule for {wanted} needs from_port and to_port.")));
            }
            _ => {}
        }
    }
    faults
}

/// Another kind of peer needs another rule; names of protocols are the same in upper and lower case.
pub(crate) fn plan(plan: &mut ResourcePlan<'_>) {
    plan.suppress("ip_protocol", |a, b| a.as_str().map(protocol) == b.as_str().map(protocol));
    plan.suppress("cidr_ipv6", cidr::same);
    if plan.creating() {
        return;
    }
    for name in PEERS {
        if plan.prior(name).is_null() != plan.planned(name).is_null() {
            plan.force_new(name);
        }
    }
}

async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 security group rule", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let call = client.ec2().describe_security_group_rules().filters(filter("security-group-rule-id", ids));
            let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSecurityGroupRules")?;
            Ok(found.into_iter().filter_map(|rule| Some((rule.security_group_rule_id.clone()?, rule))).collect())
        })
        .await
}

impl Fields {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn protocol(&self) -> String {
        protocol(self.ip_protocol.as_deref().unwrap_or("-1"))
    }

    /// The group on the other side, and its account when it is another one.
    fn reference(&self) -> Option<(Option<String>, String)> {
        let text = self.referenced_security_group_id.as_deref()?;
        Some(text.split_once('/').map_or((None, text.to_owned()), |(account, id)| (Some(account.to_owned()), id.to_owned())))
    }

    fn ports(&self) -> (Option<i32>, Option<i32>) {
        if self.protocol() == "-1" { (None, None) } else { (self.from_port.map(|port| port as i32), self.to_port.map(|port| port as i32)) }
    }

    fn permission(&self) -> IpPermission {
        let (from, to) = self.ports();
        let text = self.description.clone().filter(|text| !text.is_empty());
        let mut permission = IpPermission::builder().ip_protocol(self.protocol()).set_from_port(from).set_to_port(to);
        if let Some(range) = &self.cidr_ipv4 {
            permission = permission.ip_ranges(IpRange::builder().cidr_ip(range).set_description(text.clone()).build());
        }
        if let Some(range) = &self.cidr_ipv6 {
            permission = permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(range).set_description(text.clone()).build());
        }
        if let Some(list) = &self.prefix_list_id {
            permission = permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(list).set_description(text.clone()).build());
        }
        if let Some((account, id)) = self.reference() {
            permission = permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).set_user_id(account).set_description(text).build());
        }
        permission.build()
    }

    /// Creates it; `id` is set in what comes back.
    pub(crate) async fn create(self, client: &Client, direction: Direction, token: &str) -> Result<Self, Fault> {
        let tags = client.new_tags(ResourceType::SecurityGroupRule, &self.tags, token);
        let group = self.security_group_id.clone();
        let passing = |error: &ApiError| error.is(&["InvalidGroup.NotFound"]);
        let limit = std::time::Duration::from_secs(60);
        let rules = match direction {
            Direction::Ingress => {
                let call = client.ec2().authorize_security_group_ingress().set_group_id(group).ip_permissions(self.permission()).tag_specifications(tags);
                wait::retry(limit, passing, || async { call.clone().send().await.api("ec2:AuthorizeSecurityGroupIngress") }).await?.security_group_rules
            }
            Direction::Egress => {
                let call = client.ec2().authorize_security_group_egress().set_group_id(group).ip_permissions(self.permission()).tag_specifications(tags);
                wait::retry(limit, passing, || async { call.clone().send().await.api("ec2:AuthorizeSecurityGroupEgress") }).await?.security_group_rules
            }
        };
        let id = rules.unwrap_or_default().into_iter().find_map(|rule| rule.security_group_rule_id);
        let id = id.ok_or_else(|| Fault::uncertain("Creating the rule failed", "The answer holds no rule."))?;
        Ok(Self { id: Some(id), ..self })
    }

    /// The rule as it is.
    pub(crate) async fn read(self, client: &Client) -> Result<Option<Self>, Fault> {
        let Some(rule) = describe(client, self.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(rule.tags()), &self.tags);
        let owner = match rule.group_owner_id().filter(|owner| !owner.is_empty()) {
            Some(owner) => owner,
            None => client.account_of(self.arn.as_ref()).await?,
        };
        let found = rule.ip_protocol().unwrap_or("-1").to_owned();
        let all = found == "-1";
        let port = |prior: Option<i64>, port: Option<i32>| if all { prior.filter(|port| *port == -1) } else { port.map(i64::from) };
        let reference = match rule.referenced_group_info().and_then(|info| Some((info.group_id()?, info.user_id().unwrap_or_default()))) {
            // Only a group of another account is named with its account.
            Some((id, user)) if user.is_empty() || user == owner || user == client.account().await? => Some(id.to_owned()),
            Some((id, user)) => Some(format!("{user}/{id}")),
            None => None,
        };
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let ip_protocol = self.ip_protocol.clone().filter(|written| protocol(written) == found).or(Some(found));
        let cidr_ipv6 = given(&rule.cidr_ipv6).map(|range| match &self.cidr_ipv6 {
            Some(written) if cidr::canonical(written) == cidr::canonical(&range) => written.clone(),
            _ => range,
        });
        Ok(Some(Self {
            arn: Some(client.arn("ec2", owner, &format!("security-group-rule/{}", self.id()))),
            cidr_ipv4: given(&rule.cidr_ipv4),
            cidr_ipv6,
            description: unset::text(self.description.as_ref(), rule.description()),
            from_port: port(self.from_port, rule.from_port),
            id: rule.security_group_rule_id.clone(),
            ip_protocol,
            prefix_list_id: given(&rule.prefix_list_id),
            referenced_security_group_id: reference,
            security_group_id: rule.group_id.clone(),
            to_port: port(self.to_port, rule.to_port),
            tags,
            tags_all,
        }))
    }

    /// Changes it in place.
    pub(crate) async fn update(self, client: &Client, prior: Self) -> Result<Self, Fault> {
        let id = prior.id().to_owned();
        if self.permission() != prior.permission() {
            let (from, to) = self.ports();
            let request = SecurityGroupRuleRequest::builder()
                .ip_protocol(self.protocol())
                .set_from_port(from)
                .set_to_port(to)
                .set_cidr_ipv4(self.cidr_ipv4.clone())
                .set_cidr_ipv6(self.cidr_ipv6.clone())
                .set_prefix_list_id(self.prefix_list_id.clone())
                .set_referenced_group_id(self.reference().map(|(_, id)| id))
                .set_description(self.description.clone());
            let change = SecurityGroupRuleUpdate::builder().security_group_rule_id(&id).security_group_rule(request.build()).build();
            let call = client.ec2().modify_security_group_rules().set_group_id(self.security_group_id.clone()).security_group_rules(change);
            call.send().await.api("ec2:ModifySecurityGroupRules")?;
        }
        client.retag(&id, &prior.tags_all, &self.tags).await?;
        Self { id: Some(id), ..self }.read(client).await?.ok_or_else(|| Fault::not_found("The rule is gone."))
    }

    /// Deletes it.
    pub(crate) async fn delete(self, client: &Client, direction: Direction) -> Result<(), Fault> {
        match direction {
            Direction::Ingress => {
                let call = client.ec2().revoke_security_group_ingress().set_group_id(self.security_group_id.clone()).security_group_rule_ids(self.id());
                call.send().await.api("ec2:RevokeSecurityGroupIngress")?;
            }
            Direction::Egress => {
                let call = client.ec2().revoke_security_group_egress().set_group_id(self.security_group_id.clone()).security_group_rule_ids(self.id());
                call.send().await.api("ec2:RevokeSecurityGroupEgress")?;
            }
        }
        Ok(())
    }

    /// Finds it by the marker.
    pub(crate) async fn recover(self, client: &Client, token: &str) -> Result<Option<Self>, Fault> {
        match marker::find(client, "sgr", token).await? {
            Some(id) => Self { id: Some(id), ..self }.read(client).await,
            None => Ok(None),
        }
    }
}
