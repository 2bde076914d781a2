//! Chains that verify, and chains that must not.

use time::{Duration, OffsetDateTime};

use super::*;
use crate::x509::certificate::{self, Authority, NameConstraints, Template, sign, sign_self};
use crate::x509::key::{Curve, PrivateKey};

/// One moment for the whole run: certificates made a second apart shall have the same times.
fn now() -> OffsetDateTime {
    static NOW: std::sync::OnceLock<OffsetDateTime> = std::sync::OnceLock::new();
    *NOW.get_or_init(certificate::now)
}

struct Tier {
    key: PrivateKey,
    pem: String,
}

fn template(name: &str, key: &PrivateKey, ca: bool) -> Template {
    let uses: &[&str] = if ca { &["cert_signing", "crl_signing"] } else { &["digital_signature", "server_auth"] };
    Template {
        subject: Subject::new(name, None).to_der(),
        public_key: key.public_key(),
        alt_names: None,
        uses: uses.iter().map(|used| (*used).to_owned()).collect(),
        ca,
        max_path_length: None,
        name_constraints: NameConstraints::default(),
        not_before: now() - Duration::hours(1),
        not_after: now() + Duration::hours(100),
        subject_key_id: true,
        authority_key_id: true,
    }
}

fn root(change: impl Fn(&mut Template)) -> Tier {
    let key = PrivateKey::ec(Curve::P384).unwrap();
    let mut template = template("Root", &key, true);
    change(&mut template);
    let pem = sign_self(&template, &key).unwrap().pem;
    Tier { key, pem }
}

fn below(issuer: &Tier, name: &str, ca: bool, change: impl Fn(&mut Template)) -> Tier {
    let key = PrivateKey::ec(Curve::P256).unwrap();
    let mut template = template(name, &key, ca);
    change(&mut template);
    let copy = PrivateKey::from_pem(&issuer.key.to_pem().unwrap()).unwrap();
    let pem = sign(&template, &Authority::new(&issuer.pem, copy).unwrap()).unwrap().pem;
    Tier { key, pem }
}

fn same(_: &mut Template) {}

fn check(leaf: &Tier, chain: &[&Tier], expected: Result<&[&str], &str>) {
    let chain: String = chain.iter().map(|tier| tier.pem.as_str()).collect();
    let found = verify(&leaf.pem, &chain).map_err(|error| error.to_string());
    match expected {
        Ok(path) => assert_eq!(found.unwrap(), path),
        Err(part) => {
            let error = found.unwrap_err();
            assert!(error.contains(part), "{error}\nshould contain: {part}");
        }
    }
}

#[test]
fn good_chains() {
    let root = root(|template| template.max_path_length = Some(2));
    let one = below(&root, "One", true, |template| template.max_path_length = Some(1));
    let two = below(&one, "Two", true, |template| template.max_path_length = Some(0));
    let leaf = below(&two, "leaf", false, same);
    check(&leaf, &[&root, &two, &one], Ok(&["CN=leaf", "CN=Two", "CN=One", "CN=Root"]));
    check(&two, &[&one, &root], Ok(&["CN=Two", "CN=One", "CN=Root"]));
    check(&one, &[&one, &root], Ok(&["CN=One", "CN=Root"]));
    check(&root, &[&root], Ok(&["CN=Root"]));
    // Two CAs of one name: the one that signed is found.
    let twin = below(&one, "Two", true, |template| template.max_path_length = Some(0));
    check(&leaf, &[&twin, &two, &one, &root], Ok(&["CN=leaf", "CN=Two", "CN=One", "CN=Root"]));
}

#[test]
fn every_kind_of_key() {
    for key in [PrivateKey::ed25519(), PrivateKey::rsa(2048).unwrap(), PrivateKey::ec(Curve::P256).unwrap(), PrivateKey::ec(Curve::P521).unwrap()] {
        let template = template("Root", &key, true);
        let pem = sign_self(&template, &key).unwrap().pem;
        let root = Tier { key, pem };
        let leaf = below(&root, "leaf", false, same);
        check(&leaf, &[&root], Ok(&["CN=leaf", "CN=Root"]));
    }
}

#[test]
fn times() {
    let root = root(same);
    let expired = below(&root, "old", false, |template| template.not_after = now() - Duration::minutes(1));
    check(&expired, &[&root], Err("\"CN=old\" expired at "));
    let early = below(&root, "early", false, |template| template.not_before = now() + Duration::hours(1));
    check(&early, &[&root], Err("\"CN=early\" is not valid before "));
    let long = below(&root, "long", false, |template| template.not_after = now() + Duration::hours(101));
    check(&long, &[&root], Err("longer than its issuer \"CN=Root\""));
    let older = below(&root, "older", false, |template| template.not_before = now() - Duration::hours(2));
    check(&older, &[&root], Err("earlier than its issuer \"CN=Root\""));
    let leaf = below(&root, "leaf", false, same);
    assert!(verify_at(&leaf.pem, &root.pem, OffsetDateTime::now_utc() + Duration::hours(200)).is_err());
}

