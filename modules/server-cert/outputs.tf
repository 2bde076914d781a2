output "secret_name" {
  value       = aws_secretsmanager_secret.this.name
  description = "Name of the secret that holds key, certificate and chain as JSON; known before it is made."
}

output "secret_arn" {
  value       = aws_secretsmanager_secret.this.arn
  description = "ARN of the secret."
}

output "stored_arn" {
  value       = aws_secretsmanager_secret_version.this.arn
  description = "ARN of the secret, known once it has its content."
}

output "cert_pem" {
  value       = pki_signed_cert.this.cert_pem
  description = "The server's certificate."
}

output "not_after" {
  value       = pki_signed_cert.this.validity_end_time
  description = "End of the certificate's validity, RFC 3339."
}
