variable "kind" { default = "a" }
resource "terraform_data" "under" { triggers_replace = var.kind }
resource "terraform_data" "over" {
  input            = terraform_data.under.id
  triggers_replace = var.kind
  lifecycle { create_before_destroy = true }
}
