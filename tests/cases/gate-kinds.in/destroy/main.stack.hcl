stage "s" {
  source = "../m"
}
gate "backup" {
  description = "A backup was made"
  when        = "destroy"
  depends_on  = [stage.s]
  input "name" { type = string }
}
resource "terraform_data" "free" {}
