# Who may do what. Tokens of both AppRoles live for minutes and work from the private network only.

resource "vault_policy" "admin" {
  name   = "admin"
  policy = file("${path.module}/policies/admin.hcl")
}

resource "vault_policy" "cert_manager" {
  name = "cert-manager"
  policy = templatefile("${path.module}/policies/cert-manager.hcl.tftpl", {
    mount = vault_mount.private.path
    role  = vault_pki_secret_backend_role.private.name
  })
}

resource "vault_policy" "snapshot" {
  name   = "snapshot"
  policy = file("${path.module}/policies/snapshot.hcl")
}

resource "vault_auth_backend" "approle" {
  type        = "approle"
  path        = "approle"
  description = "Machines that log in with a role and a secret"
}

resource "vault_approle_auth_backend_role" "cert_manager" {
  backend               = vault_auth_backend.approle.path
  role_name             = "cert-manager"
  bind_secret_id        = true
  secret_id_bound_cidrs = var.client_cidrs
  token_bound_cidrs     = var.client_cidrs
  token_policies        = [vault_policy.cert_manager.name]
  token_ttl             = 600
  token_max_ttl         = 1200
}

resource "vault_approle_auth_backend_role" "snapshot" {
  backend               = vault_auth_backend.approle.path
  role_name             = "snapshot"
  bind_secret_id        = true
  secret_id_bound_cidrs = var.client_cidrs
  token_bound_cidrs     = var.client_cidrs
  token_policies        = [vault_policy.snapshot.name]
  token_ttl             = 600
  token_max_ttl         = 1200
}

resource "vault_mount" "secret" {
  path        = "secret"
  type        = "kv"
  description = "Secrets, with versions"
  options     = { version = "2" }
}
