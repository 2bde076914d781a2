data "aws_region" "current" {}

data "aws_availability_zones" "available" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = var.availability_zones != null ? var.availability_zones : slice(sort(data.aws_availability_zones.available.names), 0, 3)

  # In units of a /20: 0, 1, 2 are the private subnets and 3 is cut into /24s: three public, three intra.
  prefix        = tonumber(split("/", var.cidr)[1])
  private_cidrs = [for i in range(3) : cidrsubnet(var.cidr, 20 - local.prefix, i)]
  public_cidrs  = [for i in range(3) : cidrsubnet(var.cidr, 24 - local.prefix, 48 + i)]
  intra_cidrs   = [for i in range(3) : cidrsubnet(var.cidr, 24 - local.prefix, 52 + i)]

  private = zipmap(local.zones, local.private_cidrs)
  public  = zipmap(local.zones, local.public_cidrs)
  intra   = zipmap(local.zones, local.intra_cidrs)

  # The zones that have a NAT gateway of their own; the others use the first one's.
  nat_zones = var.nat_gateway_per_zone ? local.zones : [local.zones[0]]
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# Whatever lands in the default group by mistake can talk to nobody: no rules.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-default-unused" }
}

resource "aws_subnet" "private" {
  for_each = local.private

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = { Name = "${var.name}-private-${each.key}", Tier = "private" }
}

resource "aws_subnet" "public" {
  for_each = local.public

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = { Name = "${var.name}-public-${each.key}", Tier = "public" }
}

resource "aws_subnet" "intra" {
  for_each = local.intra

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = { Name = "${var.name}-intra-${each.key}", Tier = "intra" }
}
