run "check" {
  variables {
    name = "bad"
  }
}
