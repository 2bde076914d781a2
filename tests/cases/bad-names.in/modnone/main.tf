module "m" { source = "./nope" }
module "n" {}
module "o" { source = "terraform-aws-modules/vpc/aws" }