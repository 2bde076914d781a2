variable "dns_names" {
  type    = list(string)
  default = ["www.example.com", "example.com"]

  validation {
    condition     = length(var.dns_names) > 0
    error_message = "At least one name."
  }
}
