resource "databricks_mws_credentials" "example" {
  credentials_name = "example"
  role_arn         = "arn:aws:iam::123456789012:role/databricks"
}

resource "databricks_mws_storage_configurations" "example" {
  storage_configuration_name = "example"
  bucket_name                = "example-root-bucket"
}

resource "databricks_mws_networks" "example" {
  network_name       = "example"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdefa", "subnet-0123456789abcdefb"]
  security_group_ids = ["sg-0123456789abcdefa"]
}

resource "databricks_mws_workspaces" "example" {
  workspace_name = "example"
  aws_region     = "eu-west-1"

  credentials_id           = databricks_mws_credentials.example.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.example.storage_configuration_id
  network_id               = databricks_mws_networks.example.network_id

  custom_tags = {
    team = "data"
  }
}
