variable "name" {
  type        = string
  description = "Prefix of every name in this network."
}

variable "cidr" {
  type        = string
  default     = "10.64.0.0/16"
  description = "CIDR of the VPC. Its first three quarters hold the private subnets, the last quarter the small ones, so it has to be a /16, /17 or /18."

  validation {
    condition     = can(cidrhost(var.cidr, 0))
    error_message = "This is not an IPv4 CIDR, such as 10.64.0.0/16."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.cidr)[1]), 0) <= 18
    error_message = "The VPC has to be a /16, /17 or /18: three /20 subnets and six /24 subnets have to fit."
  }
}

variable "availability_zones" {
  type        = list(string)
  default     = null
  description = "The three zones to use. Null takes the first three of the region that need no opt-in."

  validation {
    condition     = var.availability_zones == null ? true : length(var.availability_zones) == 3
    error_message = "Three zones are needed: Raft survives the loss of one only with three."
  }
}

variable "nat_gateway_per_zone" {
  type        = bool
  default     = false
  description = "One NAT gateway in each zone instead of one for all: costs three times as much, and survives the loss of a zone."
}

variable "interface_endpoints" {
  type        = set(string)
  default     = ["kms", "secretsmanager", "ssm"]
  description = "AWS services to reach by interface endpoints inside the VPC instead of through the NAT gateway. An empty set makes none."
}

variable "zone_name" {
  type        = string
  description = "Name of the private hosted zone, such as internal.example.com."
}

variable "flow_log_retention_days" {
  type        = number
  default     = 90
  description = "Days for which flow logs are kept."
}
