variable "size" { default = 1 }
variable "kind" { default = "a" }
variable "keep" {
  type    = bool
  default = true
}
resource "terraform_data" "base" {
  input            = var.size
  triggers_replace = var.kind
}
resource "terraform_data" "user" {
  count = var.keep ? 1 : 0
  input = terraform_data.base.id
}
