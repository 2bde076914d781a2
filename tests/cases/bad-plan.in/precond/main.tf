variable "a" {}
variable "b" { type = number }
variable "c" { default = false }
resource "terraform_data" "x" {
 lifecycle {
 precondition {
 condition = var.c
 error_message = "never"
 }
 postcondition {
 condition = "x${self.id}"
 error_message = "no"
 }
 }
}
