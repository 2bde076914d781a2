//! `vault_pki_secret_backend_role`

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, plain, seconds, settle, span};
use crate::stored::{self, Stored};

/// What certificates a PKI mount issues to those who may use the role.
///
/// ```hcl
/// resource "vault_pki_secret_backend_role" "web" {
///   backend          = vault_mount.pki.path
///   name             = "web"
///   allowed_domains  = ["example.com"]
///   allow_subdomains = true
///   key_type         = "ec"
///   key_bits         = 256
///   max_ttl          = "2160h"
/// }
/// ```
///
/// Import id: `BACKEND/roles/NAME`.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_role")]
pub(crate) struct PkiSecretBackendRole {
    /// `BACKEND/roles/NAME`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// Name of the role.
    #[schema(required, force_new)]
    name: String,
    /// How long a certificate is valid: seconds or a duration.
    #[schema(optional, computed)]
    ttl: Option<String>,
    /// The longest validity that can be asked for.
    #[schema(optional, computed)]
    max_ttl: Option<String>,
    /// Allows certificates for localhost.
    #[schema(optional, default = true)]
    allow_localhost: Option<bool>,
    /// Domains that certificates may be for, as the other flags say.
    #[schema(optional)]
    allowed_domains: Option<Vec<String>>,
    /// `allowed_domains` may hold identity templates.
    #[schema(optional, default = false)]
    allowed_domains_template: Option<bool>,
    /// Allows the domains themselves.
    #[schema(optional, default = false)]
    allow_bare_domains: Option<bool>,
    /// Allows their subdomains.
    #[schema(optional, default = false)]
    allow_subdomains: Option<bool>,
    /// `allowed_domains` may hold glob patterns.
    #[schema(optional, default = false)]
    allow_glob_domains: Option<bool>,
    /// Allows every name.
    #[schema(optional, default = false)]
    allow_any_name: Option<bool>,
    /// Allows wildcard certificates.
    #[schema(optional, default = true)]
    allow_wildcard_certificates: Option<bool>,
    /// Names must be host names.
    #[schema(optional, default = true)]
    enforce_hostnames: Option<bool>,
    /// Allows IP addresses.
    #[schema(optional, default = true)]
    allow_ip_sans: Option<bool>,
    /// URIs that certificates may be for; globs.
    #[schema(optional)]
    allowed_uri_sans: Option<Vec<String>>,
    /// `allowed_uri_sans` may hold identity templates.
    #[schema(optional, computed)]
    allowed_uri_sans_template: Option<bool>,
    /// Other names that certificates may be for.
    #[schema(optional)]
    allowed_other_sans: Option<Vec<String>>,
    /// Serial numbers that a subject may have; globs.
    #[schema(optional)]
    allowed_serial_numbers: Option<Vec<String>>,
    /// User ids that a subject may have; globs.
    #[schema(optional)]
    allowed_user_ids: Option<Vec<String>>,
    /// Certificates are for TLS servers.
    #[schema(optional, default = true)]
    server_flag: Option<bool>,
    /// Certificates are for TLS clients.
    #[schema(optional, default = true)]
    client_flag: Option<bool>,
    /// Certificates are for signing code.
    #[schema(optional, default = false)]
    code_signing_flag: Option<bool>,
    /// Certificates are for e-mail.
    #[schema(optional, default = false)]
    email_protection_flag: Option<bool>,
    /// Type of keys: `rsa`, `ec`, `ed25519` or `any`.
    #[schema(optional, default = "rsa")]
    key_type: Option<String>,
    /// Size of keys, bits.
    #[schema(optional, default = 2048)]
    key_bits: Option<i64>,
    /// Key usages, by their Go names without `KeyUsage`.
    #[schema(optional, computed)]
    key_usage: Option<Vec<String>>,
    /// Extended key usages besides those of the flags.
    #[schema(optional)]
    ext_key_usage: Option<Vec<String>>,
    /// The same by OID.
    #[schema(optional)]
    ext_key_usage_oids: Option<Vec<String>>,
    /// Takes the common name from the request.
    #[schema(optional, default = true)]
    use_csr_common_name: Option<bool>,
    /// Takes the alternative names from the request.
    #[schema(optional, default = true)]
    use_csr_sans: Option<bool>,
    /// Organizational units of the subject.
    #[schema(optional)]
    ou: Option<Vec<String>>,
    /// Organizations of the subject.
    #[schema(optional)]
    organization: Option<Vec<String>>,
    /// Countries of the subject.
    #[schema(optional)]
    country: Option<Vec<String>>,
    /// Localities of the subject.
    #[schema(optional)]
    locality: Option<Vec<String>>,
    /// Provinces of the subject.
    #[schema(optional)]
    province: Option<Vec<String>>,
    /// Street addresses of the subject.
    #[schema(optional)]
    street_address: Option<Vec<String>>,
    /// Postal codes of the subject.
    #[schema(optional)]
    postal_code: Option<Vec<String>>,
    /// Certificates have leases, which revoke them at their end.
    #[schema(optional, default = false)]
    generate_lease: Option<bool>,
    /// Certificates are not stored, and so cannot be revoked by serial number alone.
    #[schema(optional, default = false)]
    no_store: Option<bool>,
    /// A request needs a common name.
    #[schema(optional, default = true)]
    require_cn: Option<bool>,
    /// Policy OIDs.
    #[schema(optional)]
    policy_identifiers: Option<Vec<String>>,
    /// Leaves have basic constraints too.
    #[schema(optional, default = false)]
    basic_constraints_valid_for_non_ca: Option<bool>,
    /// How far back the validity begins.
    #[schema(optional, computed)]
    not_before_duration: Option<String>,
    /// Issuer that signs: id, name or `default`.
    #[schema(optional, computed)]
    issuer_ref: Option<String>,
    /// Policies with their statements, in place of `policy_identifiers`.
    #[schema(block, set)]
    policy_identifier: Vec<PolicyIdentifier>,
}

