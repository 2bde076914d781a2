//! `aws_subnet`

use aws_sdk_ec2::operation::modify_subnet_attribute::builders::ModifySubnetAttributeFluentBuilder;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Subnet as Remote, SubnetCidrBlockStateCode, SubnetState};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::Value;

use crate::api::{ApiError, Explain};
use crate::marker::{self, filter};
use crate::tags::{self, Tags};
use crate::timeouts::timeouts;
use crate::{Client, cidr, plan, unset, wait};

/// A range of a VPC's addresses in one availability zone.
///
/// ```hcl
/// resource "aws_subnet" "a" {
///   vpc_id            = aws_vpc.main.id
///   cidr_block        = "10.0.1.0/24"
///   availability_zone = "eu-central-1a"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_subnet", version = 1)]
pub(crate) struct Subnet {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// New interfaces get an IPv6 address.
    #[schema(optional, default = false)]
    assign_ipv6_address_on_creation: Option<bool>,
    /// Availability zone, such as `eu-central-1a`.
    #[schema(optional, computed, force_new)]
    availability_zone: Option<String>,
    /// Id of the availability zone, such as `euc1-az2`.
    #[schema(optional, computed, force_new)]
    availability_zone_id: Option<String>,
    /// IPv4 range.
    #[schema(optional, force_new)]
    cidr_block: Option<String>,
    /// Pool of addresses on an Outpost.
    #[schema(optional)]
    customer_owned_ipv4_pool: Option<String>,
    /// DNS answers hold IPv6 addresses for names that have IPv4 ones only.
    #[schema(optional, default = false)]
    enable_dns64: Option<bool>,
    /// Position of local network interfaces.
    #[schema(optional)]
    enable_lni_at_device_index: Option<i64>,
    /// Names of instances have A records.
    #[schema(optional, default = false)]
    enable_resource_name_dns_a_record_on_launch: Option<bool>,
    /// Names of instances have AAAA records.
    #[schema(optional, default = false)]
    enable_resource_name_dns_aaaa_record_on_launch: Option<bool>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// IPv6 range, a /64.
    #[schema(optional)]
    ipv6_cidr_block: Option<String>,
    /// Association of the IPv6 range.
    #[schema(computed)]
    ipv6_cidr_block_association_id: Option<String>,
    /// IPv6 only.
    #[schema(optional, force_new, default = false)]
    ipv6_native: Option<bool>,
    /// New interfaces get an address of the Outpost's pool.
    #[schema(optional)]
    map_customer_owned_ip_on_launch: Option<bool>,
    /// New interfaces get a public IPv4 address.
    #[schema(optional, default = false)]
    map_public_ip_on_launch: Option<bool>,
    /// Outpost.
    #[schema(optional, force_new)]
    outpost_arn: Option<String>,
    /// Account that owns it.
    #[schema(computed)]
    owner_id: Option<String>,
    /// `ip-name` or `resource-name`.
    #[schema(optional, computed)]
    private_dns_hostname_type_on_launch: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// VPC.
    #[schema(required, force_new)]
    vpc_id: Option<String>,
    /// Time limits.
    #[schema(block)]
    timeouts: Option<Timeouts>,
}

timeouts!(create, delete);

/// One subnet, asked for together with others.
pub(crate) async fn describe(client: &Client, id: &str) -> Result<Option<Remote>, Fault> {
    client
        .batch("ec2 subnet", 150, id.to_owned(), |client, ids: Vec<String>| async move {
            let pages = client.ec2().describe_subnets().filters(filter("subnet-id", ids)).into_paginator().items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.api("ec2:DescribeSubnets")?;
            Ok(found.into_iter().filter_map(|subnet| Some((subnet.subnet_id.clone()?, subnet))).collect())
        })
        .await
}

fn boolean(value: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(value).build()
}

