terraform {
  required_version = ">= 1.11"

  required_providers {
    databricks = {
      source  = "databricks-aws/databricks"
      version = "~> 0.1"
    }
  }

  # A shared deployment keeps its state remotely, encrypted and locked:
  #
  # backend "s3" {
  #   bucket       = "…"
  #   key          = "databricks/terraform.tfstate"
  #   region       = "…"
  #   encrypt      = true
  #   use_lockfile = true
  # }
}

# The account console and AWS. Host, account and credentials come from the environment (DATABRICKS_HOST,
# DATABRICKS_ACCOUNT_ID, DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET; the usual AWS_ variables).
provider "databricks" {
  aws {
    region       = var.region
    default_tags = var.tags
  }
}

# The workspace, with the account's own credentials: issues the tokens that the next two use.
provider "databricks" {
  alias = "workspace"
  host  = module.databricks_provisioning.workspace_url
}

# The workspace, with a personal access token: creates clusters and files.
provider "databricks" {
  alias = "token"
  host  = module.databricks_provisioning.workspace_url
  token = module.databricks_provisioning.token
}

# The workspace, as the deployment's service principal: everything else.
provider "databricks" {
  alias         = "service_principal"
  host          = module.databricks_provisioning.workspace_url
  client_id     = module.databricks_provisioning.service_principal_client_id
  client_secret = module.databricks_provisioning.service_principal_client_secret
}
