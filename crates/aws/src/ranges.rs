//! The address ranges of VPCs that this session has seen, so that a plan can tell what the API would only refuse in the apply.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_sdk_ec2::types::{Vpc, VpcCidrBlockStateCode};
use ipnet::Ipv4Net;
use weir_provider::Fault;
use weir_value::Path;

#[derive(Default)]
struct Seen {
    /// What VPCs had when they were last described.
    there: HashMap<String, Vec<Ipv4Net>>,
    /// What they will get; `None` for a range that is not known yet.
    planned: HashMap<String, Vec<Option<Ipv4Net>>>,
}

/// What is known of the ranges of VPCs, by id.
#[derive(Default)]
pub(crate) struct Ranges(Mutex<Seen>);

impl Ranges {
    /// The VPC was described.
    pub(crate) fn described(&self, vpc: &Vpc) {
        let Some(id) = vpc.vpc_id() else { return };
        let going = |state: &VpcCidrBlockStateCode| matches!(state, VpcCidrBlockStateCode::Disassociating | VpcCidrBlockStateCode::Disassociated);
        let associated = vpc.cidr_block_association_set().iter().filter(|set| !set.cidr_block_state().and_then(|state| state.state()).is_some_and(going));
        let all = vpc.cidr_block().into_iter().chain(associated.filter_map(|set| set.cidr_block()));
        let all = all.filter_map(|range| range.parse().ok()).collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).there.insert(id.to_owned(), all);
    }

    /// The VPC will get a further range; one that is not known may be any.
    pub(crate) fn planned(&self, vpc: &str, range: Option<&str>) {
        let range = range.and_then(|range| range.parse().ok());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).planned.entry(vpc.to_owned()).or_default().push(range);
    }

    /// That a subnet's range lies in none of its VPC's; nothing where the VPC has not been seen.
    pub(crate) fn outside(&self, vpc: &str, range: &str) -> Option<Fault> {
        let range: Ipv4Net = range.parse().ok()?;
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = seen.there.get(vpc)?;
        let further = seen.planned.get(vpc).map_or(&[][..], Vec::as_slice);
        if there.iter().any(|wide| wide.contains(&range)) || further.iter().any(|wide| wide.is_none_or(|wide| wide.contains(&range))) {
            return None;
        }
        let has: Vec<String> = there.iter().chain(further.iter().flatten()).map(ToString::to_string).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let detail = format!(
            "{range} lies in no range of {vpc}, which has {}. Choose a range in there; where an aws_vpc_ipv4_cidr_block_association adds one, let this depend on it.",
            has.join(", ")
        );
        Some(Fault::attribute(Path::attr("cidr_block"), "Subnet outside its VPC", detail))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{lab, text};

    #[tokio::test]
    async fn a_subnet_has_to_lie_in_its_vpc() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.90.0.0/16"})).await, "id");
        let config = |vpc: &str, range: &str| json!({"vpc_id": vpc, "cidr_block": range});
        lab.plan("aws_subnet", None, &config(&vpc, "10.90.1.0/24")).await.expect("in it");
        lab.plan("aws_subnet", None, &config("vpc-not-seen", "10.91.1.0/24")).await.expect("not known");
        let faults = lab.plan("aws_subnet", None, &config(&vpc, "10.91.1.0/24")).await.expect_err("outside");
        assert_eq!(faults[0].summary, "Subnet outside its VPC");
        assert!(faults[0].detail.contains("which has 10.90.0.0/16."), "{faults:?}");
        // A change of what is there is checked too, and a range that is still to come counts.
        let subnet = lab.make("aws_subnet", config(&vpc, "10.90.1.0/24")).await;
        lab.plan("aws_subnet", Some(&subnet), &config(&vpc, "10.91.1.0/24")).await.expect_err("outside");
        lab.plan("aws_vpc_ipv4_cidr_block_association", None, &json!({"vpc_id": vpc, "cidr_block": "10.91.0.0/16"})).await.expect("plan");
        lab.plan("aws_subnet", Some(&subnet), &config(&vpc, "10.91.1.0/24")).await.expect("in it");
        lab.plan("aws_subnet", None, &config(&vpc, "10.92.1.0/24")).await.expect_err("outside");
    }
}
