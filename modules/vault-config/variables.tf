variable "api_url" {
  type        = string
  description = "Address of the Vault API that certificates name for their CA, CRL and OCSP."
}

variable "cluster_size" {
  type        = number
  default     = 5
  description = "Number of nodes, for the clean-up of dead ones."
}

variable "ca_chain_pem" {
  type        = string
  description = "Certificate of the intermediate CA, then that of the root, PEM."
}

variable "ca_private_key_pem" {
  type        = string
  ephemeral   = true
  sensitive   = true
  description = "Private key of the intermediate CA, PEM. It is written to Vault and recorded nowhere."
}

variable "ca_key_generation" {
  type        = number
  default     = 1
  description = "Which generation of the intermediate CA's key this is; another one is imported anew."
}

variable "organization" {
  type        = string
  description = "Organization in the issuer's subject."
}

variable "issuer_common_name" {
  type        = string
  description = "Common name of the private issuer."
}

variable "issuer_max_months" {
  type        = number
  default     = 36
  description = "Validity of the private issuer in months of 730 hours; less if the intermediate CA ends earlier."

  validation {
    condition     = var.issuer_max_months >= 1 && floor(var.issuer_max_months) == var.issuer_max_months
    error_message = "Whole months, at least 1."
  }
}

variable "domains" {
  type        = list(string)
  description = "Private domains whose subdomains get certificates."

  validation {
    condition     = length(var.domains) > 0
    error_message = "At least one domain."
  }
}

variable "role_name" {
  type        = string
  default     = "private"
  description = "Role that issues certificates for the private domains."
}

variable "leaf_max_hours" {
  type        = number
  default     = 2160
  description = "Longest validity of a leaf certificate, hours."

  validation {
    condition     = var.leaf_max_hours > 0 && var.leaf_max_hours <= 2160
    error_message = "At most 90 days (2160 hours)."
  }
}

variable "client_cidrs" {
  type        = list(string)
  description = "Networks that cert-manager and the snapshot job log in from."
}
