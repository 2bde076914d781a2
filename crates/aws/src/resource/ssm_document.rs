//! `aws_ssm_document`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ssm::types::{
    AttachmentsSource, AttachmentsSourceKey, DocumentDescription, DocumentFormat, DocumentPermissionType, DocumentStatus, DocumentType, ResourceTypeForTagging,
};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::iam_role::time;
use crate::api::{ApiError, Explain, ignore_gone};
use crate::tags::Tags;
use crate::{Client, keep, plan, ssm_tags, wait};

/// What the Systems Manager does on instances, or in an account.
///
/// ```hcl
/// resource "aws_ssm_document" "uptime" {
///   name          = "uptime"
///   document_type = "Command"
///   content = jsonencode({
///     schemaVersion = "2.2"
///     mainSteps = [{
///       action = "aws:runShellScript"
///       name   = "uptime"
///       inputs = { runCommand = ["uptime"] }
///     }]
///   })
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_ssm_document")]
pub(crate) struct SsmDocument {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// The document in JSON, YAML or text.
    #[schema(required)]
    content: Option<String>,
    /// When it was created.
    #[schema(computed)]
    created_date: Option<String>,
    /// Number of the version that is used when none is named.
    #[schema(computed)]
    default_version: Option<String>,
    /// What it is for.
    #[schema(computed)]
    description: Option<String>,
    /// `JSON`, `YAML` or `TEXT`.
    #[schema(optional, default = "JSON")]
    document_format: Option<String>,
    /// Such as `Command`, `Automation`, `Session` or `Package`.
    #[schema(required, force_new)]
    document_type: Option<String>,
    /// Number of the version that the content is.
    #[schema(computed)]
    document_version: Option<String>,
    /// Hash of the content.
    #[schema(computed)]
    hash: Option<String>,
    /// `Sha256` or `Sha1`.
    #[schema(computed)]
    hash_type: Option<String>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Number of the newest version.
    #[schema(computed)]
    latest_version: Option<String>,
    /// Name.
    #[schema(required, force_new)]
    name: Option<String>,
    /// Account that it belongs to.
    #[schema(computed)]
    owner: Option<String>,
    /// Its parameters.
    #[schema(computed)]
    parameter: Option<Vec<Parameter>>,
    /// Who else may use it: `type` is `Share`, `account_ids` has numbers of accounts with commas between, or is `All`.
    #[schema(optional)]
    permissions: Option<BTreeMap<String, String>>,
    /// Systems that it is for.
    #[schema(computed)]
    platform_types: Option<Vec<String>>,
    /// Version of the language that the content is in.
    #[schema(computed)]
    schema_version: Option<String>,
    /// `Active` when it can be used.
    #[schema(computed)]
    status: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// What it can be applied to, such as `/AWS::EC2::Instance`.
    #[schema(optional)]
    target_type: Option<String>,
    /// What people call the version, one of its kind.
    #[schema(optional)]
    version_name: Option<String>,
    /// Files that belong to it.
    #[schema(block, max = 20)]
    attachments_source: Vec<Attachments>,
}

/// A parameter of a document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Parameter {
    /// Value when none is given.
    #[schema(computed)]
    default_value: Option<String>,
    /// What it is for.
    #[schema(computed)]
    description: Option<String>,
    /// Name.
    #[schema(computed)]
    name: Option<String>,
    /// `String` or `StringList`.
    #[schema(computed)]
    r#type: Option<String>,
}

/// Where files are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
#[serde(default)]
pub(crate) struct Attachments {
    /// `SourceUrl`, `S3FileUrl` or `AttachmentReference`.
    #[schema(required)]
    key: Option<String>,
    /// Name of the file.
    #[schema(optional)]
    name: Option<String>,
    /// The place.
    #[schema(required)]
    values: Option<Vec<String>>,
}

const KIND: ResourceTypeForTagging = ResourceTypeForTagging::Document;
/// Accounts that one call shares a document with.
const ACCOUNTS: usize = 20;

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

/// True when both are JSON and mean the same.
fn same(a: &str, b: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    a == b || matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
}

/// True when there is no such document.
fn missing(error: &ApiError) -> bool {
    error.is(&["InvalidDocument"]) && !error.message.contains("content") || error.not_found()
}

impl SsmDocument {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn attachments(&self) -> Option<Vec<AttachmentsSource>> {
        let one = |source: &Attachments| {
            let builder = AttachmentsSource::builder().set_key(source.key.as_deref().map(AttachmentsSourceKey::from));
            builder.set_name(given(&source.name)).set_values(source.values.clone()).build()
        };
        Some(self.attachments_source.iter().map(one).collect()).filter(|all: &Vec<_>| !all.is_empty())
    }

