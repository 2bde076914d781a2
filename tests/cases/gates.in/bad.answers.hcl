gate "ok" {
  answr = "yes"
}
gate "oc" {}
