variable "secret_name" {
  type        = string
  description = "Name of the secret that is to hold key, certificate and chain."
}

variable "server_name" {
  type        = string
  description = "DNS name that clients and nodes verify; it has to be in the request."
}

variable "csr_pem" {
  type        = string
  description = "Certificate request of the server."
}

variable "key_secret_arn" {
  type        = string
  description = "Secret that holds the server's private key, PEM."
}

variable "ca_cert_pem" {
  type        = string
  description = "Certificate of the CA that signs."
}

variable "ca_key_secret_arn" {
  type        = string
  description = "Secret that holds the private key of the CA that signs, PEM."
}

variable "ca_key_generation" {
  type        = number
  default     = 1
  description = "Which generation of keys is used; another one makes a new certificate."
}

variable "root_cert_pem" {
  type        = string
  description = "Certificate of the root above the CA: what clients trust."
}

variable "validity_hours" {
  type        = number
  default     = 8760
  description = "Validity of the certificate, hours."
}

variable "renew_before_hours" {
  type        = number
  default     = 720
  description = "A plan in the last so many hours of the validity renews the certificate."
}

variable "secret_recovery_days" {
  type        = number
  default     = 30
  description = "Days for which the deleted secret can be brought back; 0 deletes at once."
}
