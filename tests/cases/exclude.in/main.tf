resource "terraform_data" "base" {
  input = "base"
}

resource "terraform_data" "uses_base" {
  input = terraform_data.base.output
}

resource "terraform_data" "many" {
  count = 2
  input = "many ${count.index}"
}

resource "terraform_data" "other" {
  input = "other"
}

module "m" {
  source = "./m"
  given  = terraform_data.base.id
}

output "other" {
  value = terraform_data.other.output
}

output "base" {
  value = terraform_data.uses_base.output
}
