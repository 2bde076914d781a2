resource "terraform_data" "kept" {
  input = 1
}

resource "terraform_data" "gone" {
  count = 2
  input = terraform_data.kept.id
}

module "m" {
  source = "./m"
}
