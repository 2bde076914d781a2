output "x" { value = "%{ if true }a%{ else }b" }
output "y" { value = "%{ endif }" }