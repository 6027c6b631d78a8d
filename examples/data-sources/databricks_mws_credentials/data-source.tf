data "databricks_mws_credentials" "example" {}