    /// The accounts that it is shared with.
    fn accounts(&self) -> BTreeSet<String> {
        let ids = self.permissions.as_ref().and_then(|permissions| permissions.get("account_ids"));
        let clean = |id: &str| if id.eq_ignore_ascii_case("all") { "All".to_owned() } else { id.to_owned() };
        ids.into_iter().flat_map(|ids| ids.split(',')).map(str::trim).filter(|id| !id.is_empty()).map(clean).collect()
    }

    async fn share(client: &Client, name: &str, before: &BTreeSet<String>, after: &BTreeSet<String>) -> Result<(), Fault> {
        let (gone, new): (Vec<String>, Vec<String>) = (before.difference(after).cloned().collect(), after.difference(before).cloned().collect());
        let steps = gone.chunks(ACCOUNTS).map(|ids| (ids, true)).chain(new.chunks(ACCOUNTS).map(|ids| (ids, false)));
        for (ids, removed) in steps {
            let call = client.ssm().modify_document_permission().name(name).permission_type(DocumentPermissionType::Share);
            let call = if removed { call.set_account_ids_to_remove(Some(ids.to_vec())) } else { call.set_account_ids_to_add(Some(ids.to_vec())) };
            call.send().await.api("ssm:ModifyDocumentPermission")?;
        }
        Ok(())
    }

