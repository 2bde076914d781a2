variable "kind" { default = "a" }
variable "text" { default = "x" }
resource "terraform_data" "guarded" {
  triggers_replace = var.kind
  lifecycle { prevent_destroy = true }
}
resource "terraform_data" "loose" {
  input = { text = var.text, fixed = 1 }
  lifecycle { ignore_changes = [input["text"]] }
}
