terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
    # Built into Weir: signs with a key that is never recorded.
    pki = {
      source = "weir/pki"
    }
  }
}
