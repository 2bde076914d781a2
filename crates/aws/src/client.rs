//! The configured provider: one client per service, the account, the rules for tags, the open batches.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use aws_config::{Region, SdkConfig};
use aws_types::service_config::ServiceConfigKey;
use tokio::sync::OnceCell;
use weir_provider::native::NativeClient;
use weir_provider::{Fault, SessionRequest};

use crate::api::Explain;
use crate::batch::Batches;
use crate::config::Config;
use crate::once::Once;
use crate::tags::TagRules;
use crate::throttle::Throttle;
use crate::{connect, marker, wait};

/// What resources work with; cheap to clone.
#[derive(Clone)]
pub(crate) struct Client(Arc<Inner>);

struct Inner {
    sdk: SdkConfig,
    config: Config,
    tag_rules: TagRules,
    root: PathBuf,
    throttle: Throttle,
    account: OnceCell<Caller>,
    batches: Batches,
    services: Services,
}

/// Who the credentials belong to.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Twelve digits.
    pub(crate) account: String,
    /// The caller's ARN.
    pub(crate) arn: String,
    /// The caller's unique id.
    pub(crate) user_id: String,
}

/// Makes a client per service, when it is first used, so that all who use a service share its rate limiter. The names are those under which the
/// `endpoints` block knows the service.
macro_rules! services {
    ($($method:ident: $sdk:ident $names:expr;)*) => {
        #[derive(Default)]
        struct Services {
            s3: OnceLock<aws_sdk_s3::Client>,
            $($method: OnceLock<$sdk::Client>,)*
        }

        impl Client {
            $(
                #[doc = concat!("The client of `", stringify!($sdk), "`.")]
                pub(crate) fn $method(&self) -> &$sdk::Client {
                    self.0.services.$method.get_or_init(|| {
                        let mut builder = $sdk::config::Builder::from(&self.0.sdk).interceptor(Once).interceptor(self.0.throttle.clone());
                        if let Some(url) = self.endpoint(&$names) {
                            builder = builder.endpoint_url(url);
                        }
                        if let (Some(region), "sts") = (&self.0.config.sts_region, stringify!($method)) {
                            builder = builder.region(Region::new(region.clone()));
                        }
                        $sdk::Client::from_conf(builder.build())
                    })
                }
            )*
        }
    };
}

services! {
    autoscaling: aws_sdk_autoscaling ["autoscaling"];
    ec2: aws_sdk_ec2 ["ec2"];
    elb: aws_sdk_elasticloadbalancingv2 ["elbv2", "elasticloadbalancingv2"];
    iam: aws_sdk_iam ["iam"];
    kms: aws_sdk_kms ["kms"];
    logs: aws_sdk_cloudwatchlogs ["logs", "cloudwatchlogs", "cloudwatchlog"];
    route53: aws_sdk_route53 ["route53"];
    secrets: aws_sdk_secretsmanager ["secretsmanager"];
    ssm: aws_sdk_ssm ["ssm"];
    sts: aws_sdk_sts ["sts"];
}

impl Client {
    /// Connects with the provider block.
    pub(crate) async fn connect(mut config: Config, request: &SessionRequest) -> Result<Self, Vec<Fault>> {
        let sdk = connect::sdk(&config, request).await?;
        let tag_rules = TagRules::new(std::mem::take(&mut config.default_tags), std::mem::take(&mut config.ignore_tags));
        let throttle = Throttle::of(&config, sdk.region().map_or("", |region| region.as_ref()));
        let client = Self(Arc::new(Inner {
            throttle,
            sdk,
            config,
            tag_rules,
            root: request.root.clone(),
            account: OnceCell::new(),
            batches: Batches::default(),
            services: Services::default(),
        }));
        if !request.offline {
            client.check_account().await.map_err(|fault| vec![fault])?;
        }
        Ok(client)
    }

    async fn check_account(&self) -> Result<(), Fault> {
        let config = &self.0.config;
        if config.allowed_account_ids.is_empty() && config.forbidden_account_ids.is_empty() {
            return Ok(());
        }
        let account = self.account().await?;
        let allowed = config.allowed_account_ids.is_empty() || config.allowed_account_ids.iter().any(|id| id == account);
        if !allowed || config.forbidden_account_ids.iter().any(|id| id == account) {
            let detail = format!(
                "The credentials belong to account {account}, which `allowed_account_ids` or `forbidden_account_ids` of the provider block excludes. Choose another profile or role."
            );
            return Err(Fault::error("AWS account not allowed", detail));
        }
        Ok(())
    }

