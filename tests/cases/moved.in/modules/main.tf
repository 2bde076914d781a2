module "same" {
  source = "../after/m"
}

module "other" {
  source = "../after/m"
}
