output "x" { value = "${}" }
output "y" { value = "%{ if }" }
output "z" { value = "%{ for x in }%{ endfor }" }