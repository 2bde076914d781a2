//! Packages in S3 that not everybody may read: got with the credentials of the environment.

use std::path::Path;

use weir_aws::bucket::{BucketSettings, StateBucket};
use weir_plugin::modules::{Fetcher, unpack};
use weir_provider::Fault;

/// Where an object is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    bucket: String,
    key: String,
    region: Option<String>,
    /// The address of something that is not AWS.
    endpoint: Option<String>,
    profile: Option<String>,
}

/// Gets a package: one in S3 signed, if there are credentials, and everything else as it is.
pub(super) async fn fetch(fetcher: &Fetcher, package: &str, into: &Path) -> Result<Option<String>, Fault> {
    let Some(place) = package.strip_prefix("s3::").and_then(place) else { return fetcher.fetch(package, into).await };
    let Place { bucket, key, region, endpoint, profile } = place;
    let region = region.or_else(|| Some("us-east-1".to_owned()).filter(|_| endpoint.is_some()));
    let settings = BucketSettings { bucket, region, endpoint, profile, max_retries: Some(2), ..BucketSettings::default() };
    let Ok(bucket) = StateBucket::connect(settings).await else {
        // Nobody to sign: perhaps everybody may read it.
        return fetcher.fetch(package, into).await;
    };
    let failed = |detail: String| Fault::error("Failed to download module", detail);
    let found = bucket.get(&key).await.map_err(|fault| failed(format!("{}: {}", fault.summary, fault.detail)))?;
    let bytes = found
        .ok_or_else(|| failed(format!("There is no object {key} in the bucket. Weir gets archives from S3, and not whole folders: pack the module as zip or tar.gz.")))?;
    unpack(&bytes, package.trim_start_matches("s3::"), into)?;
    Ok(None)
}

/// Reads `HOST/BUCKET/KEY` and `BUCKET.s3.REGION.amazonaws.com/KEY`; `None` for what is no URL of an object.
fn place(url: &str) -> Option<Place> {
    let (scheme, rest) = url.split_once("://")?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/')?;
    let profile = query.split('&').find_map(|pair| pair.strip_prefix("aws_profile=")).map(str::to_owned);
    // Keys in the query are for nobody to see.
    if query.contains("aws_access_key_id=") {
        return None;
    }
    let within = |path: &str| path.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()).map(|(bucket, key)| (bucket.to_owned(), key.to_owned()));
    let Some(name) = host.strip_suffix(".amazonaws.com") else {
        let (bucket, key) = within(path)?;
        return Some(Place { bucket, key, region: None, endpoint: Some(format!("{scheme}://{host}")), profile });
    };
    let region = |text: &str| Some(text.trim_start_matches(['.', '-']).to_owned()).filter(|text| !text.is_empty());
    // `s3`, `s3.REGION` and `s3-REGION`, perhaps with the bucket before it.
    if let Some(rest) = name.strip_prefix("s3").filter(|rest| rest.is_empty() || rest.starts_with(['.', '-'])) {
        let (bucket, key) = within(path)?;
        return Some(Place { bucket, key, region: region(rest), endpoint: None, profile });
    }
    let (bucket, rest) = name.split_once(".s3")?;
    Some(Place { bucket: bucket.to_owned(), key: path.to_owned(), region: region(rest), endpoint: None, profile }).filter(|place| !place.key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_several_addresses() {
        let check = |url: &str, bucket: &str, key: &str, region: Option<&str>, endpoint: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let wanted = Place { bucket: bucket.to_owned(), key: key.to_owned(), region: own(region), endpoint: own(endpoint), profile: None };
            assert_eq!(place(url), Some(wanted), "{url}");
        };
        check("https://s3.amazonaws.com/b/a/net.zip", "b", "a/net.zip", None, None);
        check("https://s3-eu-west-1.amazonaws.com/b/net.zip", "b", "net.zip", Some("eu-west-1"), None);
        check("https://s3.eu-west-1.amazonaws.com/b/net.zip?archive=zip", "b", "net.zip", Some("eu-west-1"), None);
        check("https://b.s3.eu-west-1.amazonaws.com/a/net.zip", "b", "a/net.zip", Some("eu-west-1"), None);
        check("https://b.s3.amazonaws.com/net.zip", "b", "net.zip", None, None);
        check("https://storage.example.com:9000/b/net.zip", "b", "net.zip", None, Some("https://storage.example.com:9000"));
        assert_eq!(place("https://s3.amazonaws.com/b"), None);
        assert_eq!(place("https://s3.amazonaws.com/b/k?aws_access_key_id=x"), None);
        assert_eq!(place("https://s3.amazonaws.com/b/k?aws_profile=p").unwrap().profile.as_deref(), Some("p"));
    }
}
