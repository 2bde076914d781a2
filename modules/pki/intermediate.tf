# A private key goes the same way twice in this module: made in memory, written to Secrets Manager by a write-only argument, and
# read back from there when something needs it. So it is in no plan, no state and no file, and what is read back is the one key that was
# stored first, not the one that this run happens to make.

ephemeral "tls_private_key" "intermediate" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P384"
}

resource "aws_secretsmanager_secret" "intermediate_key" {
  name                    = "${var.name}/pki/intermediate-key"
  description             = "Private key of ${var.intermediate_common_name}, PEM"
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "intermediate_key" {
  secret_id                = aws_secretsmanager_secret.intermediate_key.id
  secret_string_wo         = ephemeral.tls_private_key.intermediate.private_key_pem
  secret_string_wo_version = var.key_generation
}

# By the version's own ARN, which is unknown until the key has been stored: until then there is nothing to read.
ephemeral "aws_secretsmanager_secret_version" "intermediate_key" {
  secret_id = aws_secretsmanager_secret_version.intermediate_key.arn
}

resource "pki_cert_request" "intermediate" {
  private_key_pem_wo         = ephemeral.aws_secretsmanager_secret_version.intermediate_key.secret_string
  private_key_pem_wo_version = var.key_generation
  is_ca                      = true

  subject {
    common_name  = var.intermediate_common_name
    organization = var.organization
  }
}

resource "local_file" "intermediate_csr" {
  filename        = var.csr_path
  content         = pki_cert_request.intermediate.cert_request_pem
  file_permission = "0644"
}
