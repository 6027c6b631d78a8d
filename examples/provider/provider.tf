provider "databricks" {
  host       = "https://accounts.cloud.databricks.com"
  account_id = var.databricks_account_id

  aws {
    region       = "eu-west-1"
    default_tags = { project = "analytics" }
  }
}
