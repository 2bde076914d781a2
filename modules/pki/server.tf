ephemeral "tls_private_key" "server" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "aws_secretsmanager_secret" "server_key" {
  name                    = "${var.name}/pki/server-key"
  description             = "Private key of the Vault server ${var.server_name}, PEM"
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_version" "server_key" {
  secret_id                = aws_secretsmanager_secret.server_key.id
  secret_string_wo         = ephemeral.tls_private_key.server.private_key_pem
  secret_string_wo_version = var.key_generation
}

ephemeral "aws_secretsmanager_secret_version" "server_key" {
  secret_id = aws_secretsmanager_secret_version.server_key.arn
}

resource "pki_cert_request" "server" {
  private_key_pem_wo         = ephemeral.aws_secretsmanager_secret_version.server_key.secret_string
  private_key_pem_wo_version = var.key_generation
  dns_names                  = [var.server_name]

  subject {
    common_name  = var.server_name
    organization = var.organization
  }
}
