# Two stages with a person between them.

stage "draft" {
  source = "./draft"

  title = var.title
}

gate "review" {
  description  = "Somebody else reads the draft"
  instructions = <<-EOT
    Read ${stage.draft.path}. If it may go out, say who you are and name its checksum:

      weir gate open review -input reviewer=NAME -input sha256=$(sha256sum < ${stage.draft.path} | cut -d' ' -f1)

    then go on with: weir apply
  EOT

  input "reviewer" {
    type        = string
    description = "Who has read the draft"

    validation {
      condition     = length(trimspace(input.reviewer)) > 0
      error_message = "A review without a name is none."
    }
  }

  input "sha256" {
    type        = string
    description = "SHA-256 of the draft that was read"
  }

  check "the draft that was read is the one that goes out" {
    condition     = input.sha256 == stage.draft.sha256
    error_message = "The draft has changed since: read it again."
  }
}

stage "publish" {
  source = "./publish"

  text     = stage.draft.text
  reviewer = gate.review.reviewer
}
