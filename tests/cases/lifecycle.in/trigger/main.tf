variable "size" { default = 1 }
resource "terraform_data" "a" { input = var.size }
resource "terraform_data" "b" {
  input = "s${var.size}"
  lifecycle {
    ignore_changes       = [input]
    replace_triggered_by = [terraform_data.a.input]
  }
}
