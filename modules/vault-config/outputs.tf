output "issuer_mount" {
  value       = vault_mount.private.path
  description = "Mount that issues certificates for the private domains."
}

output "role_name" {
  value       = vault_pki_secret_backend_role.private.name
  description = "Role that issues certificates for the private domains."
}

output "sign_path" {
  value       = "${vault_mount.private.path}/sign/${vault_pki_secret_backend_role.private.name}"
  description = "Path that cert-manager signs by."
}

output "issuer_cert_pem" {
  value       = vault_pki_secret_backend_root_sign_intermediate.private.certificate
  description = "Certificate of the private issuer."
}

output "cert_manager_role_name" {
  value       = vault_approle_auth_backend_role.cert_manager.role_name
  description = "AppRole of cert-manager."
}

output "snapshot_role_name" {
  value       = vault_approle_auth_backend_role.snapshot.role_name
  description = "AppRole of the snapshot job."
}
