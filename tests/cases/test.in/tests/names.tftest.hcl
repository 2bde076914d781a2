run "one" {
  assert {
    condition     = run.two.name == run.oen.name
    error_message = "No."
  }
}

run "two" {
}
