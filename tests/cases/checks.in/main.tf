variable "n" {
  default = "x"
  validation {
    condition     = length(var.n) > 0
    error_message = "Empty."
  }
}
resource "terraform_data" "a" {
  input = var.n
  lifecycle {
    postcondition {
      condition     = self.output == var.n
      error_message = "Something else came out."
    }
  }
}
check "good" {
  assert {
    condition     = terraform_data.a.output == "x"
    error_message = "Not x."
  }
}
check "bad" {
  assert {
    condition     = var.n == "y"
    error_message = "It is ${var.n}."
  }
}
check "file" {
  data "local_file" "greeting" {
    filename = "greeting.txt"
  }
  assert {
    condition     = trimspace(data.local_file.greeting.content) == var.n
    error_message = "The greeting is another one."
  }
}
module "m" {
  source   = "./m"
  for_each = toset(["k"])
  made     = terraform_data.a.output
}
output "o" {
  value = terraform_data.a.output
  precondition {
    condition     = var.n != ""
    error_message = "Empty."
  }
}
