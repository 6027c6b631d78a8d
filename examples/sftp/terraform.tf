terraform {
  # Ephemeral variables and write-only values.
  required_version = ">= 1.11"
  required_providers {
    databricks = {
      source = "databricks-aws/databricks"
    }
  }
}
