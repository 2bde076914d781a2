# Everything an administrator needs from day to day; not what only the root token should do.

path "auth/*" {
  capabilities = ["create", "read", "update", "delete", "list", "sudo"]
}

path "identity/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

path "sys/auth" {
  capabilities = ["read"]
}

path "sys/auth/*" {
  capabilities = ["create", "read", "update", "delete", "sudo"]
}

path "sys/mounts" {
  capabilities = ["read"]
}

path "sys/mounts/*" {
  capabilities = ["create", "read", "update", "delete", "list", "sudo"]
}

path "sys/policies/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

path "sys/policy/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

path "sys/storage/raft/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Restoring another cluster's snapshot is not day-to-day work.
path "sys/storage/raft/snapshot-force" {
  capabilities = ["deny"]
}

path "sys/health" {
  capabilities = ["read", "sudo"]
}

path "sys/leases/*" {
  capabilities = ["create", "read", "update", "list", "sudo"]
}

path "pki/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

path "pki_private_issuer/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

path "secret/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}
