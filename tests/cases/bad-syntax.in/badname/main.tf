resource "terraform_data" "1a" {}
variable "a b" {}
