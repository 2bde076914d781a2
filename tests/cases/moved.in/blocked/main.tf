resource "terraform_data" "single" {
  input = "single"
}

moved {
  from = terraform_data.plain
  to   = terraform_data.single
}

removed {
  from = terraform_data.list
}

removed {
  from = terraform_data.user
}

removed {
  from = module.old
}