impl Subnet {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Sets what differs; the API takes one attribute per call.
    async fn set_attributes(client: &Client, id: &str, prior: &Self, planned: &Self) -> Result<(), Fault> {
        type Call = ModifySubnetAttributeFluentBuilder;
        /// Before, after, and how the call says it.
        type Flag = (Option<bool>, Option<bool>, fn(Call, bool) -> Call);
        let flags: [Flag; 5] = [
            (prior.assign_ipv6_address_on_creation, planned.assign_ipv6_address_on_creation, |call, on| call.assign_ipv6_address_on_creation(boolean(on))),
            (prior.enable_dns64, planned.enable_dns64, |call, on| call.enable_dns64(boolean(on))),
            (prior.enable_resource_name_dns_a_record_on_launch, planned.enable_resource_name_dns_a_record_on_launch, |call, on| {
                call.enable_resource_name_dns_a_record_on_launch(boolean(on))
            }),
            (prior.enable_resource_name_dns_aaaa_record_on_launch, planned.enable_resource_name_dns_aaaa_record_on_launch, |call, on| {
                call.enable_resource_name_dns_aaaa_record_on_launch(boolean(on))
            }),
            (prior.map_public_ip_on_launch, planned.map_public_ip_on_launch, |call, on| call.map_public_ip_on_launch(boolean(on))),
        ];
        let new = || client.ec2().modify_subnet_attribute().subnet_id(id);
        let mut calls: Vec<Call> = flags
            .into_iter()
            .filter(|(before, after, _)| after.is_some() && before.unwrap_or(false) != after.unwrap_or(false))
            .map(|(_, after, set)| set(new(), after.unwrap_or(false)))
            .collect();
        if planned.map_customer_owned_ip_on_launch.unwrap_or(false) != prior.map_customer_owned_ip_on_launch.unwrap_or(false) {
            let on = planned.map_customer_owned_ip_on_launch.unwrap_or(false);
            calls.push(new().map_customer_owned_ip_on_launch(boolean(on)).set_customer_owned_ipv4_pool(planned.customer_owned_ipv4_pool.clone()));
        }
        if planned.private_dns_hostname_type_on_launch.is_some() && planned.private_dns_hostname_type_on_launch != prior.private_dns_hostname_type_on_launch {
            let kind = planned.private_dns_hostname_type_on_launch.as_deref().map(Into::into);
            calls.push(new().set_private_dns_hostname_type_on_launch(kind));
        }
        if planned.enable_lni_at_device_index != prior.enable_lni_at_device_index {
            calls.push(match planned.enable_lni_at_device_index {
                Some(index) => new().enable_lni_at_device_index(index as i32),
                None => new().disable_lni_at_device_index(boolean(true)),
            });
        }
        for call in calls {
            call.send().await.api("ec2:ModifySubnetAttribute")?;
        }
        Ok(())
    }
}

async fn wait_for_ipv6(client: &Client, id: &str, wanted: bool) -> Result<(), Fault> {
    wait::until("the IPv6 range of the subnet", wait::limit(None, 3)?, || async {
        let Some(subnet) = describe(client, id).await? else { return Ok(None) };
        let mut states = subnet.ipv6_cidr_block_association_set().iter().filter_map(|set| set.ipv6_cidr_block_state()?.state());
        let done = if wanted {
            states.any(|state| *state == SubnetCidrBlockStateCode::Associated)
        } else {
            states.all(|state| matches!(state, SubnetCidrBlockStateCode::Disassociated | SubnetCidrBlockStateCode::Failed))
        };
        Ok(done.then_some(()))
    })
    .await
}

impl Resource for Subnet {
    type Client = Client;
    const MARKED: bool = true;

