//! `vault_pki_secret_backend_intermediate_set_signed`

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};

use crate::client::Client;
use crate::fields::{Field, overlay, plain, settle};

/// Gives a PKI mount the signed certificate of one of its keys. Deleting it leaves the certificate in the mount.
///
/// ```hcl
/// resource "vault_pki_secret_backend_intermediate_set_signed" "issuer" {
///   backend     = vault_mount.pki.path
///   certificate = vault_pki_secret_backend_root_sign_intermediate.issuer.certificate
/// }
/// ```
///
/// It cannot be imported: Vault does not say which certificates came so.
#[derive(Clone, Default, Deserialize, Serialize, Schema)]
#[serde(default)]
#[schema(name = "vault_pki_secret_backend_intermediate_set_signed")]
pub(crate) struct PkiSecretBackendIntermediateSetSigned {
    /// `BACKEND/intermediate/set-signed`
    #[schema(optional, computed)]
    id: Option<String>,
    /// Namespace, relative to the provider's.
    #[schema(optional, force_new)]
    namespace: Option<String>,
    /// Path of the mount.
    #[schema(required, force_new)]
    backend: String,
    /// The certificate, PEM; its chain may follow.
    #[schema(required, force_new)]
    certificate: String,
    /// Issuers that came of it.
    #[schema(computed)]
    imported_issuers: Option<Vec<String>>,
    /// Keys that came of it.
    #[schema(computed)]
    imported_keys: Option<Vec<String>>,
}

const MADE: &[Field] = &[plain("imported_issuers"), plain("imported_keys")];

impl PkiSecretBackendIntermediateSetSigned {
    fn backend(&self) -> &str {
        self.backend.trim_matches('/')
    }
}

impl Resource for PkiSecretBackendIntermediateSetSigned {
    type Client = Client;

    fn plan(_: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        settle::<Self>(plan, &[]);
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let path = format!("{}/intermediate/set-signed", planned.backend());
        let body: Map<String, Json> = [("certificate".to_owned(), Json::from(planned.certificate.as_str()))].into_iter().collect();
        let data = client.scope(&planned.namespace).write(&path, body).await?;
        let made = Self { id: Some(path), ..overlay(&planned, &data, MADE)? };
        operation.created(&made)?;
        Ok(made)
    }

    /// It is there as long as the issuers are that came of it; when all of them had been there before, as long as there is any.
    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let issuer = prior.imported_issuers.iter().flatten().next().map_or("default", String::as_str);
        let found = client.scope(&prior.namespace).read(&format!("{}/issuer/{issuer}", prior.backend())).await?;
        Ok(found.is_some().then_some(prior))
    }

    async fn update(_: &Client, prior: Self, planned: Self, _: &Operation<'_>) -> Result<Self, Fault> {
        // Nothing of it can change in place.
        Ok(Self { id: prior.id, ..planned })
    }

    async fn delete(_: &Client, _: Self, _: &Operation<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn import(_: &Client, _: &str) -> Result<Self, Fault> {
        Err(Fault::error("Not importable", "Vault does not say which certificates were set so; declare it anew, which changes nothing in the mount."))
    }
}
