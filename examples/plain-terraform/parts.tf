# The only data source here with blocks that repeat: one part per person. It is read, never made.

data "cloudinit_config" "parts" {
  gzip          = false
  base64_encode = false
  boundary      = "PART"

  dynamic "part" {
    for_each = module.greeting

    content {
      filename     = "${part.key}.txt"
      content_type = "text/plain"
      content      = part.value.text
    }
  }
}

output "parts_length" {
  value = length(data.cloudinit_config.parts.rendered)
}
