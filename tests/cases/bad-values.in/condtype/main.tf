output "x" { value = true ? {a=1} : "x" }
output "y" { value = "a" ? 1 : 2 }
output "z" { value = null ? 1 : 2 }
output "w" { value = "a" + 1 }
output "v" { value = !"x" }