# The policy written with jsonencode, members in whatever order, and null tags.

locals {
  owner = null
}

resource "databricks_aws_s3_bucket" "logs" {
  bucket        = "side-by-side-logs"
  force_destroy = true
  tags          = { Owner = local.owner, Team = "data" }

  policy = jsonencode({
    Statement = [{
      Sid       = "TLS"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::side-by-side-logs", "arn:aws:s3:::side-by-side-logs/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    Version = "2012-10-17"
  })
}
