variable "x" { default = { a = 1 } }
output "y" { value = var.x.b }
output "z" { value = var["x"] }
output "w" { value = data.foo }
output "v" { value = terraform_data }