locals { a = [1] }
output "x" { value = local.a[3] }
output "y" { value = local.a["x"] }
output "z" { value = {a=1}.b }