resource "terraform_data" "kept" {
  input = 1
}

module "m" {
  source = "../before/m"
}

removed {
  from = terraform_data.kept
  lifecycle {
    destroy = false
  }
}

removed {
  from = module.m
}
