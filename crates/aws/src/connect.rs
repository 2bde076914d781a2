//! From the provider block to an SDK configuration.

use std::sync::Arc;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::{RetryConfig, RetryMode};
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider as Tls, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpClient};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use weir_provider::{Fault, SessionRequest};
use weir_value::Path;

use crate::api::causes;
use crate::assume;
use crate::config::Config;

/// How often a request is sent when the configuration does not say: throttling passes, an address where nobody listens is told within a minute.
const ATTEMPTS: u32 = 12;

/// How long an answer may take.
fn read_timeout() -> Duration {
    #[cfg(test)]
    if let Ok(limit) = READ_TIMEOUT.try_with(|limit| *limit) {
        return limit;
    }
    Duration::from_secs(60)
}

#[cfg(test)]
tokio::task_local! {
    /// For tests that wait for answers that do not come.
    pub(crate) static READ_TIMEOUT: Duration;
}

/// Reads the credential sources and builds what the service clients are made of.
pub(crate) async fn sdk(config: &Config, request: &SessionRequest) -> Result<SdkConfig, Vec<Fault>> {
    let made = if request.offline { offline(config, request).await } else { sdk_config(config, request).await };
    made.map_err(|fault| vec![fault])
}

fn no_region() -> Fault {
    Fault::attribute(Path::attr("region"), "No region is set", "Set `region` in the provider block, AWS_REGION in the environment, or a region in the profile.")
}

/// What plans need that ask nobody: the region. Credentials are not looked for.
async fn offline(config: &Config, request: &SessionRequest) -> Result<SdkConfig, Fault> {
    let region = match &config.region {
        Some(region) => Some(Region::new(region.clone())),
        None => {
            let mut profile = ProfileFileRegionProvider::builder();
            if let Some(files) = files(config, request) {
                profile = profile.profile_files(files);
            }
            if let Some(name) = &config.profile {
                profile = profile.profile_name(name);
            }
            RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(profile.build()).region().await
        }
    };
    Ok(SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(region.ok_or_else(no_region)?).build())
}

fn files(config: &Config, request: &SessionRequest) -> Option<EnvConfigFiles> {
    if config.shared_config_files.is_empty() && config.shared_credentials_files.is_empty() {
        return None;
    }
    let mut files = EnvConfigFiles::builder()
        .include_default_config_file(config.shared_config_files.is_empty())
        .include_default_credentials_file(config.shared_credentials_files.is_empty());
    for file in &config.shared_config_files {
        files = files.with_file(EnvConfigFileKind::Config, request.root.join(file));
    }
    for file in &config.shared_credentials_files {
        files = files.with_file(EnvConfigFileKind::Credentials, request.root.join(file));
    }
    Some(files.build())
}

async fn sdk_config(config: &Config, request: &SessionRequest) -> Result<SdkConfig, Fault> {
    let mode = match config.retry_mode.as_deref() {
        Some("standard" | "legacy") => RetryMode::Standard,
        _ => RetryMode::Adaptive,
    };
    let attempts = config.max_retries.and_then(|retries| u32::try_from(retries).ok()).map_or(ATTEMPTS, |retries| retries + 1);
    let retry = RetryConfig::standard().with_retry_mode(mode).with_max_attempts(attempts).with_max_backoff(Duration::from_secs(10));
    let http = http(config, request)?;
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .retry_config(retry)
        .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(10)).read_timeout(read_timeout()).build())
        .app_name(AppName::new("weir").map_err(|error| Fault::error("Invalid application name", error.to_string()))?);
    let profile_files = files(config, request);
    if let Some(files) = &profile_files {
        loader = loader.profile_files(files.clone());
    }
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &config.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(dual) = config.use_dualstack_endpoint {
        loader = loader.use_dual_stack(dual);
    }
    if let Some(fips) = config.use_fips_endpoint {
        loader = loader.use_fips(fips);
    }
    let plain = ProviderConfig::without_region().with_http_client(http).with_region(config.region.clone().map(Region::new));
    if let Some(credentials) = credentials(config, profile_files, &plain).await? {
        loader = loader.credentials_provider(credentials);
    }
    let mut sdk = loader.load().await;
    if sdk.region().is_none() {
        return Err(no_region());
    }
    let static_keys = config.access_key.is_some();
    if let Some(role) = config.assume_role_with_web_identity.first() {
        let provider = assume::web_identity(&at_sts(&sdk, config), role.clone())?;
        sdk = sdk.into_builder().credentials_provider(provider).build();
    }
    for role in config.assume_role.iter().filter(|role| role.role_arn.is_some()) {
        let provider = assume::role(&at_sts(&sdk, config), role.clone())?;
        sdk = sdk.into_builder().credentials_provider(provider).build();
    }
    if !static_keys || !config.assume_role.is_empty() {
        check(&sdk, config.profile.as_deref()).await?;
    }
    Ok(sdk)
}

