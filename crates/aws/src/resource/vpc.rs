//! `aws_vpc`

use std::collections::HashMap;

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Tenancy, Vpc as Remote, VpcAttributeName, VpcCidrBlockStateCode, VpcState};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::resource::route_table;
use crate::tags::{self, Tags};
use crate::{Client, cidr, plan, wait};

/// A virtual network of its own in a region.
///
/// ```hcl
/// resource "aws_vpc" "main" {
///   cidr_block           = "10.0.0.0/16"
///   enable_dns_hostnames = true
///   tags                 = { Name = "main" }
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_vpc", version = 1)]
pub(crate) struct Vpc {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Asks Amazon for a /56 of IPv6 addresses.
    #[schema(optional)]
    assign_generated_ipv6_cidr_block: Option<bool>,
    /// IPv4 range, /16 to /28.
    #[schema(optional, computed, force_new)]
    pub(crate) cidr_block: Option<String>,
    /// The network ACL that subnets get by themselves.
    #[schema(computed)]
    default_network_acl_id: Option<String>,
    /// The route table that was created with the VPC.
    #[schema(computed)]
    default_route_table_id: Option<String>,
    /// The security group that interfaces get by themselves.
    #[schema(computed)]
    default_security_group_id: Option<String>,
    /// DHCP options in use.
    #[schema(computed)]
    dhcp_options_id: Option<String>,
    /// Instances with a public address get a public name.
    #[schema(optional, computed)]
    enable_dns_hostnames: Option<bool>,
    /// Amazon's DNS server answers in the VPC.
    #[schema(optional, default = true)]
    enable_dns_support: Option<bool>,
    /// Network address usage is counted.
    #[schema(optional, computed)]
    enable_network_address_usage_metrics: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    pub(crate) id: Option<String>,
    /// `default` or `dedicated`.
    #[schema(optional, default = "default")]
    instance_tenancy: Option<String>,
    /// IPAM pool to take the IPv4 range from.
    #[schema(optional, force_new)]
    ipv4_ipam_pool_id: Option<String>,
    /// Prefix length of the range from the IPAM pool.
    #[schema(optional, force_new)]
    ipv4_netmask_length: Option<i64>,
    /// Association of the IPv6 range.
    #[schema(computed)]
    ipv6_association_id: Option<String>,
    /// IPv6 range.
    #[schema(optional, computed)]
    ipv6_cidr_block: Option<String>,
    /// Where the IPv6 range is announced.
    #[schema(optional, computed)]
    ipv6_cidr_block_network_border_group: Option<String>,
    /// IPAM pool to take the IPv6 range from.
    #[schema(optional)]
    ipv6_ipam_pool_id: Option<String>,
    /// Prefix length of the IPv6 range from the pool.
    #[schema(optional)]
    ipv6_netmask_length: Option<i64>,
    /// The route table of subnets without one of their own.
    #[schema(computed)]
    main_route_table_id: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
}

/// One VPC, asked for together with others.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 vpc", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_vpcs().filters(filter("vpc-id", ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeVpcs")?;
            found.iter().for_each(|vpc| client.ranges().described(vpc));
            Ok(found.into_iter().filter_map(|vpc| Some((vpc.vpc_id.clone()?, vpc))).collect())
        })
        .await
}

/// The main route table of a VPC.
pub(crate) async fn main_route_table(client: &Client, vpc: &str) -> Result<Option<String>, Fault> {
    client
        .batch("ec2 main route table", 150, vpc.to_owned(), |client, ids: Vec<String>| async move {
            let call = client.ec2().describe_route_tables().filters(filter("vpc-id", ids)).filters(filter("association.main", ["true"]));
            let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeRouteTables")?;
            Ok(found.into_iter().filter_map(|table| Some((table.vpc_id?, table.route_table_id?))).collect())
        })
        .await
}

