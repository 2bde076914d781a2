output "intermediate_csr_path" {
  value       = local_file.intermediate_csr.filename
  description = "File that holds the intermediate CA's certificate request."
}

output "intermediate_csr_pem" {
  value       = pki_cert_request.intermediate.cert_request_pem
  description = "Certificate request of the intermediate CA."
}

output "intermediate_key_secret_arn" {
  value       = aws_secretsmanager_secret_version.intermediate_key.arn
  description = "Secret that holds the intermediate CA's private key."
}

output "server_csr_pem" {
  value       = pki_cert_request.server.cert_request_pem
  description = "Certificate request of the Vault server."
}

output "server_key_secret_arn" {
  value       = aws_secretsmanager_secret_version.server_key.arn
  description = "Secret that holds the Vault server's private key."
}

output "server_name" {
  value       = var.server_name
  description = "DNS name in the server's certificate request."
}

output "key_generation" {
  value       = var.key_generation
  description = "Which generation of keys these are."
}
