variables {
  name  = "abc"
  other = "not the module's"
}

run "setup" {
  variables {
    prefix = "q"
  }
  module {
    source = "./setup"
  }
}

run "planned" {
  command = plan

  assert {
    condition     = var.name == "abc" && var.other == "not the module's"
    error_message = "The values of the file count."
  }
}

run "applied" {
  variables {
    name = run.setup.name
  }

  assert {
    condition     = output.name == "sq" && terraform_data.a.output == "sq"
    error_message = "The name is ${output.name}."
  }
}

run "changed" {
  assert {
    condition     = output.name == "abc" && run.applied.name == "sq"
    error_message = "The state is the one of the run before."
  }
}

run "too_long" {
  command = plan
  variables {
    name = "much too long"
  }
  expect_failures = [var.name]
}

run "bad" {
  variables {
    name = "bad"
  }
  expect_failures = [check.good]
}
