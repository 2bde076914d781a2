# A chain: what the middle address had goes on to the last.
moved {
  from = terraform_data.plain
  to   = terraform_data.middle
}

moved {
  from = terraform_data.middle
  to   = terraform_data.last
}

resource "terraform_data" "last" {
  input = "plain"
}

# Instance keys.
moved {
  from = terraform_data.list[0]
  to   = terraform_data.list["x"]
}

moved {
  from = terraform_data.list[1]
  to   = terraform_data.list["y"]
}

resource "terraform_data" "list" {
  for_each = toset(["x", "y"])
  input    = 0
}

# Into a module, and a module that is repeated now.
moved {
  from = terraform_data.user
  to   = module.new["a"].terraform_data.user
}

moved {
  from = module.old
  to   = module.new["a"]
}

module "new" {
  source   = "./n"
  for_each = toset(["a"])
  id       = terraform_data.last.id
}

# Nothing is written for this one: count alone moves it.
resource "terraform_data" "single" {
  count = 1
  input = "single"
}
