resource "terraform_data" "a" {
  lifecycle {
    create_before_destroy = "maybe"
    prevent_destroy       = 1
    foo                   = 1
  }
}
