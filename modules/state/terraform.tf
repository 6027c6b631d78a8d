terraform {
  required_version = ">= 1.11"

  required_providers {
    databricks = {
      source  = "databricks-aws/databricks"
      version = "~> 0.1"
    }
  }

  backend "s3" {}
}
