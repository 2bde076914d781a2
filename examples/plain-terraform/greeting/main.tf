variable "name" {
  type = string
}

variable "language" {
  type    = string
  default = "en"
}

variable "titles" {
  type    = list(string)
  default = []
}

locals {
  words = { en = "Good morning", de = "Guten Morgen" }
  full  = join(" ", concat(var.titles, [var.name]))
}

resource "terraform_data" "greeting" {
  input            = "${local.words[var.language]}, ${local.full}!"
  triggers_replace = { language = var.language }
}

output "text" {
  value = terraform_data.greeting.output
}