/// The default network ACL of a VPC.
pub(crate) async fn default_network_acl(client: &Client, vpc: &str) -> Result<Option<String>, Fault> {
    client
        .batch("ec2 default network acl", 150, vpc.to_owned(), |client, ids: Vec<String>| async move {
            let call = client.ec2().describe_network_acls().filters(filter("vpc-id", ids)).filters(filter("default", ["true"]));
            let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeNetworkAcls")?;
            Ok(found.into_iter().filter_map(|acl| Some((acl.vpc_id?, acl.network_acl_id?))).collect())
        })
        .await
}

/// The default security group of a VPC.
pub(crate) async fn default_security_group(client: &Client, vpc: &str) -> Result<Option<String>, Fault> {
    client
        .batch("ec2 default security group", 150, vpc.to_owned(), |client, ids: Vec<String>| async move {
            let call = client.ec2().describe_security_groups().filters(filter("vpc-id", ids)).filters(filter("group-name", ["default"]));
            let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSecurityGroups")?;
            Ok(found.into_iter().filter_map(|group| Some((group.vpc_id?, group.group_id?))).collect::<HashMap<_, _>>())
        })
        .await
}

/// What the VPC was created with: it cannot be replaced, so it is looked for only once.
async fn fixed(prior: Option<&String>, look: impl Future<Output = Result<Option<String>, Fault>>) -> Result<Option<String>, Fault> {
    match prior.filter(|id| !id.is_empty()) {
        Some(id) => Ok(Some(id.clone())),
        None => look.await,
    }
}

/// The main route table: the one that it was, read together with other tables, if it still is, or else the one that is found.
async fn main_table(client: &Client, vpc: &str, prior: Option<&String>) -> Result<Option<String>, Fault> {
    if let Some(id) = prior.filter(|id| !id.is_empty()) {
        let table = route_table::describe(client, id).await?;
        if table.is_some_and(|table| table.vpc_id() == Some(vpc) && table.associations().iter().any(|association| association.main == Some(true))) {
            return Ok(Some(id.clone()));
        }
    }
    main_route_table(client, vpc).await
}

async fn attribute(client: &Client, id: &str, name: VpcAttributeName) -> Result<bool, Fault> {
    let answer = client.ec2().describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send().await.api("ec2:DescribeVpcAttribute")?;
    let value = match name {
        VpcAttributeName::EnableDnsHostnames => answer.enable_dns_hostnames,
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support,
        _ => answer.enable_network_address_usage_metrics,
    };
    Ok(value.and_then(|value| value.value).unwrap_or(false))
}

/// What a call of its own tells, one each.
pub(crate) struct Attributes {
    pub(crate) support: bool,
    pub(crate) hostnames: bool,
    pub(crate) metrics: bool,
}

/// The attributes of a VPC.
pub(crate) async fn attributes(client: &Client, id: &str) -> Result<Attributes, Fault> {
    let (support, hostnames, metrics) = tokio::try_join!(
        attribute(client, id, VpcAttributeName::EnableDnsSupport),
        attribute(client, id, VpcAttributeName::EnableDnsHostnames),
        attribute(client, id, VpcAttributeName::EnableNetworkAddressUsageMetrics),
    )?;
    Ok(Attributes { support, hostnames, metrics })
}

