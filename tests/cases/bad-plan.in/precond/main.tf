resource "terraform_data" "x" {
 lifecycle {
 precondition {
 condition = false
 error_message = "never"
 }
 postcondition {
 condition = "x"
 error_message = "no"
 }
 }
}