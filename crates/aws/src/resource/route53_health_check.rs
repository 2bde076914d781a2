//! `aws_route53_health_check`

use std::collections::{BTreeMap, HashMap};

use aws_sdk_route53::types::{
    AlarmIdentifier, CloudWatchRegion, HealthCheck, HealthCheckConfig, HealthCheckRegion, HealthCheckType, InsufficientDataHealthStatus, ResettableElementName,
    TagResourceType,
};
use serde::{Deserialize, Serialize};
use weir_provider::native::{Operation, Resource, ResourcePlan};
use weir_provider::{Fault, Schema};
use weir_value::{Path, Value};

use super::route53_zone::{busy, retag, tags_of};
use crate::api::Explain;
use crate::tags::Tags;
use crate::{Client, keep, plan, wait};

/// A check by which Route 53 decides whether to answer with a record.
///
/// ```hcl
/// resource "aws_route53_health_check" "site" {
///   fqdn              = "example.com"
///   port              = 443
///   type              = "HTTPS"
///   resource_path     = "/health"
///   request_interval  = 30
///   failure_threshold = 3
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_route53_health_check")]
pub(crate) struct Route53HealthCheck {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// How many of the children have to be healthy.
    #[schema(optional)]
    child_health_threshold: Option<i64>,
    /// Checks that a `CALCULATED` one is made of.
    #[schema(optional, set)]
    child_healthchecks: Option<Vec<String>>,
    /// Alarm that a `CLOUDWATCH_METRIC` one follows.
    #[schema(optional)]
    cloudwatch_alarm_name: Option<String>,
    /// Its region.
    #[schema(optional)]
    cloudwatch_alarm_region: Option<String>,
    /// Nothing is checked: it counts as healthy.
    #[schema(optional, default = false)]
    disabled: Option<bool>,
    /// The name is sent in the TLS handshake; true for HTTPS when unset.
    #[schema(optional, computed)]
    enable_sni: Option<bool>,
    /// How often in a row it has to come out otherwise.
    #[schema(optional, computed)]
    failure_threshold: Option<i64>,
    /// Domain of what is checked, or the host that is asked for.
    #[schema(optional)]
    fqdn: Option<String>,
    /// Id.
    #[schema(optional, computed)]
    id: Option<String>,
    /// What it is while the alarm lacks data: `Healthy`, `Unhealthy` or `LastKnownStatus`.
    #[schema(optional)]
    insufficient_data_health_status: Option<String>,
    /// Healthy is unhealthy.
    #[schema(optional)]
    invert_healthcheck: Option<bool>,
    /// Address of what is checked.
    #[schema(optional)]
    ip_address: Option<String>,
    /// The time that an answer takes is measured.
    #[schema(optional, force_new, default = false)]
    measure_latency: Option<bool>,
    /// Port.
    #[schema(optional)]
    port: Option<i64>,
    /// What the reference of its creation begins with.
    #[schema(optional, force_new)]
    reference_name: Option<String>,
    /// Regions from which it is checked.
    #[schema(optional, set)]
    regions: Option<Vec<String>>,
    /// Seconds between checks: 10 or 30.
    #[schema(optional, force_new)]
    request_interval: Option<i64>,
    /// Path that is asked for.
    #[schema(optional)]
    resource_path: Option<String>,
    /// Control that a `RECOVERY_CONTROL` one follows.
    #[schema(optional, force_new)]
    routing_control_arn: Option<String>,
    /// Text that the answer has to hold.
    #[schema(optional)]
    search_string: Option<String>,
    /// Tags.
    #[schema(optional)]
    tags: Tags,
    /// Tags with the provider's defaults.
    #[schema(optional, computed)]
    tags_all: Tags,
    /// Another value takes over the settings of the alarm again.
    #[schema(optional, computed)]
    triggers: Option<BTreeMap<String, String>>,
    /// `HTTP`, `HTTPS`, `HTTP_STR_MATCH`, `HTTPS_STR_MATCH`, `TCP`, `CALCULATED`, `CLOUDWATCH_METRIC` or `RECOVERY_CONTROL`.
    #[schema(required, force_new)]
    r#type: Option<String>,
}

