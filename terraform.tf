terraform {
  required_version = ">= 1.11"

  required_providers {
    databricks = {
      source  = "databricks-aws/databricks"
      version = "~> 0.1"
    }
  }

  # A state holds secrets: it is kept remotely, encrypted and locked. Where, says a file: scripts/bootstrap_state.sh makes the bucket,
  # and `terraform init -backend-config=vars/backend.hcl` is what every other machine needs.
  backend "s3" {}
}

# The account console and AWS. Host, account and credentials come from the environment (DATABRICKS_HOST,
# DATABRICKS_ACCOUNT_ID, DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET; the usual AWS_ variables).
provider "databricks" {
  aws {
    region       = var.region
    default_tags = var.tags
  }
}

# The workspace, with the account's own credentials: each run signs in anew, so that no run needs a stored token, and no token
# can expire under a deployment.
provider "databricks" {
  alias = "workspace"
  host  = module.databricks_provisioning.workspace_url
}
