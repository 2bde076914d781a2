mock_provider "aws" {}

mock_provider "aws" {
  alias = "second"
}

override_data {
  target = aws_vpc.main
}

run "targets" {
  override_module {
    target  = module.net
    outputs = "text"
  }
}
