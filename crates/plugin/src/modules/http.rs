//! Packages over HTTPS: archives, and pages that say where a module is.

use std::path::Path;

use reqwest::Url;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use weir_addr::ModuleSource;
use weir_provider::Fault;

use super::archive::{self, Kind};
use super::{Fetcher, fault, of_module};
use crate::install::remote::{Web, join};

/// A URL without what is meant for us, and that.
pub(super) struct Query {
    pub(super) url: Url,
    archive: Option<String>,
    checksum: Option<String>,
}

impl Query {
    pub(super) fn of(text: &str) -> Result<Self, Fault> {
        let mut url = Url::parse(text).map_err(|error| fault(format!("\"{text}\" is no URL: {error}.")))?;
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let take = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let query = (take("archive"), take("checksum"));
        if pairs.iter().any(|(key, _)| matches!(key.as_str(), "archive" | "checksum")) {
            let kept: Vec<_> = pairs.iter().filter(|(key, _)| !matches!(key.as_str(), "archive" | "checksum")).collect();
            url.set_query(None);
            if !kept.is_empty() {
                url.query_pairs_mut().extend_pairs(kept);
            }
        }
        Ok(Self { url, archive: query.0, checksum: query.1 })
    }

    /// How it is packed, by `archive` or its name.
    pub(super) fn kind(&self) -> Result<Option<Kind>, Fault> {
        match self.archive.as_deref() {
            Some("false" | "0") => Ok(None),
            Some(name) => archive::kind(name)?.map(Some).ok_or_else(|| fault(format!("archive={name} is not known: zip, tar and tar.gz are."))),
            None => archive::kind(self.url.path().rsplit('/').next().unwrap_or_default()),
        }
    }

    /// Compares with `checksum`, if there is one.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Fault> {
        let Some(checksum) = &self.checksum else { return Ok(()) };
        let (kind, wanted) = checksum.split_once(':').unwrap_or_else(|| {
            let kind = match checksum.len() {
                40 => "sha1",
                64 => "sha256",
                128 => "sha512",
                _ => "",
            };
            (kind, checksum)
        });
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let found = match kind {
            "sha1" => hex(&Sha1::digest(bytes)),
            "sha256" => hex(&Sha256::digest(bytes)),
            "sha512" => hex(&Sha512::digest(bytes)),
            _ => return Err(fault(format!("checksum={checksum} is not known: sha256:…, sha512:… and sha1:… are."))),
        };
        if found.eq_ignore_ascii_case(wanted) {
            return Ok(());
        }
        Err(fault(format!("{} has the {kind} sum {found}, and {wanted} is required. Nothing was installed.", self.url)))
    }
}

/// Gets a package over HTTPS; gives the folder in it that is meant, if the page that names it says one.
pub(super) async fn fetch(fetcher: &Fetcher, text: &str, into: &Path) -> Result<Option<String>, Fault> {
    let query = Query::of(text)?;
    if query.url.scheme() != "https" {
        return Err(fault(format!("{}: only HTTPS is trusted. Offer the module there.", query.url)));
    }
    let web = fetcher.web()?;
    if let Some(kind) = query.kind()? {
        let bytes = needed(&web, &query.url).await?;
        query.check(&bytes)?;
        return archive::unpack(&bytes, kind, into).map(|()| None);
    }
    let mut asked = query.url.clone();
    asked.query_pairs_mut().append_pair("terraform-get", "1");
    let Some(answer) = web.answer(&asked).await.map_err(of_module)? else { return Err(nothing(&query.url)) };
    let named = answer.headers().get("x-terraform-get").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let named = match named {
        Some(named) => named,
        None => {
            let page = answer.text().await.map_err(|error| fault(format!("{}: {error}.", query.url)))?;
            meta(&page).ok_or_else(|| {
                fault(format!(
                    "{} is no archive by its name, and its page does not say where the module is. Add archive=zip or archive=tar.gz to its query if it is one.",
                    query.url
                ))
            })?
        }
    };
    let (package, subdir) = resolved(&query.url, &named)?;
    if package == text {
        return Err(fault(format!("{text} only names itself as the place of the module.")));
    }
    let inner = Box::pin(fetcher.fetch(&package, into)).await?;
    Ok(match (inner, subdir) {
        (Some(inner), Some(subdir)) => Some(format!("{inner}/{subdir}")),
        (inner, subdir) => inner.or(subdir),
    })
}

