variable "n" { default = 2 }
variable "keys" {
  type    = list(string)
  default = ["x", "y"]
}
resource "terraform_data" "c" {
  count = var.n
  input = "c${count.index}"
}
resource "terraform_data" "e" {
  for_each = { for k in var.keys : k => upper(k) }
  input    = "${each.key}=${each.value}"
}
module "c" {
  source = "./m"
  count  = var.n
  i      = terraform_data.c[count.index].output
}
module "e" {
  source   = "./m"
  for_each = toset(var.keys)
  i        = terraform_data.e[each.key].output
}
output "all" { value = concat(module.c[*].o, [for k, m in module.e : m.o]) }
