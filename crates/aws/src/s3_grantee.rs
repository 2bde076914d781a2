//! `grantee`: who is granted something by an ACL, of a bucket or of its logs.

use aws_sdk_s3::types;
use serde::{Deserialize, Serialize};
use weir_provider::{Fault, Schema};

/// An account or a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Grantee {
    /// What the account is called.
    #[schema(computed)]
    display_name: Option<String>,
    /// Address of the account, for `AmazonCustomerByEmail`.
    #[schema(optional)]
    email_address: Option<String>,
    /// Canonical id of the account, for `CanonicalUser`.
    #[schema(optional)]
    id: Option<String>,
    /// `CanonicalUser`, `AmazonCustomerByEmail` or `Group`.
    #[schema(required)]
    r#type: Option<String>,
    /// The group, for `Group`.
    #[schema(optional)]
    uri: Option<String>,
}

impl Grantee {
    /// As the API takes it.
    pub(crate) fn asked(&self) -> Result<types::Grantee, Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let builder = types::Grantee::builder().set_type(self.r#type.as_deref().map(types::Type::from));
        let grantee = builder.set_id(given(&self.id)).set_email_address(given(&self.email_address)).set_uri(given(&self.uri)).build();
        grantee.map_err(|error| Fault::error("Invalid grantee", error.to_string()))
    }

    /// As the API shows it.
    pub(crate) fn shown(who: types::Grantee) -> Self {
        Self {
            display_name: Some(who.display_name.unwrap_or_default()),
            email_address: who.email_address,
            id: who.id,
            r#type: Some(who.r#type.as_str().to_owned()),
            uri: who.uri,
        }
    }
}
