resource "terraform_data" "b" {
 input = 1
 input = 2
}