mock_resource "aws_vpc" {
  defaults = {
    id  = "vpc-mock"
    arn = "arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-mock"
  }
}

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "123456789012"
  }
}