/// The configuration for calls to the security token service.
fn at_sts(sdk: &SdkConfig, config: &Config) -> SdkConfig {
    let mut builder = sdk.to_builder();
    if let Some(region) = &config.sts_region {
        builder = builder.region(Region::new(region.clone()));
    }
    if let Some(url) = config.endpoints.iter().find_map(|endpoints| endpoints.0.get("sts")) {
        builder = builder.endpoint_url(url);
    }
    builder.build()
}

/// Credentials that the block names; `None` leaves it to the SDK's chain.
async fn credentials(config: &Config, files: Option<EnvConfigFiles>, plain: &ProviderConfig) -> Result<Option<SharedCredentialsProvider>, Fault> {
    match (&config.access_key, &config.secret_key) {
        (Some(key), Some(secret)) => {
            return Ok(Some(SharedCredentialsProvider::new(Credentials::new(key, secret, config.token.clone(), None, "provider block"))));
        }
        (None, None) => {}
        _ => return Err(Fault::error("Incomplete credentials", "`access_key` and `secret_key` only make sense together.")),
    }
    let from_profile = || {
        let mut profile = ProfileFileCredentialsProvider::builder().configure(plain);
        if let Some(files) = files.clone() {
            profile = profile.profile_files(files);
        }
        if let Some(name) = &config.profile {
            profile = profile.profile_name(name);
        }
        profile.build()
    };
    if config.profile.is_some() {
        // Written down, it is meant: the environment's keys do not go before it.
        return Ok(Some(SharedCredentialsProvider::new(from_profile())));
    }
    if config.skip_metadata_api_check.as_deref() == Some("true") {
        let chain = CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("Profile", from_profile())
            .or_else("WebIdentityToken", aws_config::web_identity_token::WebIdentityTokenCredentialsProvider::builder().configure(plain).build())
            .or_else("EcsContainer", aws_config::ecs::EcsCredentialsProvider::builder().configure(plain).build());
        return Ok(Some(SharedCredentialsProvider::new(chain)));
    }
    if let Some(endpoint) = &config.ec2_metadata_service_endpoint {
        let invalid = |error: &dyn std::error::Error| Fault::attribute(Path::attr("ec2_metadata_service_endpoint"), "Invalid metadata endpoint", causes(error));
        let metadata = aws_config::imds::Client::builder().configure(plain).endpoint(endpoint).map_err(|error| invalid(&*error))?;
        let chain = DefaultCredentialsChain::builder().configure(plain.clone()).imds_client(metadata.build()).build().await;
        return Ok(Some(SharedCredentialsProvider::new(chain)));
    }
    Ok(None)
}

/// Asks for credentials once, so that their absence is told once and at the start.
async fn check(sdk: &SdkConfig, profile: Option<&str>) -> Result<(), Fault> {
    let why = match sdk.credentials_provider() {
        Some(provider) => match provider.provide_credentials().await {
            Ok(_) => return Ok(()),
            Err(error) => causes(&error),
        },
        None => "no source is configured".to_owned(),
    };
    let why = profile.map_or_else(|| why.clone(), |profile| format!("The profile \"{profile}\" gives no credentials, or does not exist: {why}"));
    Err(Fault::error(
        "No valid credential sources found",
        format!(
            "{why}. Log in (`aws sso login`), set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment; on AWS attach a role to the machine. \
             `profile` and `assume_role` in the provider block choose among them."
        ),
    ))
}

/// Whom to trust, and the way out.
fn way(config: &Config, root: &std::path::Path) -> Result<(TlsContext, ProxyConfig), Fault> {
    if config.insecure == Some(true) {
        let detail = "Weir always verifies TLS certificates. Name the authority to trust with `custom_ca_bundle`.";
        return Err(Fault::attribute(Path::attr("insecure"), "Connections without verification are not supported", detail));
    }
    let context = match &config.custom_ca_bundle {
        Some(file) => {
            let invalid = |why: String| Fault::attribute(Path::attr("custom_ca_bundle"), "Cannot use the certificate bundle", why);
            let pem = std::fs::read(root.join(file)).map_err(|error| invalid(error.to_string()))?;
            let store = TrustStore::empty().with_pem_certificate(pem);
            TlsContext::builder().with_trust_store(store).build().map_err(|error| invalid(causes(&error)))?
        }
        None => TlsContext::default(),
    };
    let proxy = match (&config.https_proxy, &config.http_proxy) {
        (Some(url), _) => Some(ProxyConfig::https(url.as_str())),
        (None, Some(url)) => Some(ProxyConfig::all(url.as_str())),
        (None, None) => None,
    };
    let proxy = proxy.transpose().map_err(|error| Fault::error("Invalid proxy", causes(&error)))?;
    let proxy = proxy.map_or_else(ProxyConfig::from_env, |proxy| match &config.no_proxy {
        Some(hosts) => proxy.no_proxy(hosts),
        None => proxy,
    });
    Ok((context, proxy))
}

