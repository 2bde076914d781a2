run "a" {
  comand = plan
}

run "a" {
}

run "b" {
  command = destroy
  module {
    source = "git::https://example.com/x.git"
  }
}

mock_provider "aws" {}
