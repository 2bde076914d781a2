variable "text" {
  type = string
}

variable "reviewer" {
  type = string
}

resource "terraform_data" "issue" {
  input = { reviewer = var.reviewer, words = length(split(" ", var.text)) }
}

resource "local_file" "published" {
  filename = "${path.root}/published.md"
  content  = "${var.text}\nReviewed by ${terraform_data.issue.output.reviewer}.\n"
}

output "path" {
  value = local_file.published.filename
}
