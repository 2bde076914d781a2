output "vault_address" {
  value       = local.vault_address
  description = "Where Vault is reached from here."
}

output "vault_server_name" {
  value       = stage.cluster.server_name
  description = "Name that Vault's certificate is for."
}

output "root_ca_file" {
  value       = stage.cluster.root_ca_file
  description = "Certificate of the root CA, which clients trust."
}

output "root_token_secret" {
  value       = stage.cluster.root_token_secret_arn
  description = "Secret that holds Vault's root token until it is revoked."
}

output "autoscaling_group" {
  value       = stage.cluster.autoscaling_group_name
  description = "Autoscaling group that holds the nodes."
}

output "server_cert_not_after" {
  value       = stage.cluster.server_cert_not_after
  description = "End of the Vault server certificate's validity."
}

output "issuer_mount" {
  value       = stage.vault_config.issuer_mount
  description = "Mount that issues certificates."
}

output "issuer_role" {
  value       = stage.vault_config.role_name
  description = "Role that issues certificates for the private domain."
}

output "snapshot_bucket" {
  value       = stage.backup.bucket
  description = "Bucket for Raft snapshots."
}
