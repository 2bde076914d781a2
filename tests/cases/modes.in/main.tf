resource "terraform_data" "a" { input = "a" }
resource "terraform_data" "b" { input = terraform_data.a.id }
resource "terraform_data" "other" { input = "o" }
resource "local_file" "f" {
  filename = "f.txt"
  content  = terraform_data.other.output
}
