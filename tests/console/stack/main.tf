variable "name" {
  type    = string
  default = "n"
}

variable "secret" {
  type      = string
  default   = "s"
  sensitive = true
}

variable "options" {
  type    = object({ a = string, b = optional(list(number), [1]) })
  default = { a = "x" }
}

variable "missing" {
  type = number
}

locals {
  list = [1, "two"]
  map  = { for at, item in local.list : item => at }
}

resource "terraform_data" "one" {
  input = "in"
}

resource "terraform_data" "many" {
  for_each = toset(["a", "b"])
  input    = each.key
}

resource "terraform_data" "new" {
}
