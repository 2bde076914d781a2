output "x" { value = jsondecode("{") }
output "y" { value = yamldecode("a: [") }
output "z" { value = file("/nope") }
output "w" { value = base64decode("!") }
output "v" { value = regex("(", "x") }
output "u" { value = tonumber("x") }
output "t" { value = format("%d", "x") }