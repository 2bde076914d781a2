variable "who" { default = "ann" }
gate "g" {
  description  = "Ask"
  instructions = "Ask ${var.who}."
}
resource "terraform_data" "x" {
  depends_on = [gate.g]
}
