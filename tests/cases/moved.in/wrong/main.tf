moved {
  from = terraform_data.a
  to   = module.a
}

moved {
  from = foo
  to   = terraform_data.a
}

moved {
  from = terraform_data.x[each.key]
}

moved {
  from = data.local_file.x
  to   = data.local_file.y
}
