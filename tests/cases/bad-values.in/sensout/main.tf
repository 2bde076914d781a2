variable "a" {
 sensitive = true
 default = 1
}
output "x" { value = var.a }