variable "title" {
  type = string
}

locals {
  text = "# ${var.title}\n\nNothing has changed.\n"
}

resource "local_file" "draft" {
  filename = "${path.root}/draft.md"
  content  = local.text
}

output "path" {
  value = local_file.draft.filename
}

output "text" {
  value = local_file.draft.content
}

output "sha256" {
  value = local_file.draft.content_sha256
}