const KINDS: [&str; 8] = ["HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP", "CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"];
/// From this number on they are listed.
const MANY: usize = 2;

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn number(number: Option<i64>) -> Option<i32> {
    number.filter(|number| *number != 0).and_then(|number| i32::try_from(number).ok())
}

async fn list(client: &Client) -> Result<Vec<HealthCheck>, Fault> {
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let call = client.route53().list_health_checks().max_items(100).set_marker(marker);
        let page = wait::retry(wait::limit(None, 2)?, busy, || async { call.clone().send().await.api("route53:ListHealthChecks") }).await?;
        all.extend(page.health_checks);
        if !page.is_truncated {
            return Ok(all);
        }
        marker = page.next_marker;
    }
}

async fn find(client: &Client, id: &str) -> Result<Option<HealthCheck>, Fault> {
    client
        .batch("route53 health check", 10_000, id.to_owned(), |client, ids: Vec<String>| async move {
            if ids.len() >= MANY {
                return Ok(list(&client).await?.into_iter().map(|check| (check.id.clone(), check)).collect());
            }
            let mut found = HashMap::new();
            for id in ids {
                let call = client.route53().get_health_check().health_check_id(&id);
                let answer = wait::retry(wait::limit(None, 2)?, busy, || async { call.clone().send().await.api("route53:GetHealthCheck") }).await?;
                found.extend(answer.health_check.map(|check| (id, check)));
            }
            Ok(found)
        })
        .await
}

/// How the creation is called, so that it is found again; 64 characters at most.
fn reference(planned: &Route53HealthCheck, token: &str) -> String {
    let room = 64_usize.saturating_sub(token.len() + 1);
    match given(&planned.reference_name) {
        Some(name) => format!("{}-{token}", name.chars().take(room).collect::<String>()),
        None => token.to_owned(),
    }
}

impl Route53HealthCheck {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn is(&self, kind: &str) -> bool {
        self.r#type.as_deref() == Some(kind)
    }

    fn alarm(&self) -> Result<Option<AlarmIdentifier>, Fault> {
        let Some(name) = given(&self.cloudwatch_alarm_name) else { return Ok(None) };
        let alarm = AlarmIdentifier::builder().name(name).region(CloudWatchRegion::from(self.cloudwatch_alarm_region.as_deref().unwrap_or_default()));
        alarm.build().map(Some).map_err(|error| Fault::error("Invalid alarm", error.to_string()))
    }

    fn checkers(&self) -> Option<Vec<HealthCheckRegion>> {
        let regions: Vec<HealthCheckRegion> = self.regions.iter().flatten().map(|region| HealthCheckRegion::from(region.as_str())).collect();
        Some(regions).filter(|regions| !regions.is_empty())
    }

    fn children(&self) -> Option<Vec<String>> {
        self.child_healthchecks.clone().filter(|children| !children.is_empty())
    }

    fn insufficient(&self) -> Option<InsufficientDataHealthStatus> {
        given(&self.insufficient_data_health_status).as_deref().map(InsufficientDataHealthStatus::from)
    }

    fn config(&self) -> Result<HealthCheckConfig, Fault> {
        let endpoint = !["CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"].iter().any(|kind| self.is(kind));
        HealthCheckConfig::builder()
            .r#type(HealthCheckType::from(self.r#type.as_deref().unwrap_or_default()))
            .set_ip_address(given(&self.ip_address))
            .set_port(number(self.port))
            .set_resource_path(given(&self.resource_path))
            .set_fully_qualified_domain_name(given(&self.fqdn))
            .set_search_string(given(&self.search_string))
            .set_request_interval(number(self.request_interval))
            .set_failure_threshold(number(self.failure_threshold))
            .set_measure_latency(self.measure_latency.filter(|_| endpoint))
            .set_inverted(self.invert_healthcheck)
            .set_disabled(self.disabled)
            // An endpoint's alone, except that TCP has none either.
            .set_enable_sni(self.enable_sni.filter(|on| *on || endpoint))
            .set_health_threshold(self.child_health_threshold.filter(|_| self.is("CALCULATED")).and_then(|count| i32::try_from(count).ok()))
            .set_child_health_checks(self.children())
            .set_regions(self.checkers())
            .set_alarm_identifier(self.alarm()?)
            .set_insufficient_data_health_status(self.insufficient())
            .set_routing_control_arn(given(&self.routing_control_arn))
            .build()
            .map_err(|error| Fault::error("Invalid health check", error.to_string()))
    }

