variable "i" {
  type    = string
  default = "none"
}
resource "terraform_data" "x" { input = var.i }
output "o" { value = terraform_data.x.output }
