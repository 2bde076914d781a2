run "asserts" {
  variables {
    name = "abc"
  }
  assert {
    condition     = output.name == "zz"
    error_message = "The name is ${output.name}."
  }
  assert {
    condition     = terraform_data.a.input == "abc"
    error_message = "This one holds."
  }
}

run "expects" {
  command         = plan
  expect_failures = [var.name]
}

run "never_reached" {
}