fn http(config: &Config, request: &SessionRequest) -> Result<SharedHttpClient, Fault> {
    let shared = Arc::new(way(config, &request.root)?);
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let (context, proxy) = (shared.0.clone(), shared.1.clone());
        let mut builder = Connector::builder().tls_provider(Tls::Rustls(CryptoMode::Ring)).tls_context(context).proxy_config(proxy);
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.build()
    }))
}

/// What a web server that is no AWS API answers to GET, reached as those are.
pub(crate) async fn get(sdk: &SdkConfig, config: &Config, root: &std::path::Path, url: &str) -> Result<Vec<u8>, Fault> {
    let failed = |why: String| Fault::error("Web page cannot be read", format!("{url}: {why}. Check the address, the network and the proxy settings."));
    let (context, proxy) = way(config, root)?;
    let settings = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(10)).read_timeout(read_timeout()).build();
    let mut builder = Connector::builder().tls_provider(Tls::Rustls(CryptoMode::Ring)).tls_context(context).proxy_config(proxy);
    builder.set_connector_settings(Some(settings));
    builder.set_sleep_impl(sdk.sleep_impl());
    let request = HttpRequest::get(url).map_err(|error| failed(causes(&error)))?;
    let answer = builder.build().call(request).await.map_err(|error| failed(causes(&error)))?;
    if answer.status().as_u16() != 200 {
        return Err(failed(format!("the server answered with status {}", answer.status().as_u16())));
    }
    let body = ByteStream::new(answer.into_body()).collect().await.map_err(|error| failed(causes(&error)))?;
    Ok(body.to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness;

    /// The summary and detail of the fault that connecting with further arguments gives.
    async fn check(extra: serde_json::Value) -> (String, String) {
        let faults = harness::connect(extra).await.map(drop).expect_err("it should be refused");
        (faults[0].summary.clone(), faults[0].detail.clone())
    }

    #[tokio::test]
    async fn what_is_missing_is_told() {
        let none = std::env::temp_dir().join("weir-no-such-file");
        let alone = json!({
            "access_key": null, "secret_key": null, "profile": "weir-no-such-profile",
            "shared_config_files": [none], "shared_credentials_files": [none],
        });
        let (summary, detail) = check(alone).await;
        assert_eq!(summary, "No valid credential sources found", "{detail}");
        assert!(detail.contains("aws sso login") && detail.contains("AWS_PROFILE"), "{detail}");
        assert_eq!(check(json!({"secret_key": null})).await.0, "Incomplete credentials");
        assert_eq!(check(json!({"insecure": true})).await.0, "Connections without verification are not supported");
        assert_eq!(check(json!({"custom_ca_bundle": "weir-no-such-file"})).await.0, "Cannot use the certificate bundle");
    }

    #[tokio::test]
    async fn accounts_are_checked() {
        let (summary, detail) = check(json!({"allowed_account_ids": ["1"]})).await;
        assert_eq!(summary, "AWS account not allowed");
        assert!(detail.contains("123456789012"), "{detail}");
        assert_eq!(check(json!({"forbidden_account_ids": ["123456789012"]})).await.0, "AWS account not allowed");
        assert!(harness::connect(json!({"allowed_account_ids": ["123456789012"]})).await.is_ok());
    }

    #[tokio::test]
    async fn roles_are_assumed_one_after_the_other() {
        let role = |name: &str| json!({"role_arn": format!("arn:aws:iam::123456789012:role/{name}"), "session_name": "s", "duration": "1h"});
        let client = harness::connect(json!({"assume_role": [role("one"), role("two")]})).await.map_err(|faults| format!("{faults:?}")).expect("connect");
        let arn = client.caller().await.expect("caller").arn.clone();
        assert_eq!(arn, "arn:aws:sts::123456789012:assumed-role/two/s");
    }
}
