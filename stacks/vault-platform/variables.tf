variable "name" {
  type        = string
  default     = "platform"
  description = "Name of the platform, and prefix of every name."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,17}[a-z0-9]$", var.name))
    error_message = "Lower-case letters, digits and dashes, at most 19 characters."
  }
}

variable "region" {
  type        = string
  default     = "eu-central-1"
  description = "AWS region."
}

variable "organization" {
  type        = string
  default     = "Example"
  description = "Organization in the certificates' subjects."
}

variable "domain" {
  type        = string
  default     = "internal.example.com"
  description = "Private domain: name of the private zone, whose names get certificates."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags for everything."
}

variable "workspace" {
  type        = string
  default     = null
  description = "Folder for what people carry around (the certificate request, the root certificate). Null takes workspace/ in this folder. Never put a private key there."
}

variable "cidr" {
  type        = string
  default     = "10.64.0.0/16"
  description = "CIDR of the VPC: /16, /17 or /18."
}

variable "nat_gateway_per_zone" {
  type        = bool
  default     = false
  description = "A NAT gateway in each zone instead of one for all."
}

variable "interface_endpoints" {
  type        = set(string)
  default     = ["kms", "secretsmanager", "ssm"]
  description = "AWS services that are reached inside the VPC."
}

variable "dev" {
  type        = bool
  default     = false
  description = "One node instead of cluster_size: for trying things out."
}

variable "cluster_size" {
  type        = number
  default     = 5
  description = "Number of Vault nodes."
}

variable "on_demand_base" {
  type        = number
  default     = 0
  description = "Number of nodes that are on-demand rather than SPOT."
}

variable "instance_types" {
  type        = list(string)
  default     = ["m6id.large", "m5d.large", "r6id.large"]
  description = "SPOT pools of the nodes."
}

variable "architecture" {
  type        = string
  default     = "x86_64"
  description = "Architecture of the nodes: x86_64 or arm64."
}

variable "ami_owners" {
  type        = list(string)
  default     = ["amazon"]
  description = "Accounts whose images the nodes start from."
}

variable "ami_name" {
  type        = string
  default     = "al2023-ami-2023.*"
  description = "Name of the image that the nodes start from, with wildcards."
}

variable "key_generation" {
  type        = number
  default     = 1
  description = "Raise it by one to make new keys for the intermediate CA and the server; the gate root_ca has to be passed again."
}

variable "initialised" {
  type        = bool
  default     = false
  description = "Set it to true once the gate vault_init is open: from then on only nodes that serve get traffic."
}

variable "enable_ssm" {
  type        = bool
  default     = false
  description = "Lets operators into the nodes by AWS Systems Manager, for the initialisation."
}

variable "vault_address" {
  type        = string
  default     = null
  description = "Where Vault is reached from here, if not by its name: the near end of a port forward, such as https://127.0.0.1:8200."
}

variable "init_approvals" {
  type        = number
  default     = 1
  description = "Number of different people who have to approve the initialisation."
}

variable "leaf_max_hours" {
  type        = number
  default     = 2160
  description = "Longest validity of a certificate that Vault issues, hours."
}

variable "secret_recovery_days" {
  type        = number
  default     = 30
  description = "Days for which deleted secrets can be brought back; 0 deletes at once."
}

variable "key_deletion_window_days" {
  type        = number
  default     = 30
  description = "Days between the destruction of a KMS key and its end."
}

variable "snapshots_force_destroy" {
  type        = bool
  default     = false
  description = "Let destroy delete the bucket with the snapshots in it."
}
