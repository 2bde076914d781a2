//! What the emulated autoscaling groups hold.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::Error;
use crate::api::Api;

/// The ids of all instances that are in service in some group of the region.
pub(crate) async fn in_service(api: &Api) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    let mut token = String::new();
    loop {
        let parameters = [("NextToken", token.as_str())];
        let parameters = if token.is_empty() { &[][..] } else { &parameters[..] };
        let xml = api.query("autoscaling", "2011-01-01", "DescribeAutoScalingGroups", parameters).await?;
        let (page, next) = read_groups(&xml).map_err(|message| Error::Api { call: "DescribeAutoScalingGroups".to_owned(), message })?;
        ids.extend(page);
        match next {
            Some(next) => token = next,
            None => return Ok(ids),
        }
    }
}

/// Instance ids and the token of the next page.
fn read_groups(xml: &str) -> Result<(Vec<String>, Option<String>), String> {
    let document = roxmltree::Document::parse(xml).map_err(|error| error.to_string())?;
    let text = |node: roxmltree::Node<'_, '_>, name: &str| {
        let child = node.children().find(|child| child.tag_name().name() == name)?;
        child.text().map(str::to_owned)
    };
    let ids = document.descendants().filter(|node| text(*node, "LifecycleState").as_deref() == Some("InService")).filter_map(|node| text(node, "InstanceId")).collect();
    let next = document.descendants().find_map(|node| text(node, "NextToken"));
    Ok((ids, next.filter(|token| !token.is_empty())))
}

/// The user data that an instance was launched with, decoded; empty when it has none.
pub(crate) async fn user_data(api: &Api, id: &str) -> Result<Vec<u8>, Error> {
    let parameters = [("InstanceId", id), ("Attribute", "userData")];
    let xml = api.query("ec2", "2016-11-15", "DescribeInstanceAttribute", &parameters).await?;
    let document = roxmltree::Document::parse(&xml).map_err(|error| Error::node(id, error))?;
    let text = document
        .descendants()
        .find(|node| node.tag_name().name() == "userData")
        .and_then(|node| node.children().find(|child| child.tag_name().name() == "value"))
        .and_then(|node| node.text())
        .unwrap_or_default();
    BASE64_STANDARD.decode(text.trim()).map_err(|error| Error::node(id, format!("user data: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instances_in_service_count() {
        let xml = r#"<R xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><Result><AutoScalingGroups><member>
            <AutoScalingGroupName>g</AutoScalingGroupName><Instances>
            <member><InstanceId>i-1</InstanceId><LifecycleState>InService</LifecycleState></member>
            <member><InstanceId>i-2</InstanceId><LifecycleState>Terminating</LifecycleState></member>
            </Instances></member></AutoScalingGroups><NextToken>n</NextToken></Result></R>"#;
        assert_eq!(read_groups(xml), Ok((vec!["i-1".to_owned()], Some("n".to_owned()))));
        assert!(read_groups("<a>").is_err());
    }
}