    async fn describe(client: &Client, name: &str, version: Option<&str>) -> Result<Option<DocumentDescription>, Fault> {
        match client.ssm().describe_document().name(name).set_document_version(version.map(str::to_owned)).send().await.api("ssm:DescribeDocument") {
            Ok(answer) => Ok(answer.document),
            Err(error) if missing(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the newest version can be used.
    async fn active(client: &Client, name: &str) -> Result<(), Fault> {
        wait::until("the document to become active", wait::limit(None, 2)?, || async {
            let Some(found) = Self::describe(client, name, Some("$LATEST")).await? else { return Ok(None) };
            match found.status {
                Some(DocumentStatus::Failed) => {
                    let why = found.status_information.unwrap_or_default();
                    Err(Fault::error("Document failed", format!("The Systems Manager could not make document \"{name}\": {why}")))
                }
                Some(DocumentStatus::Active) | None => Ok(Some(())),
                _ => Ok(None),
            }
        })
        .await
    }
}

impl Resource for SsmDocument {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let text = |name: &str| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
        let mut faults = Vec::new();
        let is_json = config.get("document_format").is_none_or(|format| format.is_null() || format.as_str() == Some("JSON"));
        if let Some(content) = text("content").filter(|_| is_json)
            && let Err(error) = serde_json::from_str::<serde_json::Value>(&content)
        {
            faults.push(Fault::attribute(
                Path::attr("content"),
                "Invalid document",
                format!("The content is no JSON: {error}. Set document_format = \"YAML\" for YAML."),
            ));
        }
        if let Some(name) = text("name")
            && (!(3..=128).contains(&name.len()) || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter)))
        {
            faults.push(Fault::attribute(Path::attr("name"), "Invalid name", format!("\"{name}\" should have 3 to 128 letters, digits and '_' '-' '.'.")));
        }
        let permissions = config.get("permissions").filter(|permissions| permissions.is_known() && permissions.length().is_some_and(|count| count > 0));
        if let Some(permissions) = permissions
            && (permissions.get("type").is_none() || permissions.get("account_ids").is_none())
        {
            faults.push(Fault::attribute(Path::attr("permissions"), "Incomplete permissions", "Write both type = \"Share\" and account_ids."));
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        plan.suppress("content", |a, b| matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if same(a, b)));
        if plan.creating() {
            return Ok(());
        }
        if plan.changed("content") {
            // Documents of the old language cannot be changed.
            if plan.prior("schema_version").as_str().is_some_and(|version| version.starts_with("1.")) {
                plan.force_new("content");
            }
            plan.unknown("description");
            plan.unknown("parameter");
            plan.unknown("platform_types");
            plan.unknown("schema_version");
        }
        if ["content", "document_format", "target_type", "version_name", "attachments_source"].iter().any(|name| plan.changed(name)) {
            for name in ["default_version", "document_version", "hash", "latest_version", "created_date", "status"] {
                plan.unknown(name);
            }
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let tags = ssm_tags::of(client.tag_rules().all(&planned.tags));
        let call = client
            .ssm()
            .create_document()
            .set_name(planned.name.clone())
            .set_content(planned.content.clone())
            .set_attachments(planned.attachments())
            .set_document_format(planned.document_format.as_deref().map(DocumentFormat::from))
            .set_document_type(planned.document_type.as_deref().map(DocumentType::from))
            .set_target_type(given(&planned.target_type))
            .set_version_name(given(&planned.version_name))
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()));
        call.send().await.api("ssm:CreateDocument")?;
        let created = Self { id: planned.name.clone(), ..planned };
        operation.created(&created)?;
        Self::active(client, created.id()).await?;
        Self::share(client, created.id(), &BTreeSet::new(), &created.accounts()).await?;
        wait::appear("document", || Self::read(client, created.clone())).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let name = prior.id().to_owned();
        let Some(found) = Self::describe(client, &name, None).await? else { return Ok(None) };
        let format = found.document_format.clone().unwrap_or(DocumentFormat::Json);
        let content = async {
            let call = client.ssm().get_document().name(&name).set_document_version(found.document_version.clone()).document_format(format.clone());
            Ok::<_, Fault>(call.send().await.api("ssm:GetDocument")?.content.unwrap_or_default())
        };
        let shared = async {
            let call = client.ssm().describe_document_permission().name(&name).permission_type(DocumentPermissionType::Share);
            Ok::<_, Fault>(call.send().await.api("ssm:DescribeDocumentPermission")?.account_ids.unwrap_or_default())
        };
        let (content, shared, listed) = tokio::try_join!(content, shared, ssm_tags::listed(client, KIND, &name))?;
        let (tags, tags_all) = client.tag_rules().read(listed, &prior.tags);
        let accounts = Self { permissions: Some([("account_ids".to_owned(), shared.join(","))].into()), ..Self::default() }.accounts();
        let permissions = if accounts.is_empty() {
            BTreeMap::new()
        } else if accounts == prior.accounts() {
            prior.permissions.clone().unwrap_or_default()
        } else {
            let ids: Vec<String> = accounts.into_iter().collect();
            [("type".to_owned(), "Share".to_owned()), ("account_ids".to_owned(), ids.join(","))].into()
        };
        let shown = |text: Option<String>| Some(text.unwrap_or_default());
        let parameter = found.parameters.unwrap_or_default().into_iter().map(|parameter| Parameter {
            default_value: shown(parameter.default_value),
            description: shown(parameter.description),
            name: shown(parameter.name),
            r#type: shown(parameter.r#type.map(|kind| kind.as_str().to_owned())),
        });
        let kind = found.document_type.map(|kind| kind.as_str().to_owned());
        let folder = if kind.as_deref() == Some("Automation") { "automation-definition" } else { "document" };
        let account = client.account_of(prior.arn.as_ref()).await?;
        let read = Self {
            arn: Some(client.arn("ssm", account, &format!("{folder}/{name}"))),
            content: Some(prior.content.clone().filter(|before| same(before, &content)).unwrap_or(content)),
            created_date: shown(found.created_date.as_ref().and_then(time)),
            default_version: shown(found.default_version),
            description: shown(found.description),
            document_format: Some(format.as_str().to_owned()),
            document_type: kind,
            document_version: shown(found.document_version),
            hash: shown(found.hash),
            hash_type: shown(found.hash_type.map(|kind| kind.as_str().to_owned())),
            id: Some(name.clone()),
            latest_version: shown(found.latest_version),
            // A document of another account is known by its ARN, which the answer does not have.
            name: Some(name),
            owner: shown(found.owner),
            parameter: Some(parameter.collect()),
            permissions: Some(permissions),
            platform_types: Some(found.platform_types.unwrap_or_default().into_iter().map(|system| system.as_str().to_owned()).collect()),
            schema_version: shown(found.schema_version),
            status: shown(found.status.map(|status| status.as_str().to_owned())),
            tags,
            tags_all,
            target_type: found.target_type,
            version_name: found.version_name,
            // The API does not show them.
            attachments_source: prior.attachments_source.clone(),
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let id = planned.id();
        if planned.accounts() != prior.accounts() {
            Self::share(client, id, &prior.accounts(), &planned.accounts()).await?;
        }
        let what = |document: &Self| {
            (document.content.clone(), document.document_format.clone(), document.target_type.clone(), document.version_name.clone(), document.attachments_source.clone())
        };
        if what(&planned) != what(&prior) {
            let call = client
                .ssm()
                .update_document()
                .name(id)
                .set_content(planned.content.clone())
                .document_version("$LATEST")
                .set_attachments(planned.attachments())
                .set_document_format(planned.document_format.as_deref().map(DocumentFormat::from))
                .set_target_type(given(&planned.target_type))
                .set_version_name(given(&planned.version_name));
            let version = match call.send().await.api("ssm:UpdateDocument") {
                // This content is a version already, perhaps from an update that was cut off.
                Err(error) if error.is(&["DuplicateDocumentContent"]) => Self::describe(client, id, Some("$LATEST")).await?.and_then(|found| found.document_version),
                answer => answer?.document_description.and_then(|description| description.document_version),
            };
            Self::active(client, id).await?;
            let call = client.ssm().update_document_default_version().name(id).set_document_version(version);
            call.send().await.api("ssm:UpdateDocumentDefaultVersion")?;
        }
        ssm_tags::change(client, KIND, id, &prior.tags_all, &planned.tags).await?;
        wait::appear("state of the document", || async {
            let found = Self::read(client, planned.clone()).await?;
            Ok(found.filter(|found| found.content == planned.content && found.accounts() == planned.accounts()))
        })
        .await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let id = prior.id();
        // A document that is shared cannot be deleted.
        if !prior.accounts().is_empty() && Self::describe(client, id, None).await?.is_some() {
            Self::share(client, id, &prior.accounts(), &BTreeSet::new()).await?;
        }
        match client.ssm().delete_document().name(id).send().await.api("ssm:DeleteDocument") {
            Err(error) if missing(&error) => return Ok(()),
            done => ignore_gone(done)?,
        }
        wait::until("the document to go", wait::limit(None, 2)?, || async { Ok(Self::describe(client, id, None).await?.is_none().then_some(())) }).await
    }

