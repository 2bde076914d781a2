# TLS for private services: a certificate chain from an offline root down to a Vault cluster that issues leaves.
# Top to bottom is the order in which it comes to be; the references say so.

locals {
  server_name   = "vault.${var.domain}"
  vault_address = coalesce(var.vault_address, "https://${local.server_name}:8200")
  workspace     = coalesce(var.workspace, "${path.root}/workspace")
  cluster_size  = var.dev ? 1 : var.cluster_size
}

stage "network" {
  source = "../../modules/network"

  name                 = var.name
  cidr                 = var.cidr
  zone_name            = var.domain
  nat_gateway_per_zone = var.nat_gateway_per_zone
  interface_endpoints  = var.interface_endpoints
}

stage "pki" {
  source = "../../modules/pki"

  name                     = var.name
  organization             = var.organization
  intermediate_common_name = "${var.organization} Intermediate CA"
  server_name              = local.server_name
  csr_path                 = "${local.workspace}/intermediate.csr.pem"
  key_generation           = var.key_generation
  secret_recovery_days     = var.secret_recovery_days
}

gate "root_ca" {
  description  = "The offline root CA signs the intermediate CA"
  instructions = <<-EOT
    1. Carry ${stage.pki.intermediate_csr_path} to the machine without a network that holds the root CA. Only the first time, make the root there:

         weir pki root -out root-ca -common-name "${var.organization} Root CA"

    2. There, sign the request. chain.pem gets the intermediate's certificate, then the root's:

         weir pki intermediate -root root-ca -csr intermediate.csr.pem -out chain.pem

    3. Carry chain.pem (nothing else of root-ca) back, and open the gate:

         weir gate open root_ca -file chain_pem=chain.pem

    4. Go on:

         weir apply
  EOT

  input "chain_pem" {
    type        = string
    description = "Certificate of the intermediate CA, then that of the root, PEM"

    validation {
      condition     = !provider::pki::contains_private_key(input.chain_pem)
      error_message = "There is a private key in it. Only certificates may leave the offline machine; if this was the root's key, it counts as disclosed."
    }

    validation {
      condition     = try(length(provider::pki::certificates(input.chain_pem)), 0) == 2
      error_message = "Two certificates are needed: the intermediate CA's, then the root's."
    }
  }

  check "the chain verifies" {
    condition     = provider::pki::verify(input.chain_pem, input.chain_pem).ok
    error_message = "The chain does not verify: ${provider::pki::verify(input.chain_pem, input.chain_pem).error}"
  }

  check "the intermediate is a CA that may sign certificates and CRLs" {
    condition = (
      provider::pki::certificates(input.chain_pem)[0].is_ca &&
      contains(provider::pki::certificates(input.chain_pem)[0].key_usage, "cert_signing") &&
      contains(provider::pki::certificates(input.chain_pem)[0].key_usage, "crl_signing")
    )
    error_message = "The first certificate has to be a CA with the key usages certificate sign and CRL sign."
  }

  check "the root is a self-signed CA" {
    condition = (
      provider::pki::certificates(input.chain_pem)[1].is_ca &&
      provider::pki::certificates(input.chain_pem)[1].self_signed &&
      contains(provider::pki::certificates(input.chain_pem)[1].key_usage, "cert_signing")
    )
    error_message = "The second certificate has to be the root: a CA that has signed itself."
  }

  # Below the intermediate comes one more CA, Vault's own issuer.
  check "the path lengths leave room for one more CA" {
    condition = (
      (provider::pki::certificates(input.chain_pem)[0].path_length == null ? 1 : provider::pki::certificates(input.chain_pem)[0].path_length) >= 1 &&
      (provider::pki::certificates(input.chain_pem)[1].path_length == null ? 2 : provider::pki::certificates(input.chain_pem)[1].path_length) >= 2
    )
    error_message = "The intermediate needs a path length of at least 1, the root one of at least 2, or none."
  }

  check "the intermediate ends before the root" {
    condition     = timecmp(provider::pki::certificates(input.chain_pem)[0].not_after, provider::pki::certificates(input.chain_pem)[1].not_after) <= 0
    error_message = "The intermediate would be valid until ${provider::pki::certificates(input.chain_pem)[0].not_after}, longer than the root."
  }

  check "the intermediate is the one that was asked for" {
    condition     = provider::pki::key_matches(input.chain_pem, stage.pki.intermediate_csr_pem)
    error_message = "The first certificate is for another key than the request in ${stage.pki.intermediate_csr_path}."
  }

  valid_until = provider::pki::certificates(input.chain_pem)[0].not_after
}

