moved {
  from = terraform_data.a
  to   = terraform_data.b
}

moved {
  from = terraform_data.a
  to   = terraform_data.c
}

moved {
  from = terraform_data.d
  to   = terraform_data.e
}

moved {
  from = terraform_data.f
  to   = terraform_data.e
}

moved {
  from = terraform_data.x
  to   = terraform_data.x
}
