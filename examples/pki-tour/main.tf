# A certificate chain made of files: root, intermediate, leaf. For real keys see stacks/vault-platform, which keeps them out of the state.

terraform {
  required_providers {
    pki = {
      source = "weir/pki"
    }
    tls = {
      source = "hashicorp/tls"
    }
  }
}

resource "tls_private_key" "root" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P384"
}

resource "tls_private_key" "intermediate" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P384"
}

resource "tls_private_key" "leaf" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "tls_self_signed_cert" "root" {
  private_key_pem       = tls_private_key.root.private_key_pem
  is_ca_certificate     = true
  validity_period_hours = 24 * 365
  allowed_uses          = ["cert_signing", "crl_signing"]

  subject {
    common_name  = "Tour Root CA"
    organization = "Example"
  }
}

resource "tls_cert_request" "intermediate" {
  private_key_pem = tls_private_key.intermediate.private_key_pem

  subject {
    common_name  = "Tour Intermediate CA"
    organization = "Example"
  }
}

resource "tls_locally_signed_cert" "intermediate" {
  cert_request_pem      = tls_cert_request.intermediate.cert_request_pem
  ca_private_key_pem    = tls_private_key.root.private_key_pem
  ca_cert_pem           = tls_self_signed_cert.root.cert_pem
  is_ca_certificate     = true
  validity_period_hours = 24 * 180
  allowed_uses          = ["cert_signing", "crl_signing"]
}

resource "tls_cert_request" "leaf" {
  private_key_pem = tls_private_key.leaf.private_key_pem
  dns_names       = var.dns_names

  subject {
    common_name = var.dns_names[0]
  }
}

resource "tls_locally_signed_cert" "leaf" {
  cert_request_pem      = tls_cert_request.leaf.cert_request_pem
  ca_private_key_pem    = tls_private_key.intermediate.private_key_pem
  ca_cert_pem           = tls_locally_signed_cert.intermediate.cert_pem
  validity_period_hours = 24 * 90
  early_renewal_hours   = 24 * 15
  allowed_uses          = ["digital_signature", "key_agreement", "server_auth"]

  lifecycle {
    postcondition {
      condition     = provider::pki::key_matches(self.cert_pem, tls_private_key.leaf.private_key_pem)
      error_message = "The certificate is for another key."
    }
  }
}

locals {
  chain    = "${tls_locally_signed_cert.intermediate.cert_pem}${tls_self_signed_cert.root.cert_pem}"
  verified = provider::pki::verify(tls_locally_signed_cert.leaf.cert_pem, local.chain)
}
