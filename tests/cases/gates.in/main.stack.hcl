stage "a" {
  source = "./m"
  i      = "first"
}
gate "ok" {
  description  = "Someone looks at it"
  instructions = "Look at ${stage.a.o}."
  input "answer" {
    type        = string
    description = "What was seen"
    validation {
      condition     = length(input.answer) > 2
      error_message = "Too short: ${input.answer}."
    }
  }
  input "token" {
    type      = string
    default   = "none"
    ephemeral = true
  }
  check "polite" {
    condition     = startswith(input.answer, "yes")
    error_message = "Say yes."
  }
}
stage "b" {
  source   = "./m"
  for_each = toset(["l", "r"])
  i        = "${gate.ok.answer}-${each.key}"
}
output "end" { value = stage.b["l"].o }
