//! `data "aws_s3_bucket"`

use serde::{Deserialize, Serialize};
use weir_provider::native::DataSource;
use weir_provider::{Fault, Schema};

use crate::api::Explain;
use crate::resource::s3_bucket::{head, zone};
use crate::{Client, view};

/// A bucket.
///
/// ```hcl
/// data "aws_s3_bucket" "snapshots" {
///   bucket = "example-snapshots"
/// }
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize, Schema)]
#[serde(default)]
#[schema(name = "aws_s3_bucket")]
pub(crate) struct S3Bucket {
    /// ARN.
    #[schema(computed)]
    arn: Option<String>,
    /// Name.
    #[schema(required)]
    bucket: Option<String>,
    /// Domain name.
    #[schema(computed)]
    bucket_domain_name: Option<String>,
    /// Domain name with the region.
    #[schema(computed)]
    bucket_regional_domain_name: Option<String>,
    /// Route 53 zone of the region's website endpoint.
    #[schema(computed)]
    hosted_zone_id: Option<String>,
    /// The name again.
    #[schema(optional, computed)]
    id: Option<String>,
    /// Region.
    #[schema(computed)]
    region: Option<String>,
    /// Domain of the website; empty when the bucket is none.
    #[schema(computed)]
    website_domain: Option<String>,
    /// Endpoint of the website; empty when the bucket is none.
    #[schema(computed)]
    website_endpoint: Option<String>,
}

/// Regions whose website endpoints have a hyphen before the region (the AWS General Reference).
const HYPHENS: [&str; 9] = ["ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "eu-west-1", "sa-east-1", "us-east-1", "us-gov-west-1", "us-west-1", "us-west-2"];

fn website_domain(region: &str) -> String {
    let suffix = crate::partition::of_region(region).dns_suffix;
    let between = if HYPHENS.contains(&region) { '-' } else { '.' };
    format!("s3-website{between}{region}.{suffix}")
}

impl DataSource for S3Bucket {
    type Client = Client;

    async fn read(client: &Client, config: Self) -> Result<Self, Fault> {
        let bucket = config.bucket.unwrap_or_default();
        let (region, is_site) = tokio::try_join!(head(client, &bucket), async {
            match client.s3().get_bucket_website().bucket(&bucket).send().await.api("s3:GetBucketWebsite") {
                Ok(_) => Ok(true),
                // Who may not ask gets no website.
                Err(error) if error.not_found() || error.is(&["NoSuchWebsiteConfiguration", "AccessDenied", "NotImplemented"]) => Ok(false),
                Err(error) => Err(Fault::from(error)),
            }
        })?;
        let region = region.ok_or_else(|| view::none("bucket"))?.filter(|region| !region.is_empty()).unwrap_or_else(|| client.region().to_owned());
        let suffix = client.dns_suffix();
        let domain = if is_site { website_domain(&region) } else { String::new() };
        Ok(Self {
            arn: Some(format!("arn:{}:s3:::{bucket}", client.partition())),
            bucket_domain_name: Some(format!("{bucket}.s3.{suffix}")),
            bucket_regional_domain_name: Some(format!("{bucket}.s3.{region}.{suffix}")),
            hosted_zone_id: zone(&region),
            id: Some(bucket.clone()),
            website_endpoint: Some(if is_site { format!("{bucket}.{domain}") } else { String::new() }),
            website_domain: Some(domain),
            region: Some(region),
            bucket: Some(bucket),
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{IndexDocument, WebsiteConfiguration};
    use serde_json::json;

    use super::website_domain;
    use crate::harness::{client, lab, text};

    #[test]
    fn domains() {
        assert_eq!(
            (website_domain("us-east-1"), website_domain("eu-central-1")),
            ("s3-website-us-east-1.amazonaws.com".into(), "s3-website.eu-central-1.amazonaws.com".into())
        );
        assert_eq!(website_domain("cn-north-1"), "s3-website.cn-north-1.amazonaws.com.cn");
    }

    #[tokio::test]
    async fn plain_website_and_missing() {
        let lab = lab().await;
        let made = lab.make("aws_s3_bucket", json!({"bucket": "data-bucket"})).await;
        let found = lab.data("aws_s3_bucket", json!({"bucket": "data-bucket"})).await.expect("bucket");
        for same in ["arn", "bucket", "bucket_domain_name", "bucket_regional_domain_name", "hosted_zone_id", "id", "region"] {
            assert_eq!(found.get(same), made.get(same), "{same}");
        }
        assert_eq!(text(&found, "website_endpoint"), "");
        let index = IndexDocument::builder().suffix("index.html").build().expect("index");
        let website = WebsiteConfiguration::builder().index_document(index).build();
        client().await.s3().put_bucket_website().bucket("data-bucket").website_configuration(website).send().await.expect("website");
        let found = lab.data("aws_s3_bucket", json!({"bucket": "data-bucket"})).await.expect("bucket");
        assert_eq!(text(&found, "website_endpoint"), "data-bucket.s3-website.eu-central-1.amazonaws.com");
        let faults = lab.data("aws_s3_bucket", json!({"bucket": "data-no-bucket"})).await.expect_err("missing");
        assert_eq!(faults[0].summary, "No such bucket");
    }
}
