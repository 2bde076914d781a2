//! The partitions of AWS.

/// A group of regions with its own identities.
pub(crate) struct Partition {
    /// As ARNs name it.
    pub(crate) id: &'static str,
    /// The domain of its services.
    pub(crate) dns_suffix: &'static str,
    /// The domain backwards, as service names of endpoints begin.
    pub(crate) reverse_dns_prefix: &'static str,
    prefixes: &'static [&'static str],
}

/// All but the public one, which is the default.
static OTHERS: [Partition; 6] = [
    Partition { id: "aws-cn", dns_suffix: "amazonaws.com.cn", reverse_dns_prefix: "cn.com.amazonaws", prefixes: &["cn-"] },
    Partition { id: "aws-us-gov", dns_suffix: "amazonaws.com", reverse_dns_prefix: "com.amazonaws", prefixes: &["us-gov-"] },
    Partition { id: "aws-iso", dns_suffix: "c2s.ic.gov", reverse_dns_prefix: "gov.ic.c2s", prefixes: &["us-iso-"] },
    Partition { id: "aws-iso-b", dns_suffix: "sc2s.sgov.gov", reverse_dns_prefix: "gov.sgov.sc2s", prefixes: &["us-isob-"] },
    Partition { id: "aws-iso-e", dns_suffix: "cloud.adc-e.uk", reverse_dns_prefix: "uk.adc-e.cloud", prefixes: &["eu-isoe-"] },
    Partition { id: "aws-iso-f", dns_suffix: "csp.hci.ic.gov", reverse_dns_prefix: "gov.ic.hci.csp", prefixes: &["us-isof-"] },
];

static PUBLIC: Partition = Partition { id: "aws", dns_suffix: "amazonaws.com", reverse_dns_prefix: "com.amazonaws", prefixes: &[] };

/// The partition that a region is in.
pub(crate) fn of_region(region: &str) -> &'static Partition {
    OTHERS.iter().find(|partition| partition.prefixes.iter().any(|prefix| region.starts_with(prefix))).unwrap_or(&PUBLIC)
}
