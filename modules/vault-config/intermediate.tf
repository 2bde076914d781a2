# `pki` holds the intermediate CA that the offline root has signed, and signs one thing: the private issuer.

locals {
  # Another key or another chain is another bundle.
  bundle_generation = parseint(substr(sha256("${var.ca_key_generation} ${var.ca_chain_pem}"), 0, 7), 16)
}

resource "vault_mount" "pki" {
  path                      = "pki"
  type                      = "pki"
  description               = "Intermediate CA, signed by the offline root"
  default_lease_ttl_seconds = 3600
  max_lease_ttl_seconds     = 5 * 365 * 24 * 3600
}

resource "vault_pki_secret_backend_config_ca" "intermediate" {
  backend               = vault_mount.pki.path
  pem_bundle_wo         = "${trimspace(var.ca_private_key_pem)}\n${trimspace(var.ca_chain_pem)}\n"
  pem_bundle_wo_version = local.bundle_generation
}

# The first certificate of the bundle is the one with the key, so it is the mount's default.
resource "vault_pki_secret_backend_issuer" "intermediate" {
  backend                 = vault_pki_secret_backend_config_ca.intermediate.backend
  issuer_ref              = "default"
  issuer_name             = "intermediate"
  leaf_not_after_behavior = "err"
}

resource "vault_pki_secret_backend_config_urls" "pki" {
  backend                 = vault_mount.pki.path
  issuing_certificates    = ["${var.api_url}/v1/${vault_mount.pki.path}/ca"]
  crl_distribution_points = ["${var.api_url}/v1/${vault_mount.pki.path}/crl"]
  ocsp_servers            = ["${var.api_url}/v1/${vault_mount.pki.path}/ocsp"]
}

resource "vault_pki_secret_backend_crl_config" "pki" {
  backend                   = vault_mount.pki.path
  expiry                    = "72h"
  auto_rebuild              = true
  auto_rebuild_grace_period = "12h"

  # A CRL is built by an issuer, so there has to be one.
  depends_on = [vault_pki_secret_backend_issuer.intermediate]
}
