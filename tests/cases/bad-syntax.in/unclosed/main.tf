resource "terraform_data" "a" {
 input = "x
}
locals {
 a = [1,
 b = 
}
variable x {{
