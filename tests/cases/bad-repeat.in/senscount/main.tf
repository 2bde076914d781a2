variable "n" {
 default = 1
 sensitive = true
}
resource "terraform_data" "b" { count = var.n }