variable "x" {
 type = number
 default = "abc"
}
variable "y" { default = var.x }