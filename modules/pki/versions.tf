terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
    local = {
      source = "hashicorp/local"
    }
    # Built into Weir: the certificate requests are made from a key that is never recorded.
    pki = {
      source = "weir/pki"
    }
    tls = {
      source = "hashicorp/tls"
    }
  }
}
