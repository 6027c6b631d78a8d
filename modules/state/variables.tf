# The names are those of the backend's settings: one file, vars/backend.hcl, is both.

variable "bucket" {
  description = "Name of the bucket: unique in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "A bucket's name is 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "AWS region of the bucket."
  type        = string
}

variable "encrypt" {
  description = "To be left out: the bucket encrypts with its key. With it Terraform asks for S3's own key instead."
  type        = bool
  default     = null

  validation {
    condition     = var.encrypt == null
    error_message = "Leave encrypt out: with it Terraform asks for S3's own key in place of the bucket's, which encrypts everything."
  }
}

variable "use_lockfile" {
  description = "Whether a file beside the state locks it while Terraform runs."
  type        = bool
  default     = false

  validation {
    condition     = var.use_lockfile
    error_message = "Set use_lockfile to true: without a lock, two runs at once overwrite each other's state."
  }
}

variable "old_versions_days" {
  description = "Days for which versions of a state are kept after a newer one was written."
  type        = number
  default     = 365
}
