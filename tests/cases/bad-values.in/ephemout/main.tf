variable "a" {
 ephemeral = true
 default = 1
}
output "x" { value = var.a }
resource "terraform_data" "b" { input = var.a }