    async fn recover(client: &Client, planned: Self, _token: &str) -> Result<Option<Self>, Fault> {
        Self::read(client, Self { id: planned.name.clone(), ..planned }).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::harness::{Lifecycle, lab, text};

    fn content(command: &str) -> String {
        let steps = json!([{"action": "aws:runShellScript", "name": "run", "inputs": {"runCommand": [command]}}]);
        let parameters = json!({"who": {"type": "String", "default": "all", "description": "Who"}});
        json!({"schemaVersion": "2.2", "description": "A test", "parameters": parameters, "mainSteps": steps}).to_string()
    }

    #[tokio::test]
    async fn lifecycle() {
        let lab = lab().await;
        let config = |more: Json| {
            let mut config = json!({"name": "life-document", "document_type": "Command", "content": content("uptime")});
            config.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
            config
        };
        let state = Lifecycle::new(&lab, "aws_ssm_document", config(json!({"tags": {"a": "b"}})))
            .update(config(json!({"permissions": {"type": "Share", "account_ids": "111122223333,444455556666"}, "tags": {"c": "d"}})))
            .update(config(json!({"permissions": {"type": "Share", "account_ids": "444455556666"}, "content": content("date"), "target_type": "/AWS::EC2::Instance"})))
            .run()
            .await;
        assert_eq!((text(&state, "default_version"), text(&state, "latest_version"), text(&state, "schema_version")), ("2".into(), "2".into(), "2.2".into()));
        assert_eq!(text(&state, "arn"), "arn:aws:ssm:eu-central-1:123456789012:document/life-document");
        assert_eq!(format!("{:?}", state.get("parameter").expect("parameters")), r#"[{"default_value": "all", "description": "Who", "name": "who", "type": "String"}]"#);
    }

    #[tokio::test]
    async fn other_white_space_is_no_change_and_the_old_language_is_replaced() {
        let lab = lab().await;
        let old = |command: &str| json!({"schemaVersion": "1.2", "runtimeConfig": {"aws:runShellScript": {"properties": [{"id": "0", "runCommand": [command]}]}}});
        let config = |content: String| json!({"name": "old-document", "document_type": "Command", "content": content});
        let state = lab.make("aws_ssm_document", config(old("uptime").to_string())).await;
        let spaced = lab.plan("aws_ssm_document", Some(&state), &config(serde_json::to_string_pretty(&old("uptime")).expect("JSON"))).await.expect("plan");
        assert_eq!(spaced.state, state);
        let other = lab.plan("aws_ssm_document", Some(&state), &config(old("date").to_string())).await.expect("plan");
        assert_eq!(other.requires_replace, [weir_value::Path::attr("content")]);
    }

    #[tokio::test]
    async fn refused() {
        let lab = lab().await;
        let config = json!({"name": "a b", "document_type": "Command", "content": "a: b", "permissions": {"type": "Share"}});
        let summaries: Vec<String> = lab.validate("aws_ssm_document", &config).into_iter().map(|fault| fault.summary).collect();
        assert_eq!(summaries, ["Invalid document", "Invalid name", "Incomplete permissions"]);
    }
}
