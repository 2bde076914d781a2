ephemeral "aws_secretsmanager_secret_version" "key" {
  secret_id = var.key_secret_arn
}

ephemeral "aws_secretsmanager_secret_version" "ca_key" {
  secret_id = var.ca_key_secret_arn
}

locals {
  ca_pem   = "${trimspace(var.ca_cert_pem)}\n"
  root_pem = "${trimspace(var.root_cert_pem)}\n"
}

resource "pki_signed_cert" "this" {
  cert_request_pem              = var.csr_pem
  ca_cert_pem                   = local.ca_pem
  ca_private_key_pem_wo         = ephemeral.aws_secretsmanager_secret_version.ca_key.secret_string
  ca_private_key_pem_wo_version = var.ca_key_generation

  validity_period_hours = var.validity_hours
  early_renewal_hours   = var.renew_before_hours
  is_ca_certificate     = false
  # Nodes are servers to clients and clients to each other.
  allowed_uses = ["digital_signature", "key_agreement", "server_auth", "client_auth"]

  lifecycle {
    postcondition {
      condition = (
        length(provider::pki::certificates(self.cert_pem)[0].dns_names) == 1 &&
        contains(provider::pki::certificates(self.cert_pem)[0].dns_names, var.server_name)
      )
      error_message = "The certificate is not for ${var.server_name} alone."
    }

    postcondition {
      condition     = provider::pki::key_matches(self.cert_pem, var.csr_pem)
      error_message = "The certificate's key is not the request's."
    }

    # Also: the certificate does not outlive the CA, nor the CA the root.
    postcondition {
      condition     = provider::pki::verify(self.cert_pem, "${local.ca_pem}${local.root_pem}").ok
      error_message = "The certificate does not verify up to the root."
    }
  }
}

locals {
  # Changes whenever what is stored changes, so that a new certificate is written and an old one is not written again.
  generation = parseint(substr(sha256("${pki_signed_cert.this.cert_pem}${local.ca_pem}${local.root_pem}"), 0, 7), 16)
}

resource "aws_secretsmanager_secret" "this" {
  name                    = var.secret_name
  description             = "TLS key, certificate and chain of ${var.server_name}"
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id = aws_secretsmanager_secret.this.id
  secret_string_wo = jsonencode({
    private_key = ephemeral.aws_secretsmanager_secret_version.key.secret_string
    certificate = "${trimspace(pki_signed_cert.this.cert_pem)}\n${local.ca_pem}"
    ca_chain    = local.root_pem
  })
  secret_string_wo_version = local.generation
}
