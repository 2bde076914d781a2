variable "greeting" {
  type    = string
  default = "Hello"
}

resource "random_pet" "who" {
  length = 2
}

# Made anew whenever the greeting changes, and the file with it.
resource "terraform_data" "greeting" {
  input            = "${var.greeting}, ${random_pet.who.id}!"
  triggers_replace = [var.greeting]
}

resource "local_file" "note" {
  filename = "${path.module}/hello.txt"
  content  = "${terraform_data.greeting.output}\n"
}

output "greeting" {
  value = terraform_data.greeting.output
}
