variable "name" {
  type    = string
  default = "x"

  validation {
    condition     = length(var.name) < 5
    error_message = "Too long."
  }
}

resource "terraform_data" "a" {
  input = var.name
}

output "name" {
  value = terraform_data.a.output
}

check "good" {
  assert {
    condition     = var.name != "bad"
    error_message = "The name is bad."
  }
}
