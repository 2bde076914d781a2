stage "db" {
  confirm = true
}
