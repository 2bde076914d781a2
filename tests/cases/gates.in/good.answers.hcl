gate "ok" {
  answer = "yes, sir"
}
