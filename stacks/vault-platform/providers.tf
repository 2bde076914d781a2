terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
    http = {
      source = "hashicorp/http"
    }
    local = {
      source = "hashicorp/local"
    }
    pki = {
      source = "weir/pki"
    }
    tls = {
      source = "hashicorp/tls"
    }
    vault = {
      source  = "hashicorp/vault"
      version = "~> 4.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = merge(var.tags, {
      Stack     = var.name
      ManagedBy = "weir"
    })
  }
}

# Not configured before the gate vault_init is open: its token does not exist.
provider "vault" {
  address         = local.vault_address
  tls_server_name = stage.cluster.server_name
  ca_cert_file    = stage.cluster.root_ca_file
  token           = ephemeral.aws_secretsmanager_secret_version.root_token.secret_string
}

# Read in each run when it is needed, kept nowhere.
ephemeral "aws_secretsmanager_secret_version" "root_token" {
  secret_id  = stage.cluster.root_token_secret_arn
  depends_on = [gate.vault_init]
}

# The same secret for the probe of the gate itself, which cannot wait for its own gate. Read only while the gate is checked: before the
# initialisation the secret has no value.
ephemeral "aws_secretsmanager_secret_version" "probe_token" {
  secret_id = stage.cluster.root_token_secret_arn
}

# Goes from Secrets Manager into Vault.
ephemeral "aws_secretsmanager_secret_version" "intermediate_key" {
  secret_id = stage.pki.intermediate_key_secret_arn
}
