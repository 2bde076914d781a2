variable "one" {
  type    = string
  default = "default"
}
variable "two" { default = "default" }
variable "three" { default = "default" }
variable "four" { default = "default" }
variable "list" {
  type    = list(number)
  default = []
}
variable "object" {
  type    = object({ name = string, size = optional(number, 3) })
  default = { name = "x" }
}
variable "secret" {
  type      = string
  default   = "hidden"
  sensitive = true
}
variable "ghost" {
  default   = "boo"
  ephemeral = true
}
variable "checked" {
  type    = number
  default = 5
  validation {
    condition     = var.checked > 3
    error_message = "It must be above 3, and is ${var.checked}."
  }
}
resource "terraform_data" "s" { input = var.secret }
output "all" { value = [var.one, var.two, var.three, var.four, var.list, var.object] }
output "secret" {
  value     = var.secret
  sensitive = true
}