#[test]
fn wrong_issuers() {
    let root = root(same);
    // Only a CA can be made to sign: what is no CA is another certificate of the same name and key.
    let ca = below(&root, "Middle", true, same);
    let leaf = below(&ca, "leaf", false, same);
    let issue = |change: &dyn Fn(&mut Template)| {
        let mut template = template("Middle", &ca.key, true);
        change(&mut template);
        let copy = PrivateKey::from_pem(&root.key.to_pem().unwrap()).unwrap();
        let pem = sign(&template, &Authority::new(&root.pem, copy).unwrap()).unwrap().pem;
        Tier { key: PrivateKey::ed25519(), pem }
    };
    check(&leaf, &[&issue(&|template| template.ca = false), &root], Err("\"CN=Middle\" issued \"CN=leaf\", but is not the certificate of a CA"));
    let crl_only = issue(&|template| template.uses = vec!["crl_signing".to_owned()]);
    check(&leaf, &[&crl_only, &root], Err("its key usage does not include cert_signing"));
    let key = PrivateKey::from_pem(&leaf.key.to_pem().unwrap()).unwrap();
    assert_eq!(Authority::new(&leaf.pem, key).err().unwrap().to_string(), "the certificate to sign with is not that of a CA");
    let other = below(&root, "Middle", true, same);
    check(&leaf, &[&other, &root], Err("the signature of \"CN=leaf\" is not by the key of \"CN=Middle\""));
}

#[test]
fn path_lengths() {
    let root = root(|template| template.max_path_length = Some(0));
    let one = below(&root, "One", true, same);
    let leaf = below(&one, "leaf", false, same);
    check(&leaf, &[&one, &root], Err("\"CN=Root\" allows 0 CAs below it, but the path has 1"));
    check(&one, &[&root], Err("\"CN=Root\" allows 0 CAs below it, but the path has 1"));
}

#[test]
fn name_constraints() {
    let constraints = NameConstraints { permitted: vec!["example".into()], excluded: vec!["bad.example".into()], critical: true };
    let root = root(|template| template.name_constraints = constraints.clone());
    let named = |dns: &str| {
        let names = AltNames { dns_names: vec![dns.to_owned()], ..AltNames::default() };
        below(&root, "leaf", false, |template| template.alt_names = names.to_der().unwrap())
    };
    check(&named("a.example"), &[&root], Ok(&["CN=leaf", "CN=Root"]));
    check(&named("example"), &[&root], Ok(&["CN=leaf", "CN=Root"]));
    check(&named("anexample"), &[&root], Err("\"CN=Root\" does not permit the DNS name \"anexample\" of \"CN=leaf\""));
    check(&named("x.bad.example"), &[&root], Err("does not permit the DNS name \"x.bad.example\""));
}

#[test]
fn incomplete_chains() {
    let (root, unrelated) = (root(same), root(|template| template.subject = Subject::new("Other", None).to_der()));
    let one = below(&root, "One", true, same);
    let leaf = below(&one, "leaf", false, same);
    check(&leaf, &[&unrelated], Err("the chain holds no certificate of \"CN=One\", the issuer of \"CN=leaf\""));
    check(&leaf, &[&one], Err("the chain holds no certificate of \"CN=Root\", the issuer of \"CN=One\""));
    check(&root, &[&unrelated], Err("\"CN=Root\" signs itself, but the chain does not hold it"));
    assert_eq!(verify(&leaf.pem, "").unwrap_err().to_string(), "the chain holds no certificate");
    assert_eq!(verify("", &root.pem).unwrap_err().to_string(), "there is no certificate to verify");
    assert!(
        verify(&leaf.pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").unwrap_err().to_string().starts_with("the chain: certificate 1 cannot be read")
    );
}

#[test]
fn the_tiers_of_a_platform() {
    let (root_key, root) = make_root(&Subject::new("Root", Some("Example".into())), 10, Some(2)).unwrap();
    let key = make_private_key().unwrap();
    let csr = make_certificate_request(&key, &Subject::new("Intermediate", None), &AltNames::default(), true).unwrap();
    let profile = IntermediateProfile { years: 5, path_length: Some(1) };
    let intermediate = make_intermediate(&csr, &root, &root_key, profile).unwrap();
    let chain = format!("{intermediate}{root}");
    assert_eq!(verify(&chain, &chain).unwrap(), ["CN=Intermediate", "O=Example, CN=Root"]);
    assert!(key_matches(&chain, &csr).unwrap() && key_matches(&intermediate, &key).unwrap() && !key_matches(&root, &key).unwrap());
    let names = AltNames { dns_names: vec!["vault.example".into()], ..AltNames::default() };
    let server = make_certificate_request(&make_private_key().unwrap(), &Subject::new("vault.example", None), &names, false).unwrap();
    let leaf = sign_server(&server, &intermediate, &key, &ServerProfile { hours: 1_000_000, client: true }).unwrap();
    assert_eq!(verify(&leaf, &chain).unwrap().len(), 3);
    let list = certificates(&format!("{leaf}{chain}")).unwrap();
    assert_eq!((list[0].not_after.as_str(), list[0].dns_names.as_slice()), (list[1].not_after.as_str(), ["vault.example".to_owned()].as_slice()));
    assert_eq!((list[1].path_length, list[1].is_ca, list[2].self_signed), (Some(1), true, true));
    assert_eq!(list[0].ext_key_usage, ["server_auth", "client_auth"]);
    let too_long = IntermediateProfile { years: 5, path_length: Some(2) };
    assert!(make_intermediate(&csr, &root, &root_key, too_long).unwrap_err().to_string().contains("has to be less than that"));
    assert!(make_intermediate(&server.replace('A', "B"), &root, &root_key, profile).is_err());
    assert!(contains_private_key(&format!("{chain}{root_key}")) && !contains_private_key(&chain));
}
