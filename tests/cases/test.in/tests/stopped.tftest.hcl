run "apply" {
  variables {
    name = "much too long"
  }
  expect_failures = [var.name]
}
