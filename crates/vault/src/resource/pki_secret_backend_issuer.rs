//! `vault_pki_secret_backend_issuer`

use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, body, overlay, plain, settle, words};
use crate::stored;

/// The settings of an issuer that a PKI mount has already. It does not make the issuer, but deleting it deletes the issuer.
///
/// ```hcl
/// resource "vault_pki_secret_backend_issuer" "intermediate" {
///   backend     = vault_pki_secret_backend_config_ca.intermediate.backend
///   issuer_ref  = "default"
///   issuer_name = "intermediate"
/// }
/// ```
///
/// Import id: `BACKEND/issuer/ID`.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_issuer")]
pub(crate) struct PkiSecretBackendIssuer {
    /// `BACKEND/issuer/ID`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// Which issuer: id, name or `default`. Looked up when the object is created, and when this changes.
    #[schema(required)]
    issuer_ref: String,
    /// Its name.
    #[schema(optional)]
    issuer_name: Option<String>,
    /// What happens to a leaf that would outlive it: `err`, `truncate` or `permit`.
    #[schema(optional, computed)]
    leaf_not_after_behavior: Option<String>,
    /// Issuers of its chain, in place of the computed one.
    #[schema(optional)]
    manual_chain: Option<Vec<String>>,
    /// What it may be used for, with commas: `read-only`, `issuing-certificates`, `crl-signing`, `ocsp-signing`.
    #[schema(optional, computed)]
    usage: Option<String>,
    /// Algorithm that signs its CRL.
    #[schema(optional, computed)]
    revocation_signature_algorithm: Option<String>,
    /// Where its certificate is.
    #[schema(optional)]
    issuing_certificates: Option<Vec<String>>,
    /// Where its CRL is.
    #[schema(optional)]
    crl_distribution_points: Option<Vec<String>>,
    /// Where OCSP is answered.
    #[schema(optional)]
    ocsp_servers: Option<Vec<String>>,
    /// The addresses may hold `{{issuer_id}}` and the like.
    #[schema(optional)]
    enable_aia_url_templating: Option<bool>,
    /// Its id.
    #[schema(computed)]
    issuer_id: Option<String>,
}

const FIELDS: &[Field] = &[
    plain("issuer_name"),
    plain("leaf_not_after_behavior"),
    plain("manual_chain"),
    words("usage"),
    plain("revocation_signature_algorithm"),
    plain("issuing_certificates"),
    plain("crl_distribution_points"),
    plain("ocsp_servers"),
    plain("enable_aia_url_templating"),
];

impl PkiSecretBackendIssuer {
    fn path_of(&self, issuer: &str) -> String {
        format!("{}/issuer/{issuer}", self.backend.trim_matches('/'))
    }

    /// Finds the issuer that the reference means now.
    async fn resolve(&mut self, client: &Client) -> Result<(), Fault> {
        let found = client.scope(&self.namespace).read(&self.path_of(&self.issuer_ref)).await?;
        let found = found.ok_or_else(|| {
            let detail = format!("The mount {} has no issuer \"{}\".", self.backend, self.issuer_ref);
            Fault::attribute(weir_value::Path::attr("issuer_ref"), "No such issuer", detail)
        })?;
        *self = overlay(self, &found, &[plain("issuer_id")])?;
        self.id = Some(self.path_of(self.issuer_id.as_deref().unwrap_or_default()));
        Ok(())
    }

    async fn write(self, client: &Client, prior: Option<&Self>) -> Result<Self, Fault> {
        let path = self.path_of(self.issuer_id.as_deref().unwrap_or_default());
        let scope = client.scope(&self.namespace);
        // The server takes what is not sent as empty or default, so the present settings go along.
        let present = overlay(&Self { issuer_id: None, ..Self::default() }, &scope.read_back(&path).await?, FIELDS)?;
        let mut request = body(&present, None, FIELDS)?;
        request.extend(body(&self, prior, FIELDS)?);
        scope.write(&path, request).await?;
        let data = scope.read_back(&path).await?;
        overlay(&self, &data, FIELDS)
    }
}

impl Resource for PkiSecretBackendIssuer {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, FIELDS);
        // Another reference may mean the same issuer. To delete the old one for it, a CA, would be rash.
        if !plan.creating() && plan.changed("issuer_ref") {
            plan.unknown("issuer_id");
            plan.unknown("id");
        }
        Ok(())
    }

    async fn create(client: &Client, mut planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        planned.resolve(client).await?;
        operation.created(&planned)?;
        planned.write(client, None).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(issuer) = prior.issuer_id.as_deref() else { return Ok(None) };
        let path = prior.path_of(issuer);
        let Some(data) = client.scope(&prior.namespace).read(&path).await? else { return Ok(None) };
        Ok(Some(Self { id: Some(path), ..overlay(&prior, &data, FIELDS)? }))
    }

    async fn update(client: &Client, prior: Self, mut planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        if planned.issuer_ref != prior.issuer_ref {
            planned.resolve(client).await?;
        }
        planned.write(client, Some(&prior)).await
    }

    async fn delete(client: &Client, prior: Self, _: &Operation<'_>) -> Result<(), Fault> {
        match prior.issuer_id.as_deref() {
            Some(issuer) => client.scope(&prior.namespace).delete(&prior.path_of(issuer)).await,
            None => Ok(()),
        }
    }

    async fn import(_: &Client, id: &str) -> Result<Self, Fault> {
        let (backend, issuer) = stored::split_id(id, "/issuer/")?;
        Ok(Self { backend: backend.to_owned(), issuer_ref: issuer.to_owned(), issuer_id: Some(issuer.to_owned()), ..Self::default() })
    }
}
