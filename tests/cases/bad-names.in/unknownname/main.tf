variable "region" { default = 1 }
output "x" { value = var.regoin }
output "y" { value = local.foo }
output "z" { value = terraform_dat.x.y }
output "w" { value = module.q.x }
output "f" { value = upercase("x") }