    pub(crate) fn batches(&self) -> &Batches {
        &self.0.batches
    }

    /// The folder that relative paths start from.
    pub(crate) fn root(&self) -> &Path {
        &self.0.root
    }

    /// What a web server that is no AWS API answers to GET.
    pub(crate) async fn get(&self, url: &str) -> Result<Vec<u8>, Fault> {
        connect::get(&self.0.sdk, &self.0.config, self.root(), url).await
    }

    /// How tags are merged and split.
    pub(crate) fn tag_rules(&self) -> &TagRules {
        &self.0.tag_rules
    }

    /// The region.
    pub(crate) fn region(&self) -> &str {
        self.0.sdk.region().map_or("us-east-1", |region| region.as_ref())
    }

    /// The partition of the region: `aws`, `aws-cn`, `aws-us-gov`, …
    pub(crate) fn partition(&self) -> &'static str {
        crate::partition::of_region(self.region()).id
    }

    /// The domain of services in the region: `amazonaws.com`, …
    pub(crate) fn dns_suffix(&self) -> &'static str {
        crate::partition::of_region(self.region()).dns_suffix
    }

    /// Who the credentials belong to; asked for once.
    pub(crate) async fn caller(&self) -> Result<&Caller, Fault> {
        let ask = || async {
            let answer = self.sts().get_caller_identity().send().await.api("sts:GetCallerIdentity")?;
            Ok(Caller { account: answer.account.unwrap_or_default(), arn: answer.arn.unwrap_or_default(), user_id: answer.user_id.unwrap_or_default() })
        };
        self.0.account.get_or_try_init(ask).await
    }

    /// The number of the account.
    pub(crate) async fn account(&self) -> Result<&str, Fault> {
        self.caller().await.map(|caller| caller.account.as_str())
    }

    /// The number of the account that an object is in: the state's ARN of it says that without a call.
    pub(crate) async fn account_of<'a>(&'a self, arn: Option<&'a String>) -> Result<&'a str, Fault> {
        match arn.and_then(|arn| arn.split(':').nth(4)).filter(|account| !account.is_empty()) {
            Some(account) => Ok(account),
            None => self.account().await,
        }
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` of an object in an account.
    pub(crate) fn arn(&self, service: &str, account: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{account}:{resource}", self.partition(), self.region())
    }

    /// The custom address of a service, under any of its names in the `endpoints` block.
    fn endpoint(&self, names: &[&str]) -> Option<&str> {
        self.0.config.endpoints.iter().find_map(|block| names.iter().find_map(|name| block.0.get(*name))).map(String::as_str)
    }

    /// The client of S3.
    pub(crate) fn s3(&self) -> &aws_sdk_s3::Client {
        self.0.services.s3.get_or_init(|| {
            let mut builder = aws_sdk_s3::config::Builder::from(&self.0.sdk).interceptor(Once).interceptor(self.0.throttle.clone());
            let url = self.endpoint(&["s3", "s3api"]);
            if let Some(url) = url {
                builder = builder.endpoint_url(url);
            }
            // Behind a custom address there is no name per bucket.
            let path_style = self.0.config.s3_use_path_style.unwrap_or(false) || url.is_some() || self.0.sdk.endpoint_url().is_some() || self.s3_elsewhere();
            aws_sdk_s3::Client::from_conf(builder.force_path_style(path_style).build())
        })
    }

    /// True when the environment or the profile names an address for S3.
    fn s3_elsewhere(&self) -> bool {
        let key = ServiceConfigKey::builder().service_id("s3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let Ok(key) = key else { return false };
        self.0.sdk.service_config().and_then(|config| config.load_config(key)).is_some()
    }
}

impl NativeClient for Client {
    async fn settle(&self, ids: Vec<String>) -> Result<(), Fault> {
        marker::settle(self, ids).await
    }

    async fn lag(&self, asked: u32) -> bool {
        wait::lag(asked).await
    }
}
