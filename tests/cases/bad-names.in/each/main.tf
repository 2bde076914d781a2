output "x" { value = each.key }
output "y" { value = count.index }
output "z" { value = self.id }