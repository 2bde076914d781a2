//! `aws_iam_openid_connect_provider`

use std::collections::{BTreeMap, HashMap};

use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::iam_role::{iam_tags, pairs};
use crate::api::{Explain, ignore_gone};
use crate::tags::{self, Tags};
use crate::{Client, plan, wait};

/// An identity provider outside AWS, such as a cluster or a CI service, whose tokens roles can trust.
///
/// ```hcl
/// resource "aws_iam_openid_connect_provider" "ci" {
///   url            = "https://token.actions.githubusercontent.com"
///   client_id_list = ["sts.amazonaws.com"]
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_iam_openid_connect_provider")]
pub(crate) struct IamOpenidConnectProvider {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Audiences that tokens may be made for.
    #[schema(required, set)]
    client_id_list: Option<Vec<String>>,
    /// The ARN again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// SHA-1 fingerprints of the certificates of who signs the provider's; AWS finds them out when unset.
    #[schema(optional, computed)]
    thumbprint_list: Option<Vec<String>>,
    /// Address of the provider: what its tokens have as `iss`.
    #[schema(required, force_new)]
    url: Option<String>,
}

async fn describe(client: &Client, arn: &str) -> Result<Option<GetOpenIdConnectProviderOutput>, Fault> {
    client
        .batch("iam oidc provider", 1, arn.to_owned(), |client, arns: Vec<String>| async move {
            let mut found = HashMap::new();
            for arn in arns {
                let answer = client.iam().get_open_id_connect_provider().open_id_connect_provider_arn(&arn).send().await.api("iam:GetOpenIDConnectProvider")?;
                found.insert(arn, answer);
            }
            Ok(found)
        })
        .await
}

/// An address as ARNs have it.
fn bare(url: &str) -> &str {
    url.strip_prefix("https://").unwrap_or(url)
}

impl IamOpenidConnectProvider {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn clients(&self) -> &[String] {
        self.client_id_list.as_deref().unwrap_or_default()
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        let sorted = |clients: &[String]| {
            let mut clients = clients.to_vec();
            clients.sort();
            clients
        };
        wait::appear("identity provider", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| {
                sorted(found.clients()) == sorted(planned.clients())
                    && (planned.thumbprint_list.is_none() || found.thumbprint_list == planned.thumbprint_list)
                    && found.tags_all.as_ref() == Some(&tags)
            }))
        })
        .await
    }
}

