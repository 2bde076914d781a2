gate "g" {
  description = "Expired"
  input "until" { type = string }
  valid_until = input.until
}
resource "terraform_data" "x" {
  depends_on = [gate.g]
}
