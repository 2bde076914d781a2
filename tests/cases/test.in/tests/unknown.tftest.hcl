run "planned" {
  command = plan
  assert {
    condition     = terraform_data.a.id == "x"
    error_message = "No."
  }
}
