terraform {
  required_providers {
    databricks = {
      source  = "databricks-aws/databricks"
      version = "~> 0.1"
    }
  }
}
