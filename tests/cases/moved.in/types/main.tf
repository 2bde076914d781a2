resource "random_id" "plain" {
  byte_length = 4
}

moved {
  from = terraform_data.plain
  to   = random_id.plain
}
