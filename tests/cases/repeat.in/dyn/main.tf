locals { parts = { "a.sh" = "echo a", "b.sh" = "echo b" } }
data "cloudinit_config" "it" {
  gzip          = false
  base64_encode = false
  boundary      = "edge"
  dynamic "part" {
    for_each = local.parts
    content {
      filename = part.key
      content  = part.value
    }
  }
}
output "parts" { value = [for part in data.cloudinit_config.it.part : part.filename] }
