variable "made" { type = string }
check "inner" {
  assert {
    condition     = var.made == "z"
    error_message = "It is ${var.made}."
  }
}
