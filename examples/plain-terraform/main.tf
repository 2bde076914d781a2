# Nothing of Weir: this folder works the same under OpenTofu and Terraform, on the same state file.

variable "people" {
  type = map(object({
    language = string
    titles   = optional(list(string), [])
  }))
  default = {
    ada   = { language = "en", titles = ["Countess", "Programmer"] }
    emmy  = { language = "de", titles = ["Professor"] }
    grace = { language = "en" }
  }

  validation {
    condition     = alltrue([for person in var.people : contains(["en", "de"], person.language)])
    error_message = "Only en and de are spoken here."
  }
}

variable "copies" {
  type    = number
  default = 2
}

module "greeting" {
  source   = "./greeting"
  for_each = var.people

  name     = title(each.key)
  language = each.value.language
  titles   = each.value.titles
}

resource "terraform_data" "copy" {
  count = var.copies

  input = {
    number = count.index + 1
    texts  = [for key in sort(keys(module.greeting)) : module.greeting[key].text]
  }

  lifecycle {
    precondition {
      condition     = var.copies <= 10
      error_message = "Ten copies are enough."
    }
  }
}

output "texts" {
  value = { for key, greeting in module.greeting : key => greeting.text }
}

output "copies" {
  value = terraform_data.copy[*].output.number
}

output "by_language" {
  value = { for key, person in var.people : person.language => key... }
}
