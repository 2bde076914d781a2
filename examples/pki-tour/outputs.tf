output "verified" {
  value = local.verified.ok
}

output "path" {
  description = "Subjects from the leaf up to the root."
  value       = local.verified.path
}

output "certificates" {
  value = [
    for cert in provider::pki::certificates("${tls_locally_signed_cert.leaf.cert_pem}${local.chain}") : {
      common_name = cert.common_name
      issuer      = cert.issuer
      is_ca       = cert.is_ca
      not_after   = cert.not_after
      uses        = cert.key_usage
    }
  ]
}

output "leaf_key_matches_root" {
  description = "False: every certificate has a key of its own."
  value       = provider::pki::key_matches(tls_self_signed_cert.root.cert_pem, tls_private_key.leaf.public_key_pem)
}

output "chain_holds_a_private_key" {
  description = "False: chains are public."
  value       = provider::pki::contains_private_key(local.chain)
}
