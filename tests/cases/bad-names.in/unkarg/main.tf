resource "terraform_data" "b" {
 inputt = 1
 foo {}
}