    /// What has to be told as "as if never set", since leaving it out leaves it as it is.
    fn resets(prior: &Self, planned: &Self) -> Vec<ResettableElementName> {
        let gone = |before: &Option<String>, after: &Option<String>| given(before).is_some() && given(after).is_none();
        let mut resets = Vec::new();
        if gone(&prior.fqdn, &planned.fqdn) {
            resets.push(ResettableElementName::FullyQualifiedDomainName);
        }
        if gone(&prior.resource_path, &planned.resource_path) {
            resets.push(ResettableElementName::ResourcePath);
        }
        if prior.children().is_some() && planned.children().is_none() {
            resets.push(ResettableElementName::ChildHealthChecks);
        }
        if prior.checkers().is_some() && planned.checkers().is_none() {
            resets.push(ResettableElementName::Regions);
        }
        resets
    }

    async fn settled(client: &Client, planned: Self) -> Result<Self, Fault> {
        let tags = client.tag_rules().all(&planned.tags);
        wait::appear("state of the health check", || async { Ok(Self::read(client, planned.clone()).await?.filter(|found| found.tags_all.as_ref() == Some(&tags))) })
            .await
    }
}

impl Resource for Route53HealthCheck {
    type Client = Client;

    fn validate(config: &Value) -> Vec<Fault> {
        let text = |name: &str| config.get(name).and_then(|value| value.as_str().map(str::to_owned));
        let known = |name: &str| config.get(name).and_then(|value| value.as_i64());
        let unset = |name: &str| config.get(name).is_none_or(|value| value.is_null());
        let mut faults = Vec::new();
        let mut wrong = |attribute: &str, summary: &str, detail: String| faults.push(Fault::attribute(Path::attr(attribute), summary.to_owned(), detail));
        let Some(kind) = text("type").map(|kind| kind.to_uppercase()) else { return faults };
        if !KINDS.contains(&kind.as_str()) {
            wrong("type", "Invalid type", format!("\"{kind}\" is none of {}.", KINDS.join(", ")));
        }
        let endpoint = kind.starts_with("HTTP") || kind == "TCP";
        if endpoint && unset("fqdn") && unset("ip_address") {
            wrong("fqdn", "Missing argument", format!("A check of type {kind} needs fqdn or ip_address."));
        }
        if kind.ends_with("_STR_MATCH") && unset("search_string") {
            wrong("search_string", "Missing argument", format!("A check of type {kind} needs search_string."));
        }
        if kind == "CLOUDWATCH_METRIC" && (unset("cloudwatch_alarm_name") || unset("cloudwatch_alarm_region")) {
            wrong("cloudwatch_alarm_name", "Missing argument", "A check of type CLOUDWATCH_METRIC needs cloudwatch_alarm_name and cloudwatch_alarm_region.".to_owned());
        }
        if known("request_interval").is_some_and(|seconds| seconds != 10 && seconds != 30) {
            wrong("request_interval", "Number out of range", "The interval is 10 or 30 seconds.".to_owned());
        }
        if known("failure_threshold").is_some_and(|count| !(1..=10).contains(&count)) {
            wrong("failure_threshold", "Number out of range", "The threshold is 1 to 10.".to_owned());
        }
        if known("child_health_threshold").is_some_and(|count| !(0..=256).contains(&count)) {
            wrong("child_health_threshold", "Number out of range", "The threshold is 0 to 256.".to_owned());
        }
        faults
    }

    fn plan(client: &Client, plan: &mut ResourcePlan<'_>) -> Result<(), Fault> {
        plan::base(client, plan);
        // The API knows types in capital letters only.
        plan.suppress("type", |a, b| a.as_str().map(str::to_uppercase) == b.as_str().map(str::to_uppercase));
        if plan.config("triggers").is_null() && plan.creating() {
            plan.set("triggers", Value::null());
        }
        Ok(())
    }

