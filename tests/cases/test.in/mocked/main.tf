provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "second"
  region = "eu-west-1"
}

data "aws_caller_identity" "me" {}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Owner = data.aws_caller_identity.me.account_id }
}

resource "aws_vpc" "second" {
  provider   = aws.second
  cidr_block = "10.1.0.0/16"
}

module "net" {
  source = "./net"
  vpc    = aws_vpc.main.id
}

output "subnet" {
  value = module.net.subnet
}

output "note" {
  value = module.net.note
}