impl Resource for IamOpenidConnectProvider {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(url) = config.get("url").and_then(|url| url.as_str().map(str::to_owned))
            && !url.starts_with("https://")
        {
            faults.push(Fault::attribute(Path::attr("url"), "Invalid URL", format!("\"{url}\" should begin with https://.")));
        }
        for print in config.get("thumbprint_list").iter().flat_map(Value::elements) {
            if let Some(print) = print.as_str()
                && !(print.len() == 40 && print.chars().all(|digit| digit.is_ascii_hexdigit()))
            {
                faults.push(Fault::attribute(Path::attr("thumbprint_list"), "Invalid thumbprint", format!("\"{print}\" is not made of 40 hexadecimal digits.")));
            }
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        // The API shows the address without its scheme, and so do states that the incumbent wrote.
        plan.suppress("url", |a, b| matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if bare(a) == bare(b)));
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let tags = iam_tags(client.tag_rules().all(&planned.tags));
        let call = client.iam().create_open_id_connect_provider().set_url(planned.url.clone()).set_client_id_list(planned.client_id_list.clone());
        let call = call.set_thumbprint_list(planned.thumbprint_list.clone()).set_tags(Some(tags).filter(|tags| !tags.is_empty()));
        let answer = call.send().await.api("iam:CreateOpenIDConnectProvider")?;
        let created = Self { id: answer.open_id_connect_provider_arn, ..planned };
        operation.created(&created)?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let Some(found) = describe(client, prior.id()).await? else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(pairs(found.tags()), &prior.tags);
        let url = found.url.unwrap_or_default();
        Ok(Some(Self {
            arn: prior.id.clone(),
            client_id_list: Some(found.client_id_list.unwrap_or_default()),
            id: prior.id,
            tags,
            tags_all,
            thumbprint_list: Some(found.thumbprint_list.unwrap_or_default()),
            url: Some(prior.url.filter(|prior| bare(prior) == bare(&url)).unwrap_or_else(|| bare(&url).to_owned())),
        }))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let arn = planned.id();
        if planned.thumbprint_list != prior.thumbprint_list && planned.thumbprint_list.is_some() {
            let call = client.iam().update_open_id_connect_provider_thumbprint().open_id_connect_provider_arn(arn);
            call.set_thumbprint_list(planned.thumbprint_list.clone()).send().await.api("iam:UpdateOpenIDConnectProviderThumbprint")?;
        }
        for added in planned.clients().iter().filter(|added| !prior.clients().contains(added)) {
            let call = client.iam().add_client_id_to_open_id_connect_provider().open_id_connect_provider_arn(arn).client_id(added);
            call.send().await.api("iam:AddClientIDToOpenIDConnectProvider")?;
        }
        for removed in prior.clients().iter().filter(|removed| !planned.clients().contains(removed)) {
            let call = client.iam().remove_client_id_from_open_id_connect_provider().open_id_connect_provider_arn(arn).client_id(removed);
            ignore_gone(call.send().await.api("iam:RemoveClientIDFromOpenIDConnectProvider"))?;
        }
        let (set, removed) = tags::difference(prior.tags_all.as_ref().unwrap_or(&BTreeMap::new()), &client.tag_rules().all(&planned.tags));
        if !removed.is_empty() {
            let call = client.iam().untag_open_id_connect_provider().open_id_connect_provider_arn(arn).set_tag_keys(Some(removed));
            call.send().await.api("iam:UntagOpenIDConnectProvider")?;
        }
        if !set.is_empty() {
            let call = client.iam().tag_open_id_connect_provider().open_id_connect_provider_arn(arn).set_tags(Some(iam_tags(set)));
            call.send().await.api("iam:TagOpenIDConnectProvider")?;
        }
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        client.iam().delete_open_id_connect_provider().open_id_connect_provider_arn(prior.id()).send().await.api("iam:DeleteOpenIDConnectProvider")?;
        Ok(())
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        let address = bare(planned.url.as_deref().unwrap_or_default()).trim_end_matches('/').to_owned();
        let arn = format!("arn:{}:iam::{}:oidc-provider/{address}", client.partition(), client.account().await?);
        match Self::read(client, Self { id: Some(arn), ..planned }).await {
            Err(fault) if fault.not_found => Ok(None),
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use crate::harness::{Lifecycle, endpoint, endpoints, lab_with, text};
    use crate::proxy::{Made, Proxy};

    /// The emulator cannot change the audiences: these operations as the API reference describes them.
    async fn with_clients() -> Proxy {
        let changes = Mutex::new((Vec::<String>::new(), Vec::<String>::new()));
        let maker = move |action: &str, body: &str| {
            let mut changes = changes.lock().expect("lock");
            let client = body.split('&').find_map(|pair| pair.strip_prefix("ClientID=")).unwrap_or_default().to_owned();
            let done = || Made::Answer(format!("<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"/>"));
            match action {
                "AddClientIDToOpenIDConnectProvider" => {
                    changes.0.push(client);
                    done()
                }
                "RemoveClientIDFromOpenIDConnectProvider" => {
                    changes.1.push(client);
                    done()
                }
                "GetOpenIDConnectProvider" => {
                    let (added, removed) = changes.clone();
                    Made::Edited(Box::new(move |text| {
                        let added: String = added.iter().map(|client| format!("<member>{client}</member>")).collect();
                        let text = text.replace("</ClientIDList>", &format!("{added}</ClientIDList>"));
                        removed.iter().fold(text, |text, client| text.replace(&format!("<member>{client}</member>"), ""))
                    }))
                }
                _ => Made::Passed,
            }
        };
        Proxy::extending(endpoint(), maker).await
    }

    #[tokio::test]
    async fn lifecycle() {
        let proxy = with_clients().await;
        let lab = lab_with(json!({"endpoints": [endpoints(&proxy.url)]})).await;
        let (one, two) = ("a".repeat(40), "b".repeat(40));
        let config = |clients: &[&str], prints: &[&str]| json!({"url": "https://oidc.example.org/id/life", "client_id_list": clients, "thumbprint_list": prints});
        let mut tagged = config(&["sts.amazonaws.com", "other"], &[&two, &one]);
        tagged["tags"] = json!({"a": "b"});
        let state = Lifecycle::new(&lab, "aws_iam_openid_connect_provider", config(&["sts.amazonaws.com"], &[&one]))
            .update(tagged)
            .update(config(&["other"], &[&two]))
            .import_ignores(&["url"])
            .run()
            .await;
        assert_eq!(text(&state, "arn"), "arn:aws:iam::123456789012:oidc-provider/oidc.example.org/id/life");
        let faults = lab.refused("aws_iam_openid_connect_provider", json!({"url": "http://x", "client_id_list": ["a"], "thumbprint_list": ["z"]})).await;
        assert_eq!(faults.iter().map(|fault| fault.summary.as_str()).collect::<Vec<_>>(), ["Invalid URL", "Invalid thumbprint"]);
    }
}
