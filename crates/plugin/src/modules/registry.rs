//! What a module registry says: which versions there are, and where the package of one is.

use std::collections::BTreeMap;

use reqwest::Url;
use semver::Version;
use serde::Deserialize;
use weir_addr::{Constraint, RegistryModule};
use weir_provider::Fault;

use super::{Located, fault, of_module};
use crate::install::remote::{Web, failed, join, newest};

#[derive(Deserialize)]
struct Answer {
    modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Module {
    versions: Vec<Offered>,
}

#[derive(Deserialize)]
struct Offered {
    version: String,
}

pub(super) async fn locate(web: &Web<'_>, module: &RegistryModule, constraint: Option<&Constraint>) -> Result<Located, Fault> {
    let refused = |url: &Url, why: &str| of_module(failed(url, why));
    let host = Url::parse(&format!("https://{}/", module.host)).map_err(|error| fault(format!("{} is no registry host: {error}.", module.host)))?;
    let discovery = join(&host, ".well-known/terraform.json").map_err(of_module)?;
    let services: Option<BTreeMap<String, serde_json::Value>> = web.json(&discovery).await.map_err(of_module)?;
    let base = services.as_ref().and_then(|services| services.get("modules.v1")?.as_str());
    let Some(base) = base else { return Err(refused(&discovery, "the host offers no module registry")) };
    let base = join(&discovery, &format!("{}/", base.trim_end_matches('/'))).map_err(of_module)?;
    let path = format!("{}/{}/{}", module.namespace, module.name, module.provider);
    let list = join(&base, &format!("{path}/versions")).map_err(of_module)?;
    let Some(answer) = web.json::<Answer>(&list).await.map_err(of_module)? else {
        return Err(fault(format!("{} has no module {}/{}/{}. Look at the source for a mistake.", module.host, module.namespace, module.name, module.provider)));
    };
    let offered = answer.modules.iter().flat_map(|module| &module.versions).filter_map(|offered| Version::parse(offered.version.trim_start_matches('v')).ok());
    let (chosen, all) = newest(offered, constraint.map(std::slice::from_ref).unwrap_or_default());
    let Some(version) = chosen else {
        let shown: Vec<String> = all.iter().rev().take(10).map(ToString::to_string).collect();
        let wanted = constraint.map_or_else(|| "a released one".to_owned(), ToString::to_string);
        let shown = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
        return Err(Fault::error("Unresolvable module version constraint", format!("No version of {module} is {wanted}. The newest there are: {shown}.")));
    };
    let place = join(&base, &format!("{path}/{version}/download")).map_err(of_module)?;
    let Some(answer) = web.answer(&place).await.map_err(of_module)? else { return Err(refused(&place, "there is nothing")) };
    let named = answer.headers().get("x-terraform-get").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(named) = named else { return Err(refused(&place, "the answer does not say where the package is (X-Terraform-Get)")) };
    let (package, subdir) = super::http::resolved(&place, &named)?;
    let source = weir_addr::ModuleSource::Remote { package: package.into(), subdir: subdir.map(Into::into) };
    Ok(Located { version, source: source.to_string() })
}
