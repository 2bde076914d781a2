resource "terraform_data" "x" { provider = terraform.east }
resource "random_id" "x" {
 provider = random.east
 byte_length = 1
}