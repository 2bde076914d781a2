variable "vpc" {
  type = string
}

resource "aws_subnet" "this" {
  count      = 2
  vpc_id     = var.vpc
  cidr_block = cidrsubnet("10.0.0.0/16", 8, count.index)
}

output "subnet" {
  value = aws_subnet.this[0].id
}

output "note" {
  value = "real"
}
