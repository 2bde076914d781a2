module "one" {
  source = "net"
}

module "two" {
  source  = "./two"
  version = "~> 1.0"
}

module "three" {
  source  = "acme/net/aws"
  version = "newest"
}

module "four" {
  source = "hg::https://localhost:1/net"
}
