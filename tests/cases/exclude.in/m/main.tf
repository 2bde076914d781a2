variable "given" {}

resource "terraform_data" "inner" {
  input = var.given
}

resource "terraform_data" "alone" {
  input = "alone"
}
