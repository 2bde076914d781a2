variable "x" {
 type = strin
 default = 1
}
variable "y" {
 type = list(string, number)
}
variable "z" { type = object({a = foo}) }