    async fn create(client: &Client, planned: Self, operation: &Operation<'_>) -> Result<Self, Fault> {
        let call = client.route53().create_health_check().caller_reference(reference(&planned, operation.token)).health_check_config(planned.config()?);
        let answer = wait::retry(wait::limit(None, 5)?, busy, || async { call.clone().send().await.api("route53:CreateHealthCheck") }).await?;
        let id = answer.health_check.map(|check| check.id).ok_or_else(|| Fault::uncertain("route53:CreateHealthCheck failed", "The answer holds no health check."))?;
        let created = Self { id: Some(id), ..planned };
        operation.created(&created)?;
        wait::certain(|| async { retag(client, TagResourceType::Healthcheck, created.id(), &None, &client.tag_rules().all(&created.tags)).await }).await?;
        Self::settled(client, created).await
    }

    async fn read(client: &Client, prior: Self) -> Result<Option<Self>, Fault> {
        let id = prior.id().to_owned();
        let (found, listed) = tokio::try_join!(find(client, &id), async {
            match tags_of(client, TagResourceType::Healthcheck, &id).await {
                Err(fault) if fault.not_found => Ok(Vec::new()),
                listed => listed,
            }
        })?;
        let Some(config) = found.and_then(|check| check.health_check_config) else { return Ok(None) };
        let (tags, tags_all) = client.tag_rules().read(listed, &prior.tags);
        let alarm = config.alarm_identifier;
        let read = Self {
            arn: Some(format!("arn:{}:route53:::healthcheck/{id}", client.partition())),
            child_health_threshold: config.health_threshold.map(i64::from),
            child_healthchecks: Some(config.child_health_checks.unwrap_or_default()),
            cloudwatch_alarm_name: alarm.as_ref().map(|alarm| alarm.name.clone()),
            cloudwatch_alarm_region: alarm.map(|alarm| alarm.region.as_str().to_owned()),
            disabled: Some(config.disabled.unwrap_or(false)),
            enable_sni: Some(config.enable_sni.unwrap_or(false)),
            failure_threshold: Some(config.failure_threshold.map_or(0, i64::from)),
            fqdn: config.fully_qualified_domain_name,
            insufficient_data_health_status: config.insufficient_data_health_status.map(|status| status.as_str().to_owned()),
            invert_healthcheck: config.inverted,
            ip_address: config.ip_address,
            measure_latency: Some(config.measure_latency.unwrap_or(false)),
            port: config.port.map(i64::from),
            reference_name: prior.reference_name.clone(),
            regions: Some(config.regions.unwrap_or_default().into_iter().map(|region| region.as_str().to_owned()).collect()),
            request_interval: config.request_interval.map(i64::from),
            resource_path: config.resource_path,
            routing_control_arn: config.routing_control_arn,
            search_string: config.search_string,
            tags,
            tags_all,
            triggers: prior.triggers.clone(),
            r#type: Some(prior.r#type.clone().filter(|kind| kind.eq_ignore_ascii_case(config.r#type.as_str())).unwrap_or_else(|| config.r#type.as_str().to_owned())),
            id: Some(id),
        };
        Ok(Some(keep::form(&prior, &read)?))
    }

