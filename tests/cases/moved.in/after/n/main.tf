variable "id" {}

resource "terraform_data" "inner" {
  input = "inner"
}

resource "terraform_data" "user" {
  input = var.id
}
