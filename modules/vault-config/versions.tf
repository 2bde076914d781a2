terraform {
  required_providers {
    # Built into Weir; reads certificates.
    pki = {
      source = "weir/pki"
    }
    # Of Weir, for the write-only pem_bundle_wo; everything else is as in hashicorp/vault 4.
    vault = {
      source  = "hashicorp/vault"
      version = "~> 4.0"
    }
  }
}
