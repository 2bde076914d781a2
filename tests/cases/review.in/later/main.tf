variable "note" {}

resource "terraform_data" "x" {
  input = <<-EOT
    - ${var.note}
  EOT
}
