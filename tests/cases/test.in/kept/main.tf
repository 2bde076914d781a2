resource "terraform_data" "kept" {
  lifecycle {
    prevent_destroy = true
  }
}
resource "terraform_data" "gone" {}
