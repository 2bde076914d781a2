gate "review" {
  description = "Somebody looks at it"
  input "by" {
    type = string
  }
}

resource "terraform_data" "after" {
  input = gate.review.by
}