/// The package and the folder that a page or a registry names; also relative to itself.
pub(super) fn resolved(page: &Url, named: &str) -> Result<(String, Option<String>), Fault> {
    let text =
        if named.starts_with('/') || named.starts_with("./") || named.starts_with("../") { join(page, named).map_err(of_module)?.to_string() } else { named.to_owned() };
    match text.parse() {
        Ok(ModuleSource::Remote { package, subdir }) => {
            if package.starts_with("file://") || package.starts_with("git::file://") {
                return Err(fault(format!("{page} names \"{named}\", a place on this machine, which is not taken from others.")));
            }
            Ok((package.to_string(), subdir.map(|subdir| subdir.to_string())))
        }
        Ok(other) => Err(fault(format!("{page} names \"{other}\" as the place of the module, which is none that can be downloaded."))),
        Err(error) => Err(fault(format!("{page} names \"{named}\" as the place of the module: {}.", error.message))),
    }
}

/// One object of a bucket that everybody may read.
pub(super) async fn object(web: &Web<'_>, text: &str, into: &Path) -> Result<(), Fault> {
    let query = Query::of(text)?;
    let Some(kind) = query.kind()? else {
        return Err(fault(format!("{} is no archive by its name. Weir gets archives from S3, and not whole folders: pack the module as zip or tar.gz.", query.url)));
    };
    let signed = ["aws_access_key_id", "aws_profile"];
    if query.url.query_pairs().any(|(name, _)| signed.contains(&&*name)) {
        return Err(fault("Weir does not sign requests for modules: make the object readable, or give a signed URL as https://…&archive=zip."));
    }
    let bytes = match web.get(&query.url).await {
        Ok(bytes) => bytes.ok_or_else(|| nothing(&query.url))?,
        Err(error) => {
            let hint = "Weir does not sign requests for modules: if the object is private, give a signed URL as https://…&archive=zip.";
            return Err(fault(format!("{} {hint}", error.detail)));
        }
    };
    query.check(&bytes)?;
    archive::unpack(&bytes, kind, into)
}

async fn needed(web: &Web<'_>, url: &Url) -> Result<Vec<u8>, Fault> {
    web.get(url).await.map_err(of_module)?.ok_or_else(|| nothing(url))
}

fn nothing(url: &Url) -> Fault {
    fault(format!("{url}: there is nothing."))
}

/// The content of `<meta name="terraform-get" content="…">`.
fn meta(page: &str) -> Option<String> {
    page.split('<').filter(|tag| tag.trim_start().to_ascii_lowercase().starts_with("meta")).find_map(|tag| {
        let tag = tag.split('>').next()?;
        (attribute(tag, "name")? == "terraform-get").then(|| attribute(tag, "content"))?
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let at =
        lower.match_indices(name).map(|(at, _)| at).find(|at| lower[..*at].ends_with(char::is_whitespace) && lower[at + name.len()..].trim_start().starts_with('='))?;
    let rest = tag[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split(quote).next().map(|text| text.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_place() {
        let check = |page: &str, wanted: Option<&str>| assert_eq!(meta(page).as_deref(), wanted, "{page}");
        check("<html><head><META Name='terraform-get' content=\"https://x/y.zip?a=1&amp;b=2\"></head>", Some("https://x/y.zip?a=1&b=2"));
        check("<meta content='./y.zip' name=\"terraform-get\" />", Some("./y.zip"));
        check("<meta name=\"other\" content=\"x\"><p name=\"terraform-get\" content=\"y\">", None);
    }

    #[test]
    fn places_are_relative_to_the_page() {
        let page = Url::parse("https://example.com/a/b?x=1").unwrap();
        let check = |named: &str, wanted: (&str, Option<&str>)| {
            let (package, subdir) = resolved(&page, named).unwrap();
            assert_eq!((package.as_str(), subdir.as_deref()), wanted, "{named}");
        };
        check("./c.zip//d", ("https://example.com/a/c.zip", Some("d")));
        check("/c.zip?archive=zip", ("https://example.com/c.zip?archive=zip", None));
        check("git::https://example.com/c.git//d?ref=v1", ("git::https://example.com/c.git?ref=v1", Some("d")));
        assert!(resolved(&page, "git::file:///etc").is_err() && resolved(&page, "a/b/c").is_err() && resolved(&page, "?").is_err());
    }

    #[test]
    fn sums_are_compared() {
        let check = |query: &str| Query::of(&format!("https://example.com/x.zip?{query}&a=1")).unwrap().check(b"abc").map_err(|fault| fault.detail);
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(check(&format!("checksum=sha256:{sha256}")), Ok(()));
        assert_eq!(check(&format!("checksum={sha256}")), Ok(()));
        assert_eq!(check("checksum=a9993e364706816aba3e25717850c26c9cd0d89d"), Ok(()));
        assert!(check("checksum=sha256:00").unwrap_err().contains(sha256));
        assert!(check("checksum=crc:00").unwrap_err().contains("not known"));
        assert_eq!(Query::of("https://example.com/x?checksum=a&b=2").unwrap().url.as_str(), "https://example.com/x?b=2");
    }
}