    async fn update(client: &Client, prior: Self, planned: Self, _operation: &Operation<'_>) -> Result<Self, Fault> {
        let planned = Self { id: prior.id.clone(), ..planned };
        let (before, after) = (prior.config()?, planned.config()?);
        if before != after || planned.triggers != prior.triggers {
            let resets = Self::resets(&prior, &planned);
            let call = client
                .route53()
                .update_health_check()
                .health_check_id(planned.id())
                .set_ip_address(after.ip_address)
                .set_port(after.port)
                .set_resource_path(after.resource_path)
                .set_fully_qualified_domain_name(after.fully_qualified_domain_name)
                .set_search_string(after.search_string)
                .set_failure_threshold(after.failure_threshold)
                .set_inverted(Some(planned.invert_healthcheck.unwrap_or(false)))
                .set_disabled(Some(planned.disabled.unwrap_or(false)))
                .set_enable_sni(after.enable_sni)
                .set_health_threshold(after.health_threshold)
                .set_child_health_checks(after.child_health_checks)
                .set_regions(after.regions)
                .set_alarm_identifier(after.alarm_identifier)
                .set_insufficient_data_health_status(after.insufficient_data_health_status)
                .set_reset_elements(Some(resets).filter(|resets| !resets.is_empty()));
            wait::retry(wait::limit(None, 5)?, busy, || async { call.clone().send().await.api("route53:UpdateHealthCheck") }).await?;
        }
        retag(client, TagResourceType::Healthcheck, planned.id(), &prior.tags_all, &client.tag_rules().all(&planned.tags)).await?;
        Self::settled(client, planned).await
    }

    async fn delete(client: &Client, prior: Self, _operation: &Operation<'_>) -> Result<(), Fault> {
        let call = client.route53().delete_health_check().health_check_id(prior.id());
        match wait::retry(wait::limit(None, 5)?, busy, || async { call.clone().send().await.api("route53:DeleteHealthCheck") }).await {
            Err(error) if !error.not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn recover(client: &Client, planned: Self, token: &str) -> Result<Option<Self>, Fault> {
        let wanted = reference(&planned, token);
        match list(client).await?.into_iter().find(|check| check.caller_reference == wanted) {
            Some(check) => Self::read(client, Self { id: Some(check.id), ..planned }).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::harness::{Lifecycle, lab, text};

    #[tokio::test]
    async fn endpoint() {
        let lab = lab().await;
        let config = |more: Json| {
            let mut config = json!({"type": "HTTPS", "fqdn": "example.com", "port": 443, "request_interval": 30, "reference_name": "site"});
            config.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
            config
        };
        let state = Lifecycle::new(&lab, "aws_route53_health_check", config(json!({"failure_threshold": 3, "enable_sni": true, "tags": {"a": "b"}})))
            .update(config(json!({"failure_threshold": 5, "resource_path": "/health", "invert_healthcheck": true, "tags": {"c": "d"}})))
            .update(config(json!({"failure_threshold": 5, "resource_path": "/alive", "disabled": true, "regions": ["eu-west-1", "us-east-1", "us-west-1"]})))
            .import_ignores(&["reference_name", "invert_healthcheck"])
            .run()
            .await;
        assert_eq!(text(&state, "arn"), format!("arn:aws:route53:::healthcheck/{}", text(&state, "id")));
    }

    #[tokio::test]
    async fn calculated() {
        let lab = lab().await;
        let child = |name: &str| json!({"type": "TCP", "ip_address": "192.0.2.1", "port": 22, "request_interval": 10, "failure_threshold": 1, "reference_name": name});
        let one = text(&lab.make("aws_route53_health_check", child("one")).await, "id");
        let two = text(&lab.make("aws_route53_health_check", child("two")).await, "id");
        let config = |count: i64, children: &[&String]| json!({"type": "CALCULATED", "child_health_threshold": count, "child_healthchecks": children});
        Lifecycle::new(&lab, "aws_route53_health_check", config(1, &[&one])).update(config(2, &[&one, &two])).import_ignores(&["invert_healthcheck"]).run().await;
    }

    #[tokio::test]
    async fn refused() {
        let lab = lab().await;
        let summaries = |config: Json| lab.validate("aws_route53_health_check", &config).into_iter().map(|fault| fault.summary).collect::<Vec<_>>();
        assert_eq!(summaries(json!({"type": "PING"})), ["Invalid type"]);
        assert_eq!(
            summaries(json!({"type": "HTTP_STR_MATCH", "request_interval": 20, "failure_threshold": 11})),
            ["Missing argument", "Missing argument", "Number out of range", "Number out of range"]
        );
        assert_eq!(summaries(json!({"type": "CLOUDWATCH_METRIC", "cloudwatch_alarm_name": "a"})), ["Missing argument"]);
    }
}
