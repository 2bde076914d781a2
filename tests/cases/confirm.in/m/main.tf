variable "i" { type = string }
resource "terraform_data" "x" {
  input            = "${var.i}!"
  triggers_replace = var.i
}
output "o" { value = terraform_data.x.output }
