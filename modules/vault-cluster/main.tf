data "aws_region" "current" {}

data "aws_partition" "current" {}

locals {
  # How the nodes find each other.
  cluster_tag_key   = "VaultCluster"
  cluster_tag_value = var.name

  instance_tags = merge(var.tags, {
    Name                    = var.name
    (local.cluster_tag_key) = local.cluster_tag_value
  })

  # intermediate, root
  chain = regexall("-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", var.ca_chain_pem)
}

module "server_cert" {
  source = "../server-cert"

  secret_name          = "${var.name}/tls"
  server_name          = var.server_name
  csr_pem              = var.server_csr_pem
  key_secret_arn       = var.server_key_secret_arn
  ca_cert_pem          = local.chain[0]
  ca_key_secret_arn    = var.ca_key_secret_arn
  ca_key_generation    = var.key_generation
  root_cert_pem        = local.chain[1]
  secret_recovery_days = var.secret_recovery_days
}

# Stays empty here: whoever initialises the cluster puts the root token in.
resource "aws_secretsmanager_secret" "root_token" {
  name                    = "${var.name}/root-token"
  description             = "Root token of ${var.name}, until it is revoked"
  recovery_window_in_days = var.secret_recovery_days
}

# Who loses this key has lost what the cluster holds: recovery keys do not unseal.
resource "aws_kms_key" "unseal" {
  description             = "Unseals ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_window_days
}

resource "aws_kms_alias" "unseal" {
  name          = "alias/${var.name}-unseal"
  target_key_id = aws_kms_key.unseal.key_id
}

resource "local_file" "root_ca" {
  filename        = var.root_ca_path
  content         = "${local.chain[1]}\n"
  file_permission = "0644"
}
