resource "terraform_data" "b" {}
resource "terraform_data" "b" {}
variable "x" {}
variable "x" {}
locals { a = 1 }
locals { a = 2 }
output "o" { value = 1 }
output "o" { value = 2 }