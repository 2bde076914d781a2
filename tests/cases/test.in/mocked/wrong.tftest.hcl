mock_provider "aws" {}

mock_provider "aws" {
  alias = "second"
}

override_resource {
  target = aws_vpc.missing
}

run "unfit" {
  override_resource {
    target = aws_vpc.main
    values = { id = ["no text"] }
  }
}
