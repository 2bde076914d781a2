//! The providers that are part of Weir.

use std::sync::{Arc, LazyLock};

use weir_addr::ProviderAddr;
use weir_provider::Provider;

static ALL: LazyLock<Vec<(ProviderAddr, &'static str, Arc<dyn Provider>)>> = LazyLock::new(|| {
    let mut all = weir_builtin::providers();
    all.push(("registry.terraform.io/hashicorp/aws", "aws", weir_aws::provider()));
    all.push(("registry.terraform.io/hashicorp/vault", "vault", Arc::new(weir_provider::native::Native::<weir_vault::Vault>::new())));
    all.into_iter().filter_map(|(source, name, provider)| Some((source.parse().ok()?, name, provider))).collect()
});

/// Each with its source address and the local name that it has without a `required_providers` entry; made once.
pub(crate) fn all() -> Vec<(ProviderAddr, &'static str, Arc<dyn Provider>)> {
    ALL.clone()
}

/// The one of that source.
pub(crate) fn find(source: &ProviderAddr) -> Option<Arc<dyn Provider>> {
    ALL.iter().find(|(own, ..)| own == source).map(|(.., provider)| provider.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_an_address() {
        assert_eq!(all().len(), weir_builtin::providers().len() + 2);
        assert!(find(&ProviderAddr::new("hashicorp", "aws")).is_some_and(|provider| provider.schema().resources.contains_key("aws_vpc")));
        assert!(find(&ProviderAddr::new("hashicorp", "nothing")).is_none());
    }
}
