variable "name" {
  type        = string
  description = "Name of the cluster, and prefix of every name."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,24}[a-z0-9]$", var.name))
    error_message = "Lower-case letters, digits and dashes, at most 26 characters: load balancer names end at 32."
  }
}

variable "cluster_size" {
  type        = number
  default     = 5
  description = "Number of nodes; 5 survive the loss of two, 1 is for trying things out."

  validation {
    condition     = contains([1, 3, 5, 7], var.cluster_size)
    error_message = "Raft wants an odd number of voters: 1, 3, 5 or 7."
  }
}

# Where it is

variable "vpc_id" {
  type        = string
  description = "VPC of the nodes."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets of the nodes and of the load balancer, one per zone."
}

variable "client_cidrs" {
  type        = list(string)
  description = "Networks that may use the Vault API. Private ones: there is no public way in."
}

variable "zone_id" {
  type        = string
  description = "Hosted zone that holds the server's name."
}

variable "server_name" {
  type        = string
  description = "DNS name of the Vault API, such as vault.internal.example.com."
}

# What runs there

variable "ami_id" {
  type        = string
  default     = null
  description = "Image to use. Null takes the newest that ami_owners, ami_name and architecture find, so a new release of it is a new launch template and a rolling refresh."
}

variable "ami_owners" {
  type        = list(string)
  default     = ["amazon"]
  description = "Accounts whose images are taken."
}

variable "ami_name" {
  type        = string
  default     = "al2023-ami-2023.*"
  description = "Name of the image, with wildcards."
}

variable "architecture" {
  type        = string
  default     = "x86_64"
  description = "Architecture of image, instance types and server: x86_64 or arm64."

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Either x86_64 or arm64."
  }
}

variable "instance_types" {
  type        = list(string)
  default     = ["m6id.large", "m5d.large", "r6id.large"]
  description = "SPOT pools: the data lives on the instance store, so each type needs one. Three or more, because one pool can run dry."

  validation {
    condition     = length(distinct(var.instance_types)) >= 3
    error_message = "At least three different instance types, so that there are three SPOT pools in each zone."
  }
}

variable "instance_requirements" {
  type = object({
    vcpu_min       = number
    vcpu_max       = optional(number)
    memory_mib_min = number
    memory_mib_max = optional(number)
    local_storage  = optional(string, "required")
  })
  default     = null
  description = "Takes whatever types fit, instead of instance_types. Local storage is required unless said otherwise, since the data lives on it."
}

variable "on_demand_base" {
  type        = number
  default     = 0
  description = "Number of nodes that are on-demand rather than SPOT."
}

variable "root_volume_gib" {
  type        = number
  default     = 20
  description = "Size of the encrypted root volume, GiB."
}

variable "vault_distribution" {
  type        = string
  default     = "openbao"
  description = "Server to run: openbao or vault."

  validation {
    condition     = contains(["openbao", "vault"], var.vault_distribution)
    error_message = "Either openbao or vault."
  }
}

variable "vault_version" {
  type        = string
  default     = "2.6.2"
  description = "Version of the server. OpenBao 2.6 is the last with the awskms seal built in; later ones need it as a plugin."
}

variable "vault_sha256" {
  type        = string
  default     = null
  description = "SHA-256 of the release archive for the architecture, from the release's signed list. Null is for the default version only, whose sums are known here."

  validation {
    condition     = var.vault_sha256 == null ? true : can(regex("^[0-9a-f]{64}$", var.vault_sha256))
    error_message = "64 lower-case hexadecimal digits."
  }
}

# Trust

variable "ca_chain_pem" {
  type        = string
  description = "Certificate of the intermediate CA, then that of the root, PEM."
}

variable "ca_key_secret_arn" {
  type        = string
  description = "Secret that holds the intermediate CA's private key, PEM."
}

variable "server_csr_pem" {
  type        = string
  description = "Certificate request of the server."
}

variable "server_key_secret_arn" {
  type        = string
  description = "Secret that holds the server's private key, PEM."
}

variable "key_generation" {
  type        = number
  default     = 1
  description = "Which generation of keys these are."
}

variable "root_ca_path" {
  type        = string
  description = "File to write the root certificate to, for those who connect from here."
}

# How it runs

variable "initialised" {
  type        = bool
  default     = false
  description = "False until the cluster has been initialised: nodes that are not yet, or still sealed, count as healthy, or they would be replaced before anyone can initialise them. Afterwards true, and only nodes that serve get traffic."
}

variable "enable_ssm" {
  type        = bool
  default     = false
  description = "Lets operators into the nodes by AWS Systems Manager. For the initialisation, then off again."
}

variable "health_check_grace_seconds" {
  type        = number
  default     = 600
  description = "Time a new node has before its health counts."
}

variable "wait_for_capacity_timeout" {
  type        = string
  default     = "15m"
  description = "How long to wait for all nodes to be in service; 0 does not wait."
}

variable "secret_recovery_days" {
  type        = number
  default     = 30
  description = "Days for which deleted secrets can be brought back; 0 deletes at once."
}

variable "key_deletion_window_days" {
  type        = number
  default     = 30
  description = "Days between the destruction of the unseal key and the moment when nothing can be unsealed any more."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of instances and their volumes, which default_tags does not reach."
}
