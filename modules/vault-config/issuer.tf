# `pki_private_issuer` holds Vault's own issuer, whose key never leaves Vault, and the role that leaves come from.

locals {
  parent_not_after = provider::pki::certificates(var.ca_chain_pem)[0].not_after

  # The whole months for which the parent is still valid, up to the wanted number.
  fitting_months = [
    for month in range(1, var.issuer_max_months + 1) : month
    if timecmp(timeadd(plantimestamp(), "${month * 730}h"), local.parent_not_after) <= 0
  ]
  issuer_months = max(0, local.fitting_months...)
}

resource "vault_mount" "private" {
  path                      = "pki_private_issuer"
  type                      = "pki"
  description               = "Certificates for ${join(", ", var.domains)}"
  default_lease_ttl_seconds = 3600
  max_lease_ttl_seconds     = var.leaf_max_hours * 3600
}

resource "vault_pki_secret_backend_key" "private" {
  backend  = vault_mount.private.path
  type     = "internal"
  key_name = "private"
  key_type = "ec"
  key_bits = 256
}

resource "vault_pki_secret_backend_intermediate_cert_request" "private" {
  backend              = vault_mount.private.path
  type                 = "existing"
  key_ref              = vault_pki_secret_backend_key.private.key_id
  common_name          = var.issuer_common_name
  organization         = var.organization
  exclude_cn_from_sans = true
}

resource "vault_pki_secret_backend_root_sign_intermediate" "private" {
  backend              = vault_mount.pki.path
  issuer_ref           = vault_pki_secret_backend_issuer.intermediate.issuer_id
  csr                  = vault_pki_secret_backend_intermediate_cert_request.private.csr
  common_name          = var.issuer_common_name
  organization         = var.organization
  exclude_cn_from_sans = true
  max_path_length      = 0
  ttl                  = "${local.issuer_months * 730}h"

  # The signature carries these addresses.
  depends_on = [vault_pki_secret_backend_config_urls.pki]

  lifecycle {
    # Computed from the day of the signature; a later plan must not sign again for it.
    ignore_changes = [ttl]

    precondition {
      condition     = local.issuer_months > 0
      error_message = "The intermediate CA ends on ${local.parent_not_after}, within a month: have a new one signed first."
    }

    postcondition {
      condition     = provider::pki::verify(self.certificate, var.ca_chain_pem).ok
      error_message = "The issuer does not verify up to the root."
    }
  }
}

# With the chain up to the root, so that every answer of the role can carry it.
resource "vault_pki_secret_backend_intermediate_set_signed" "private" {
  backend     = vault_mount.private.path
  certificate = "${trimspace(vault_pki_secret_backend_root_sign_intermediate.private.certificate)}\n${trimspace(var.ca_chain_pem)}\n"
}

resource "vault_pki_secret_backend_issuer" "private" {
  backend                 = vault_pki_secret_backend_intermediate_set_signed.private.backend
  issuer_ref              = "default"
  issuer_name             = "private"
  leaf_not_after_behavior = "truncate"
}

resource "vault_pki_secret_backend_config_urls" "private" {
  backend                 = vault_mount.private.path
  issuing_certificates    = ["${var.api_url}/v1/${vault_mount.private.path}/ca"]
  crl_distribution_points = ["${var.api_url}/v1/${vault_mount.private.path}/crl"]
  ocsp_servers            = ["${var.api_url}/v1/${vault_mount.private.path}/ocsp"]
}

resource "vault_pki_secret_backend_crl_config" "private" {
  backend                   = vault_mount.private.path
  expiry                    = "72h"
  auto_rebuild              = true
  auto_rebuild_grace_period = "12h"
  enable_delta              = true
  delta_rebuild_interval    = "15m"

  depends_on = [vault_pki_secret_backend_issuer.private]
}

resource "vault_pki_secret_backend_role" "private" {
  backend    = vault_mount.private.path
  name       = var.role_name
  issuer_ref = vault_pki_secret_backend_issuer.private.issuer_id

  allowed_domains             = var.domains
  allow_subdomains            = true
  allow_bare_domains          = false
  allow_wildcard_certificates = true
  allow_any_name              = false
  allow_localhost             = false
  allow_ip_sans               = false
  enforce_hostnames           = true
  require_cn                  = false

  key_type    = "ec"
  key_bits    = 256
  key_usage   = ["DigitalSignature", "KeyAgreement", "KeyEncipherment"]
  server_flag = true
  client_flag = false

  ttl     = tostring(var.leaf_max_hours * 3600)
  max_ttl = tostring(var.leaf_max_hours * 3600)
}