/// The attributes that a call of their own sets, one each.
async fn set_attributes(client: &Client, id: &str, prior: &Vpc, planned: &Vpc) -> Result<(), Fault> {
    let changes = [
        // Host names need DNS support: it goes on first and off last.
        (planned.enable_dns_support == Some(true)).then_some((VpcAttributeName::EnableDnsSupport, planned.enable_dns_support, prior.enable_dns_support)),
        Some((VpcAttributeName::EnableDnsHostnames, planned.enable_dns_hostnames, prior.enable_dns_hostnames)),
        (planned.enable_dns_support == Some(false)).then_some((VpcAttributeName::EnableDnsSupport, planned.enable_dns_support, prior.enable_dns_support)),
        Some((VpcAttributeName::EnableNetworkAddressUsageMetrics, planned.enable_network_address_usage_metrics, prior.enable_network_address_usage_metrics)),
    ];
    for (name, value, before) in changes.into_iter().flatten() {
        let Some(value) = value.filter(|value| before != Some(*value)) else { continue };
        let boolean = AttributeBooleanValue::builder().value(value).build();
        let call = client.ec2().modify_vpc_attribute().vpc_id(id);
        let call = match name {
            VpcAttributeName::EnableDnsHostnames => call.enable_dns_hostnames(boolean),
            VpcAttributeName::EnableDnsSupport => call.enable_dns_support(boolean),
            _ => call.enable_network_address_usage_metrics(boolean),
        };
        call.send().await.api("ec2:ModifyVpcAttribute")?;
    }
    Ok(())
}

