resource "terraform_data" "first" {
  input = "a"
}

data "local_file" "note" {
  filename = "${path.module}/note.txt"
}

gate "signed" {
  description = "Somebody signs `this` | that"
  depends_on  = [terraform_data.first]
}

stage "later" {
  source     = "./later"
  depends_on = [gate.signed]
  note       = data.local_file.note.content
}