stage "cluster" {
  source     = "../../modules/vault-cluster"
  depends_on = [gate.root_ca]

  name         = "${var.name}-vault"
  cluster_size = local.cluster_size

  vpc_id       = stage.network.vpc_id
  subnet_ids   = stage.network.private_subnet_ids
  client_cidrs = stage.network.private_subnet_cidrs
  zone_id      = stage.network.zone_id
  server_name  = local.server_name

  ami_owners     = var.ami_owners
  ami_name       = var.ami_name
  architecture   = var.architecture
  instance_types = var.instance_types
  on_demand_base = var.on_demand_base

  ca_chain_pem          = gate.root_ca.chain_pem
  ca_key_secret_arn     = stage.pki.intermediate_key_secret_arn
  server_csr_pem        = stage.pki.server_csr_pem
  server_key_secret_arn = stage.pki.server_key_secret_arn
  key_generation        = stage.pki.key_generation
  root_ca_path          = "${local.workspace}/root-ca.pem"

  initialised              = var.initialised
  enable_ssm               = var.enable_ssm
  secret_recovery_days     = var.secret_recovery_days
  key_deletion_window_days = var.key_deletion_window_days
  tags                     = merge(var.tags, { Stack = var.name })
}

gate "vault_init" {
  description  = "An operator initialises Vault on one node"
  depends_on   = [stage.cluster]
  approvals    = var.init_approvals
  instructions = <<-EOT
    From a machine that reaches ${local.vault_address} (inside the private network, or by a port forward), initialise the cluster. Give one
    -recipient (age) or -pgp-key per holder: each recovery key is encrypted to its holder as it arrives, the root token goes to Secrets Manager.

      weir vault init -gate vault_init \
        -address ${local.vault_address} \
        -ca-cert ${stage.cluster.root_ca_file} \
        -tls-server-name ${stage.cluster.server_name} \
        -recovery-shares 5 -recovery-threshold 3 \
        -recipient age1... -recipient age1... -recipient age1... -recipient age1... -recipient age1... \
        -out recovery-keys \
        -root-token-secret ${stage.cluster.root_token_secret_arn}

    It opens this gate; then go on:

      weir apply
  EOT

  # 200 from an unsealed node of an initialised cluster, 501 before the initialisation, 503 while sealed.
  data "http" "health" {
    url             = "${local.vault_address}/v1/sys/health?standbyok=true"
    ca_cert_pem     = stage.cluster.root_ca_pem
    tls_server_name = stage.cluster.server_name
  }

  data "http" "raft" {
    url             = "${local.vault_address}/v1/sys/storage/raft/configuration"
    ca_cert_pem     = stage.cluster.root_ca_pem
    tls_server_name = stage.cluster.server_name

    request_headers = {
      X-Vault-Token = ephemeral.aws_secretsmanager_secret_version.probe_token.secret_string
    }
  }

  check "Vault is initialised and unsealed" {
    condition     = data.http.health.status_code == 200
    error_message = "The health of Vault is ${data.http.health.status_code}: 501 means not initialised, 503 sealed."
    retry         = { every = "5s", for = "10m" }
  }

  # While a SPOT node is being replaced its predecessor still counts, until autopilot removes it: more is no fault.
  check "every node is a voter" {
    condition     = length([for server in try(jsondecode(data.http.raft.response_body).data.config.servers, []) : server if server.voter]) >= local.cluster_size
    error_message = "Fewer than ${local.cluster_size} nodes are voters of the Raft cluster."
    retry         = { every = "5s", for = "10m" }
  }

  check "there is one leader" {
    condition     = length([for server in try(jsondecode(data.http.raft.response_body).data.config.servers, []) : server if server.leader]) == 1
    error_message = "The Raft cluster has no leader."
    retry         = { every = "5s", for = "10m" }
  }
}

stage "vault_config" {
  source     = "../../modules/vault-config"
  depends_on = [gate.vault_init]

  api_url            = stage.cluster.address
  cluster_size       = local.cluster_size
  ca_chain_pem       = gate.root_ca.chain_pem
  ca_private_key_pem = ephemeral.aws_secretsmanager_secret_version.intermediate_key.secret_string
  ca_key_generation  = stage.pki.key_generation
  organization       = var.organization
  issuer_common_name = "${var.organization} Private Issuer"
  domains            = [var.domain]
  leaf_max_hours     = var.leaf_max_hours
  client_cidrs       = stage.network.private_subnet_cidrs
}

stage "backup" {
  source = "../../modules/backup"

  name                     = var.name
  force_destroy            = var.snapshots_force_destroy
  key_deletion_window_days = var.key_deletion_window_days
}