impl Vpc {
    fn wants_ipv6(&self) -> bool {
        self.assign_generated_ipv6_cidr_block == Some(true) || self.ipv6_ipam_pool_id.as_ref().is_some_and(|pool| !pool.is_empty())
    }

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

/// True when an association of an IPv6 range is there or comes.
pub(crate) fn associated(state: Option<&VpcCidrBlockStateCode>) -> bool {
    matches!(state, Some(VpcCidrBlockStateCode::Associated | VpcCidrBlockStateCode::Associating))
}

async fn wait_for_ipv6(client: &Client, id: &str, wanted: bool) -> Result<(), Fault> {
    wait::until("the IPv6 range of the VPC", wait::limit(None, 10)?, || async {
        let Some(vpc) = describe(client, id).await? else { return Ok(None) };
        let mut states = vpc.ipv6_cidr_block_association_set().iter().filter_map(|set| set.ipv6_cidr_block_state()?.state());
        let done = if wanted {
            states.any(|state| *state == VpcCidrBlockStateCode::Associated)
        } else {
            states.all(|state| matches!(state, VpcCidrBlockStateCode::Disassociated | VpcCidrBlockStateCode::Failed))
        };
        Ok(done.then_some(()))
    })
    .await
}

impl Resource for Vpc {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        [cidr::check_v4(config, "cidr_block", 16..=28), cidr::check_v6(config, "ipv6_cidr_block")].into_iter().flatten().collect()
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        let ipv6 = ["assign_generated_ipv6_cidr_block", "ipv6_ipam_pool_id", "ipv6_netmask_length", "ipv6_cidr_block"];
        if !plan.creating() && ipv6.iter().any(|name| plan.changed(name)) {
            plan.unknown("ipv6_association_id");
            for name in ["ipv6_cidr_block", "ipv6_cidr_block_network_border_group"] {
                if plan.config(name).is_null() {
                    plan.unknown(name);
                }
            }
        }
        // Dedicated tenancy can be given up in place, but not taken on.
        if plan.changed("instance_tenancy") && plan.planned("instance_tenancy").as_str() == Some("dedicated") && !plan.creating() {
            plan.force_new("instance_tenancy");
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let answer = client
            .ec2()
            .create_vpc()
            .set_cidr_block(planned.cidr_block.clone())
            .set_instance_tenancy(planned.instance_tenancy.as_deref().map(Tenancy::from))
            .set_ipv4_ipam_pool_id(planned.ipv4_ipam_pool_id.clone())
            .set_ipv4_netmask_length(planned.ipv4_netmask_length.map(|length| length as i32))
            .set_amazon_provided_ipv6_cidr_block(planned.assign_generated_ipv6_cidr_block)
            .set_ipv6_cidr_block_network_border_group(planned.ipv6_cidr_block_network_border_group.clone())
            .set_ipv6_ipam_pool_id(planned.ipv6_ipam_pool_id.clone())
            .set_ipv6_netmask_length(planned.ipv6_netmask_length.map(|length| length as i32))
            .set_ipv6_cidr_block(planned.ipv6_cidr_block.clone().filter(|_| planned.ipv6_ipam_pool_id.is_some()))
            .tag_specifications(client.new_tags(ResourceType::Vpc, &planned.tags, operation.token))
            .send()
            .await
            .api("ec2:CreateVpc")?;
        let id = answer.vpc.and_then(|vpc| vpc.vpc_id).ok_or_else(|| Fault::uncertain("ec2:CreateVpc failed", "The answer holds no VPC."))?;
        let created = Self { id: Some(id.clone()), ..planned };
        operation.created(&created)?;
        wait::until("the VPC", wait::limit(None, 10)?, || async { Ok(describe(client, &id).await?.filter(|vpc| vpc.state == Some(VpcState::Available))) }).await?;
        if created.wants_ipv6() {
            wait_for_ipv6(client, &id, true).await?;
        }
        let fresh = Self { enable_dns_support: Some(true), enable_dns_hostnames: Some(false), enable_network_address_usage_metrics: Some(false), ..Self::default() };
        set_attributes(client, &id, &fresh, &created).await?;
        wait::appear("VPC", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = prior.id().to_owned();
        // All at once, so that the table is read together with others.
        let (vpc, attributes, acl, group, table) = tokio::try_join!(
            describe(client, &id),
            attributes(client, &id),
            fixed(prior.default_network_acl_id.as_ref(), default_network_acl(client, &id)),
            fixed(prior.default_security_group_id.as_ref(), default_security_group(client, &id)),
            main_table(client, &id, prior.main_route_table_id.as_ref()),
        )?;
        let Some(vpc) = vpc else { return Ok(None) };
        let ipv6 = vpc.ipv6_cidr_block_association_set().iter().find(|set| associated(set.ipv6_cidr_block_state().and_then(|state| state.state())));
        let amazon = ipv6.is_some_and(|set| set.ipv6_pool() == Some("Amazon"));
        let text = |found: Option<&str>| Some(found.unwrap_or_default().to_owned());
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(vpc.tags()), &prior.tags);
        Ok(Some(Self {
            arn: vpc.owner_id().map(|owner| client.arn("ec2", owner, &format!("vpc/{id}"))),
            assign_generated_ipv6_cidr_block: if amazon { Some(true) } else { prior.assign_generated_ipv6_cidr_block.map(|_| false) },
            default_network_acl_id: acl,
            default_route_table_id: prior.default_route_table_id.or_else(|| table.clone()),
            default_security_group_id: group,
            dhcp_options_id: vpc.dhcp_options_id.clone(),
            enable_dns_hostnames: Some(attributes.hostnames),
            enable_dns_support: Some(attributes.support),
            enable_network_address_usage_metrics: Some(attributes.metrics),
            instance_tenancy: vpc.instance_tenancy.as_ref().map(|tenancy| tenancy.as_str().to_owned()),
            ipv6_association_id: text(ipv6.and_then(|set| set.association_id())),
            ipv6_cidr_block: text(ipv6.and_then(|set| set.ipv6_cidr_block())),
            ipv6_cidr_block_network_border_group: text(ipv6.and_then(|set| set.network_border_group())),
            main_route_table_id: table,
            owner_id: vpc.owner_id.clone(),
            cidr_block: vpc.cidr_block,
            id: Some(id),
            tags,
            tags_all,
            ipv4_ipam_pool_id: prior.ipv4_ipam_pool_id,
            ipv4_netmask_length: prior.ipv4_netmask_length,
            ipv6_ipam_pool_id: prior.ipv6_ipam_pool_id,
            ipv6_netmask_length: prior.ipv6_netmask_length,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let id = prior.id().to_owned();
        set_attributes(client, &id, &prior, &planned).await?;
        if planned.instance_tenancy != prior.instance_tenancy {
            client.ec2().modify_vpc_tenancy().vpc_id(&id).instance_tenancy("default".into()).send().await.api("ec2:ModifyVpcTenancy")?;
        }
        let source = |vpc: &Self| (vpc.wants_ipv6(), vpc.ipv6_ipam_pool_id.clone(), vpc.ipv6_netmask_length);
        if source(&prior) != source(&planned) {
            if let Some(association) = prior.ipv6_association_id.as_deref().filter(|association| !association.is_empty()) {
                let call = client.ec2().disassociate_vpc_cidr_block().association_id(association);
                call.send().await.api("ec2:DisassociateVpcCidrBlock")?;
                wait_for_ipv6(client, &id, false).await?;
            }
            if planned.wants_ipv6() {
                client
                    .ec2()
                    .associate_vpc_cidr_block()
                    .vpc_id(&id)
                    .set_amazon_provided_ipv6_cidr_block(planned.assign_generated_ipv6_cidr_block)
                    .set_ipv6_cidr_block_network_border_group(planned.ipv6_cidr_block_network_border_group.clone().filter(|group| !group.is_empty()))
                    .set_ipv6_ipam_pool_id(planned.ipv6_ipam_pool_id.clone().filter(|pool| !pool.is_empty()))
                    .set_ipv6_netmask_length(planned.ipv6_netmask_length.map(|length| length as i32))
                    .send()
                    .await
                    .api("ec2:AssociateVpcCidrBlock")?;
                wait_for_ipv6(client, &id, true).await?;
            }
        }
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        let expected = Self { id: Some(id), default_route_table_id: prior.default_route_table_id, ..planned };
        Self::read(client, expected).await?.ok_or_else(|| Fault::not_found("The VPC is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let id = prior.id();
        // Interfaces of deleted load balancers and endpoints go away by themselves, but not at once.
        wait::retry(
            wait::limit(None, 5)?,
            |error: &ApiError| error.is(&["DependencyViolation"]),
            || async { client.ec2().delete_vpc().vpc_id(id).send().await.api("ec2:DeleteVpc") },
        )
        .await?;
        wait::until("the VPC to go", wait::limit(None, 5)?, || async { Ok(describe(client, id).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        match marker::find(client, "vpc", token).await? {
            Some(id) => Self::read(client, Self { id: Some(id), ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, lab_with, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let state = Lifecycle::new(&lab, "aws_vpc", json!({"cidr_block": "10.1.0.0/16"}))
            .update(json!({"cidr_block": "10.1.0.0/16", "enable_dns_hostnames": true, "tags": {"Name": "main"}}))
            .update(json!({"cidr_block": "10.1.0.0/16", "enable_dns_support": false, "enable_dns_hostnames": false, "tags": {"Name": "other", "a": "b"}}))
            .run()
            .await;
        assert!(text(&state, "default_network_acl_id").starts_with("acl-"));
        assert!(text(&state, "default_security_group_id").starts_with("sg-"));
        assert!(text(&state, "main_route_table_id").starts_with("rtb-"));
        assert_eq!(text(&state, "arn"), format!("arn:aws:ec2:eu-central-1:123456789012:vpc/{}", text(&state, "id")));
    }

    #[tokio::test]
    async fn default_tags_and_replacement() {
        let lab = lab_with(json!({"default_tags": [{"tags": {"team": "core", "env": "dev"}}]})).await;
        let config = json!({"cidr_block": "10.2.0.0/16", "tags": {"env": "prod"}});
        let state = Lifecycle::new(&lab, "aws_vpc", config).update(json!({"cidr_block": "10.2.0.0/16"})).run().await;
        let tags = |name: &str| format!("{:?}", state.get(name).expect("tags"));
        assert_eq!(tags("tags_all"), r#"{"env": "dev", "team": "core"}"#);
        let planned = lab.plan("aws_vpc", Some(&state), &json!({"cidr_block": "10.3.0.0/16"})).await.expect("plan");
        assert_eq!(planned.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".cidr_block"]);
    }
}
