resource "databricks_storage_credential" "example" {
  name = "example-location"

  aws_iam_role {
    role_arn = "arn:aws:iam::123456789012:role/data"
  }
}

resource "databricks_external_location" "example" {
  name            = "example-location"
  url             = "s3://example-location/tables"
  credential_name = databricks_storage_credential.example.name
  comment         = "An example"

  encryption_details {
    sse_encryption_details {
      algorithm       = "AWS_SSE_KMS"
      aws_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
    }
  }
}
