variable "size" {
  default = 1
}

resource "terraform_data" "a" {
  input            = "x${var.size}"
  triggers_replace = var.size
}

module "m" {
  source = "./m"
  size   = var.size
}

check "small" {
  assert {
    condition     = var.size < 2
    error_message = "It grows."
  }
}

output "a" {
  value = terraform_data.a.output
}

output "secret" {
  value     = "hush"
  sensitive = true
}
