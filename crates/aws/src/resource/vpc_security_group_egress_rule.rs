//! `aws_vpc_security_group_egress_rule`

use crate::rule_resource::{Fields, rule_type};
use crate::security_rules::Direction;

rule_type!(
    /// One rule for traffic that leaves. Do not mix with rules that are written in the group itself.
    ///
    /// ```hcl
    /// resource "aws_vpc_security_group_egress_rule" "tls" {
    ///   security_group_id = aws_security_group.web.id
    ///   ip_protocol       = "tcp"
    ///   from_port         = 443
    ///   to_port           = 443
    ///   cidr_ipv4         = "0.0.0.0/0"
    /// }
    /// ```
    "aws_vpc_security_group_egress_rule",
    VpcSecurityGroupEgressRule,
    Direction::Egress
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let vpc = text(&lab.make("aws_vpc", json!({"cidr_block": "10.15.0.0/16"})).await, "id");
        let group = text(&lab.make("aws_security_group", json!({"name": "egress-rules", "vpc_id": vpc})).await, "id");
        let base = json!({"security_group_id": group, "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": "10.0.0.0/8"});
        let mut tagged = base.clone();
        tagged["tags"] = json!({"Name": "tls"});
        tagged["description"] = json!("TLS");
        Lifecycle::new(&lab, "aws_vpc_security_group_egress_rule", base.clone()).update(tagged).run().await;
        let all = json!({"security_group_id": group, "ip_protocol": "-1", "referenced_security_group_id": group});
        let state = Lifecycle::new(&lab, "aws_vpc_security_group_egress_rule", all).run().await;
        let mut other = base.clone();
        other["security_group_id"] = json!(group);
        let planned = lab.plan("aws_vpc_security_group_egress_rule", Some(&state), &other).await.expect("plan");
        assert!(planned.requires_replace.iter().any(|path| path.to_string() == ".cidr_ipv4"), "another kind of peer replaces the rule");
        let faults = lab.refused("aws_vpc_security_group_egress_rule", json!({"security_group_id": group, "ip_protocol": "tcp", "cidr_ipv4": "0.0.0.0/0"})).await;
        assert_eq!(faults[0].summary, "Missing ports");
    }
}
