# Settings of a bucket by dynamic blocks that are there or not, one of them known only after the apply.

variable "encrypt" {
  default = true
}

variable "version_objects" {
  default = false
}

resource "terraform_data" "switch" {
  input = "off"
}

resource "databricks_aws_s3_bucket" "this" {
  bucket        = "optional-settings"
  force_destroy = true

  dynamic "server_side_encryption" {
    for_each = var.encrypt ? [1] : []
    content {
      sse_algorithm = "AES256"
    }
  }

  dynamic "versioning" {
    for_each = var.version_objects ? [1] : []
    content {
      enabled = true
    }
  }

  dynamic "public_access_block" {
    for_each = terraform_data.switch.output == "on" ? [1] : []
    content {
      block_public_acls = true
    }
  }
}
