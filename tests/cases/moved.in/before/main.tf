resource "terraform_data" "plain" {
  input = "plain"
}

resource "terraform_data" "list" {
  count = 2
  input = count.index
}

resource "terraform_data" "user" {
  input = terraform_data.plain.id
}

resource "terraform_data" "single" {
  input = "single"
}

module "old" {
  source = "../after/m"
}