    fn validate(config: &Value) -> Vec<Fault> {
        [cidr::check_v4(config, "cidr_block", 16..=28), cidr::check_v6(config, "ipv6_cidr_block")].into_iter().flatten().collect()
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan.suppress("ipv6_cidr_block", cidr::same);
        if !plan.creating() && plan.changed("ipv6_cidr_block") {
            plan.unknown("ipv6_cidr_block_association_id");
        }
        let (vpc, range) = (plan.planned("vpc_id"), plan.planned("cidr_block"));
        if (plan.changed("cidr_block") || plan.changed("vpc_id"))
            && let (Some(vpc), Some(range)) = (vpc.as_str(), range.as_str())
            && let Some(fault) = client.ranges().outside(vpc, range)
        {
            return Err(fault);
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let limit = wait::limit(planned.timeouts.as_ref().and_then(|timeouts| timeouts.create.as_ref()), 10)?;
        let answer = client
            .ec2()
            .create_subnet()
            .set_vpc_id(planned.vpc_id.clone())
            .set_cidr_block(planned.cidr_block.clone().filter(|range| !range.is_empty()))
            .set_ipv6_cidr_block(planned.ipv6_cidr_block.clone().filter(|range| !range.is_empty()))
            .set_ipv6_native(planned.ipv6_native.filter(|native| *native))
            .set_availability_zone(planned.availability_zone.clone())
            .set_availability_zone_id(planned.availability_zone_id.clone())
            .set_outpost_arn(planned.outpost_arn.clone().filter(|arn| !arn.is_empty()))
            .tag_specifications(client.new_tags(ResourceType::Subnet, &planned.tags, operation.token))
            .send()
            .await
            .api("ec2:CreateSubnet")?;
        let id = answer.subnet.and_then(|subnet| subnet.subnet_id).ok_or_else(|| Fault::uncertain("ec2:CreateSubnet failed", "The answer holds no subnet."))?;
        let created = Self { id: Some(id.clone()), ..planned };
        operation.created(&created)?;
        let remote = wait::until("the subnet", limit, || async { Ok(describe(client, &id).await?.filter(|subnet| subnet.state == Some(SubnetState::Available))) });
        let remote = remote.await?;
        if created.ipv6_cidr_block.as_ref().is_some_and(|range| !range.is_empty()) {
            wait_for_ipv6(client, &id, true).await?;
        }
        // Zones of some accounts give public addresses by themselves, so compare with what is there.
        let fresh = Self { private_dns_hostname_type_on_launch: None, map_public_ip_on_launch: remote.map_public_ip_on_launch, ..Self::default() };
        Self::set_attributes(client, &id, &fresh, &created).await?;
        wait::appear("subnet", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(subnet) = describe(client, prior.id()).await? else { return Ok(None) };
        let ipv6 = subnet.ipv6_cidr_block_association_set().iter().find(|set| {
            let state = set.ipv6_cidr_block_state().and_then(|state| state.state());
            matches!(state, Some(SubnetCidrBlockStateCode::Associated | SubnetCidrBlockStateCode::Associating))
        });
        let names = subnet.private_dns_name_options_on_launch.as_ref();
        let (tags, tags_all) = client.tag_rules().read(tags::of_ec2(subnet.tags()), &prior.tags);
        Ok(Some(Self {
            arn: subnet.subnet_arn.clone(),
            assign_ipv6_address_on_creation: Some(subnet.assign_ipv6_address_on_creation.unwrap_or(false)),
            availability_zone: subnet.availability_zone.clone(),
            availability_zone_id: subnet.availability_zone_id.clone(),
            cidr_block: unset::text(prior.cidr_block.as_ref(), subnet.cidr_block()),
            customer_owned_ipv4_pool: unset::text(prior.customer_owned_ipv4_pool.as_ref(), subnet.customer_owned_ipv4_pool()),
            enable_dns64: Some(subnet.enable_dns64.unwrap_or(false)),
            enable_lni_at_device_index: unset::number(prior.enable_lni_at_device_index, subnet.enable_lni_at_device_index.unwrap_or(0).into()),
            enable_resource_name_dns_a_record_on_launch: Some(names.and_then(|names| names.enable_resource_name_dns_a_record).unwrap_or(false)),
            enable_resource_name_dns_aaaa_record_on_launch: Some(names.and_then(|names| names.enable_resource_name_dns_aaaa_record).unwrap_or(false)),
            ipv6_cidr_block: unset::text(prior.ipv6_cidr_block.as_ref(), ipv6.and_then(|set| set.ipv6_cidr_block())),
            ipv6_cidr_block_association_id: Some(ipv6.and_then(|set| set.association_id()).unwrap_or_default().to_owned()),
            ipv6_native: Some(subnet.ipv6_native.unwrap_or(false)),
            map_customer_owned_ip_on_launch: unset::flag(prior.map_customer_owned_ip_on_launch, subnet.map_customer_owned_ip_on_launch.unwrap_or(false)),
            map_public_ip_on_launch: Some(subnet.map_public_ip_on_launch.unwrap_or(false)),
            outpost_arn: unset::text(prior.outpost_arn.as_ref(), subnet.outpost_arn()),
            owner_id: subnet.owner_id.clone(),
            private_dns_hostname_type_on_launch: names.and_then(|names| names.hostname_type.as_ref()).map(|kind| kind.as_str().to_owned()),
            id: subnet.subnet_id,
            vpc_id: subnet.vpc_id,
            tags,
            tags_all,
            timeouts: prior.timeouts,
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let id = prior.id().to_owned();
        let range = |subnet: &Self| subnet.ipv6_cidr_block.clone().filter(|range| !range.is_empty());
        let (before, after) = (range(&prior), range(&planned));
        if before != after {
            if let Some(association) = prior.ipv6_cidr_block_association_id.as_deref().filter(|association| !association.is_empty()) {
                let call = client.ec2().disassociate_subnet_cidr_block().association_id(association);
                call.send().await.api("ec2:DisassociateSubnetCidrBlock")?;
                wait_for_ipv6(client, &id, false).await?;
            }
            if let Some(range) = after {
                let call = client.ec2().associate_subnet_cidr_block().subnet_id(&id).ipv6_cidr_block(range);
                call.send().await.api("ec2:AssociateSubnetCidrBlock")?;
                wait_for_ipv6(client, &id, true).await?;
            }
        }
        Self::set_attributes(client, &id, &prior, &planned).await?;
        client.retag(&id, &prior.tags_all, &planned.tags).await?;
        Self::read(client, Self { id: Some(id), ..planned }).await?.ok_or_else(|| Fault::not_found("The subnet is gone."))
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let limit = wait::limit(prior.timeouts.as_ref().and_then(|timeouts| timeouts.delete.as_ref()), 20)?;
        // Interfaces of load balancers and functions go away after their owners.
        wait::retry(
            limit,
            |error: &ApiError| error.is(&["DependencyViolation"]),
            || async { client.ec2().delete_subnet().subnet_id(prior.id()).send().await.api("ec2:DeleteSubnet") },
        )
        .await?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        match marker::find(client, "subnet", token).await? {
            Some(id) => Self::read(client, Self { id: Some(id), ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = lab.make("aws_vpc", json!({"cidr_block": "10.4.0.0/16"})).await;
        let base = json!({"vpc_id": text(&vpc, "id"), "cidr_block": "10.4.1.0/24", "availability_zone": "eu-central-1b"});
        let mut public = base.clone();
        public["map_public_ip_on_launch"] = json!(true);
        public["tags"] = json!({"Name": "public"});
        let state = Lifecycle::new(&lab, "aws_subnet", base).update(public).run().await;
        assert_eq!(text(&state, "owner_id"), "123456789012");
        let faults = lab.refused("aws_subnet", json!({"vpc_id": text(&vpc, "id"), "cidr_block": "10.4.1.7/24"})).await;
        assert!(faults[0].detail.contains("Did you mean \"10.4.1.0/24\"?"), "{faults:?}");
    }
}
