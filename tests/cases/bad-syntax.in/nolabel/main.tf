resource "terraform_data" {}
resource {}
variable {}
output "a" "b" {}
