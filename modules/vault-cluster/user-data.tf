locals {
  # Archives of OpenBao 2.6.2, from its signed checksums.txt.
  known_sha256 = {
    "openbao 2.6.2 x86_64" = "8dc11cc5fca0b539a9e352727dacb4e2d304daffcf9a66e0718ac325a20d05aa"
    "openbao 2.6.2 arm64"  = "1b408e01f3565ac0cbcb88d637dca271d0515148fb72efdeff4473a34fa50c4e"
  }
  sha256_key   = "${var.vault_distribution} ${var.vault_version} ${var.architecture}"
  vault_sha256 = var.vault_sha256 != null ? var.vault_sha256 : lookup(local.known_sha256, local.sha256_key, "")

  # Key and secret are named, not given by id or ARN: the names are known before either exists, so a plan shows the whole template.
  node_env = templatefile("${path.module}/templates/node.env.tftpl", {
    distribution  = var.vault_distribution
    version       = var.vault_version
    sha256        = local.vault_sha256
    region        = data.aws_region.current.name
    tls_secret_id = module.server_cert.secret_name
    server_name   = var.server_name
    tag_key       = local.cluster_tag_key
    tag_value     = local.cluster_tag_value
  })

  vault_hcl = templatefile("${path.module}/templates/vault.hcl.tftpl", {
    name         = var.name
    distribution = var.vault_distribution
    region       = data.aws_region.current.name
    kms_key_id   = aws_kms_alias.unseal.name
    server_name  = var.server_name
    tag_key      = local.cluster_tag_key
    tag_value    = local.cluster_tag_value
  })

  # JSON is YAML, and cannot be indented wrongly. No secret is in here: a node fetches its key with its role.
  user_data = join("\n", ["#cloud-config", jsonencode({
    write_files = [
      { path = "/etc/vault.d/node.env", permissions = "0644", content = local.node_env },
      { path = "/etc/vault.d/vault.hcl", permissions = "0644", content = local.vault_hcl },
      { path = "/usr/local/sbin/vault-bootstrap", permissions = "0755", content = file("${path.module}/templates/vault-bootstrap") },
      { path = "/usr/local/sbin/vault-tls", permissions = "0755", content = file("${path.module}/templates/vault-tls") },
      { path = "/etc/systemd/system/vault.service", permissions = "0644", content = file("${path.module}/templates/vault.service") },
      { path = "/etc/systemd/system/vault-bootstrap.service", permissions = "0644", content = file("${path.module}/templates/vault-bootstrap.service") },
      { path = "/etc/systemd/system/vault-tls.service", permissions = "0644", content = file("${path.module}/templates/vault-tls.service") },
      { path = "/etc/systemd/system/vault-tls.timer", permissions = "0644", content = file("${path.module}/templates/vault-tls.timer") },
      { path = "/etc/logrotate.d/vault", permissions = "0644", content = file("${path.module}/templates/logrotate") },
    ]
    runcmd = [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "vault-bootstrap.service"],
      ["/usr/local/sbin/vault-bootstrap"],
    ]
  }), ""])
}
