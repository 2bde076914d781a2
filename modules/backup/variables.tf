variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "bucket_name" {
  type        = string
  default     = null
  description = "Name of the bucket. Null makes NAME-snapshots-ACCOUNT-REGION."
}

variable "keep_days" {
  type        = number
  default     = 30
  description = "Days for which a snapshot is kept; one is made every day."

  validation {
    condition     = var.keep_days >= 1 && floor(var.keep_days) == var.keep_days
    error_message = "Whole days, at least 1."
  }
}

variable "force_destroy" {
  type        = bool
  default     = false
  description = "Let destroy delete a bucket that still holds snapshots."
}

variable "key_deletion_window_days" {
  type        = number
  default     = 30
  description = "Days between the destruction of the key and the moment when no snapshot can be read any more."
}