/// A certificate policy.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
pub(crate) struct PolicyIdentifier {
    /// OID.
    #[schema(required)]
    oid: String,
    /// URL of the certification practice statement.
    #[schema(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cps: Option<String>,
    /// A notice.
    #[schema(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

impl PkiSecretBackendRole {
    /// Policies with statements go as one JSON text each, under the name of those without.
    fn policies(&self) -> Map<String, Json> {
        let policies: BTreeSet<String> = self.policy_identifier.iter().map(|policy| json!(policy).to_string()).collect();
        if policies.is_empty() { Map::new() } else { [("policy_identifiers".to_owned(), json!(policies))].into_iter().collect() }
    }

    /// Takes the policies with statements out of those without.
    fn sort_policies(mut self) -> Self {
        let (blocks, plain): (Vec<String>, Vec<String>) = self.policy_identifiers.take().unwrap_or_default().into_iter().partition(|policy| policy.starts_with('{'));
        self.policy_identifiers = Some(plain).filter(|plain| !plain.is_empty());
        self.policy_identifier = blocks.iter().filter_map(|policy| serde_json::from_str(policy).ok()).collect();
        self
    }
}

impl Stored for PkiSecretBackendRole {
    const FIELDS: &'static [Field] = &[
        seconds("ttl"),
        seconds("max_ttl"),
        plain("allow_localhost"),
        plain("allowed_domains"),
        plain("allowed_domains_template"),
        plain("allow_bare_domains"),
        plain("allow_subdomains"),
        plain("allow_glob_domains"),
        plain("allow_any_name"),
        plain("allow_wildcard_certificates"),
        plain("enforce_hostnames"),
        plain("allow_ip_sans"),
        plain("allowed_uri_sans"),
        plain("allowed_uri_sans_template"),
        plain("allowed_other_sans"),
        plain("allowed_serial_numbers"),
        plain("allowed_user_ids"),
        plain("server_flag"),
        plain("client_flag"),
        plain("code_signing_flag"),
        plain("email_protection_flag"),
        plain("key_type"),
        plain("key_bits"),
        plain("key_usage"),
        plain("ext_key_usage"),
        plain("ext_key_usage_oids"),
        plain("use_csr_common_name"),
        plain("use_csr_sans"),
        plain("ou"),
        plain("organization"),
        plain("country"),
        plain("locality"),
        plain("province"),
        plain("street_address"),
        plain("postal_code"),
        plain("generate_lease"),
        plain("no_store"),
        plain("require_cn"),
        plain("policy_identifiers"),
        plain("basic_constraints_valid_for_non_ca"),
        span("not_before_duration"),
        plain("issuer_ref"),
    ];

    fn namespace(&self) -> &Option<String> {
        &self.namespace
    }
    fn path(&self) -> String {
        format!("{}/roles/{}", self.backend.trim_matches('/'), self.name)
    }
    fn identify(&mut self) {
        self.id = Some(self.path());
    }
}

impl Resource for PkiSecretBackendRole {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, Self::FIELDS);
        Ok(())
    }
    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let policies = planned.policies();
        Ok(stored::write_with(client, planned, None, operation, policies).await?.sort_policies())
    }
    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        Ok(stored::read(client, prior).await?.map(Self::sort_policies))
    }
    async fn update(client: &Client, prior: Self, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let policies = planned.policies();
        Ok(stored::write_with(client, planned, Some(&prior), operation, policies).await?.sort_policies())
    }
    async fn delete(client: &Client, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        stored::delete(client, &prior).await
    }
    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        let (backend, name) = stored::split_id(id, "/roles/")?;
        Ok(Self { backend: backend.to_owned(), name: name.to_owned(), ..Self::default() })
    }
    async fn recover(client: &Client, planned: Self, _: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, planned).await
    }
}
