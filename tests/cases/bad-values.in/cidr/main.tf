output "x" { value = cidrsubnet("10.0.0.0/33", 8, 1) }
output "y" { value = cidrsubnet("10.0.0.0/16", 30, 1) }
output "z" { value = cidrhost("abc", 1) }