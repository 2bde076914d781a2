variable "size" {
  type    = number
  default = 1
}
resource "terraform_data" "a" {
  input = { size = var.size, from = "main" }
  lifecycle {
    prevent_destroy = true
  }
}
output "input" {
  value = terraform_data.a.input
}
