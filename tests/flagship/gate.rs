//! What the gate `root_ca` refuses.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};

use crate::site::Site;

/// A root that somebody else made, with its key.
struct Root {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

impl Root {
    fn new(name: &str, until: i32) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { params, key, pem }
    }

    /// The intermediate of a request, as this root signs it.
    fn sign(&self, request: &str, until: i32) -> String {
        let mut request = CertificateSigningRequestParams::from_pem(request).unwrap();
        let params = &mut request.params;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 1, 1));
        request.signed_by(&Issuer::new(self.params.clone(), &self.key)).unwrap().pem()
    }
}

/// Every file below a folder.
fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

/// Wrong, expired and foreign certificates, and the root's private key: each is refused by exit code 4 and a reason, nothing of them is kept, and the right chain still opens the gate.
#[test]
fn what_the_gate_root_ca_refuses() {
    let site = Site::start(false);
    site.expect(3, &["apply", "-auto-approve"]);
    let request = fs::read_to_string(site.path("workspace/intermediate.csr.pem")).unwrap();
    let (root, other, old) = (Root::new("Root", 2060), Root::new("Another root", 2060), Root::new("Old root", 2024));
    let good = root.sign(&request, 2050);
    let strange = {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Strange");
        root.sign(&params.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap(), 2050)
    };
    let leaf = {
        let mut request = CertificateSigningRequestParams::from_pem(&request).unwrap();
        request.params.is_ca = IsCa::ExplicitNoCa;
        (request.params.not_before, request.params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2050, 1, 1));
        request.signed_by(&Issuer::new(root.params.clone(), &root.key)).unwrap().pem()
    };
    let key = root.key.serialize_pem();
    let passphrase = site.path("offline/passphrase").display().to_string();
    let folder = site.path("offline/weirs").display().to_string();
    site.expect(0, &["pki", "root", "-out", &folder, "-common-name", "Weir's", "-passphrase-file", &passphrase]);
    let sealed = fs::read_to_string(format!("{folder}/root-ca.key.age")).unwrap();
    // Without the lines around it a key is still one.
    let bare: String = key.lines().filter(|line| !line.starts_with('-')).collect();

    let offered: &[(&str, String, &str)] = &[
        ("nothing", String::new(), "Two certificates are needed"),
        ("a text", "Dear colleague,\nthe chain is attached.\n".to_owned(), "Two certificates are needed"),
        ("the request", request.clone(), "Two certificates are needed"),
        ("the root alone", root.pem.clone(), "Two certificates are needed"),
        ("the intermediate alone", good.clone(), "Two certificates are needed"),
        ("cut off", format!("{good}{}", &root.pem[..root.pem.len() / 2]), "Two certificates are needed"),
        ("the wrong order", format!("{}{good}", root.pem), "does not hold"),
        ("another root", format!("{good}{}", other.pem), "The chain does not verify"),
        ("no root", format!("{good}{good}"), "The chain does not verify"),
        ("an intermediate that has expired", format!("{}{}", root.sign(&request, 2024), root.pem), "expired at 2024-01-01T00:00:00Z"),
        ("a root that has expired", format!("{}{}", old.sign(&request, 2024), old.pem), "expired at 2024-01-01T00:00:00Z"),
        ("one that outlives its root", format!("{}{}", root.sign(&request, 2070), root.pem), "longer than the root"),
        ("the certificate of another request", format!("{strange}{}", root.pem), "for another key than the request"),
        ("no CA", format!("{leaf}{}", root.pem), "has to be a CA"),
        ("the root's private key", key.clone(), "There is a private key in it"),
        ("the chain with the root's private key", format!("{good}{}{key}", root.pem), "There is a private key in it"),
        ("the private key without its lines", format!("{good}{}{bare}", root.pem), "There is a private key in it"),
        ("the encrypted private key", sealed.clone(), "There is a private key in it"),
        ("the chain with the encrypted private key", format!("{good}{}{sealed}", root.pem), "There is a private key in it"),
    ];
    let before = site.expect(0, &["state", "list"]);
    for (what, text, reason) in offered {
        let file = site.path("offered");
        fs::write(&file, text).unwrap();
        let told = site.expect(4, &["gate", "open", "root_ca", "-file", &format!("chain_pem={}", file.display())]);
        fs::remove_file(&file).unwrap();
        let flat = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(reason), "{what}: {told}");
        assert!(told.contains("Error: "), "{what}: {told}");
        assert!(!told.contains(&bare[..40]) && !told.contains(sealed.lines().nth(3).unwrap()), "{what} is shown: {told}");
    }
    let missing = site.expect(1, &["gate", "open", "root_ca", "-file", "chain_pem=missing.pem"]);
    assert!(missing.contains("missing.pem"), "{missing}");
    // Offered in an answers file, it is refused in the middle of an apply.
    fs::write(site.file("ci.answers.hcl"), format!("gate \"root_ca\" {{\n  chain_pem = <<-EOT\n{good}{}{key}  EOT\n}}\n", root.pem)).unwrap();
    let told = site.expect(4, &["apply", "-auto-approve", "-answers=ci.answers.hcl"]);
    assert!(told.contains("There is a private key in it"), "{told}");
    assert!(!told.contains(&bare[..40]), "{told}");
    fs::remove_file(site.file("ci.answers.hcl")).unwrap();
    site.expect(0, &["plan", "-out=after.weir"]);

    // Nothing that was refused is in any file: state, its backup, journal, plan, workspace.
    let mut kept = Vec::new();
    files(&site.file(""), &mut kept);
    files(&site.path("workspace"), &mut kept);
    assert!(kept.iter().any(|(name, _)| name.ends_with("terraform.tfstate")) && kept.iter().any(|(name, _)| name.ends_with("after.weir")));
    let lines = |text: &str| -> Vec<String> { text.lines().filter(|line| line.len() >= 40 && !line.starts_with('-')).map(str::to_owned).collect() };
    for secret in lines(&key).into_iter().chain(lines(&sealed)).chain([bare[..40].to_owned()]) {
        for (name, content) in &kept {
            assert!(!String::from_utf8_lossy(content).contains(&secret), "{name} holds what was refused");
        }
    }
    assert_eq!(site.expect(0, &["state", "list"]), before);

    let chain = site.path("operator/chain.pem");
    fs::write(&chain, format!("{good}{}", root.pem)).unwrap();
    site.expect(0, &["gate", "open", "root_ca", "-file", &format!("chain_pem={}", chain.display())]);
    // Every refusal was recorded, with its reason.
    let events = site.state()["weir"].to_string();
    assert_eq!(events.matches("\"refuse\"").count(), offered.len() + 1, "{events}");
    // What stopped at the second gate is destroyed as well, though the token that Vault's provider would be configured with never came to be.
    site.expect(3, &["apply", "-auto-approve"]);
    site.expect(0, &["destroy", "-auto-approve"]);
    assert_eq!(site.expect(0, &["state", "list"]), "");
}
