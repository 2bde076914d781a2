output "server_name" {
  value       = var.server_name
  description = "DNS name that clients connect to and verify."
}

output "address" {
  value       = "https://${var.server_name}:8200"
  description = "Address of the API inside the private network."
}

output "cluster_size" {
  value       = var.cluster_size
  description = "Number of nodes."
}

output "root_ca_pem" {
  value       = local.chain[1]
  description = "Certificate of the root, which clients trust."
}

# Unknown while the file is still to be written: a provider that reads it is not configured before.
output "root_ca_file" {
  value       = length(local_file.root_ca.content_sha256) > 0 ? local_file.root_ca.filename : null
  description = "File that holds the root certificate."
}

output "root_token_secret_arn" {
  value       = aws_secretsmanager_secret.root_token.arn
  description = "Secret for the root token; empty until the cluster is initialised."
}

output "tls_secret_arn" {
  value       = module.server_cert.secret_arn
  description = "Secret that nodes read their TLS key and certificate from."
}

output "server_cert_not_after" {
  value       = module.server_cert.not_after
  description = "End of the server certificate's validity, RFC 3339."
}

output "autoscaling_group_name" {
  value       = aws_autoscaling_group.this.name
  description = "Group that holds the nodes."
}

output "lb_dns_name" {
  value       = aws_lb.this.dns_name
  description = "The load balancer's own name."
}

output "unseal_key_arn" {
  value       = aws_kms_key.unseal.arn
  description = "KMS key that unseals the cluster."
}

output "node_role_arn" {
  value       = aws_iam_role.node.arn
  description = "Role of the nodes."
}
