variable "prefix" {}

resource "terraform_data" "kept" {
  input = "s${var.prefix}"
}

output "name" {
  value = terraform_data.kept.output
}
