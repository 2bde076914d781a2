variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "organization" {
  type        = string
  description = "Organization in the subject of both certificates."
}

variable "intermediate_common_name" {
  type        = string
  description = "Common name of the intermediate CA."
}

variable "server_name" {
  type        = string
  description = "DNS name of the Vault server, the only one in its certificate."
}

variable "csr_path" {
  type        = string
  description = "File to write the intermediate CA's certificate request to, for the way to the offline root."
}

variable "key_generation" {
  type        = number
  default     = 1
  description = "Raise it by one to make both keys anew, and with them the requests. The gate behind has to be passed again."
}

variable "secret_recovery_days" {
  type        = number
  default     = 30
  description = "Days for which a deleted key can be brought back; 0 deletes at once."
}
