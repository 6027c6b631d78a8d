resource "databricks_storage_credential" "lake" {
  name            = "Lake"
  skip_validation = true
  aws_iam_role {
    role_arn = "arn:aws:iam::123456789012:role/lake"
  }
}

output "external_id" {
  value = databricks_storage_credential.lake.aws_iam_role[0].external_id
}

resource "databricks_external_location" "lake" {
  name            = "Lake"
  url             = "s3://example-lake/"
  credential_name = databricks_storage_credential.lake.name
  skip_validation = true
  force_destroy   = false
  comment         = ""

  encryption_details {
    sse_encryption_details {
      algorithm       = "AWS_SSE_KMS"
      aws_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
    }
  }
}

resource "databricks_instance_profile" "lake" {
  instance_profile_arn = "arn:aws:iam::123456789012:instance-profile/lake"
  skip_validation      = true
}

resource "databricks_group" "readers" {
  display_name     = "lake readers"
  workspace_access = true
}

resource "databricks_entitlements" "readers" {
  group_id              = databricks_group.readers.id
  workspace_access      = true
  databricks_sql_access = false
}

resource "databricks_permissions" "shared" {
  directory_path = "/Shared"

  access_control {
    group_name       = databricks_group.readers.display_name
    permission_level = "CAN_READ"
  }
  access_control {
    user_name        = ""
    group_name       = "users"
    permission_level = "CAN_RUN"
  }
}

resource "databricks_workspace_conf" "this" {
  custom_config = {
    enableIpAccessLists = true
  }
}

resource "databricks_ip_access_list" "office" {
  label        = "office"
  list_type    = "ALLOW"
  ip_addresses = ["192.0.2.0/24", "127.0.0.1"]
  depends_on   = [databricks_workspace_conf.this]
}
