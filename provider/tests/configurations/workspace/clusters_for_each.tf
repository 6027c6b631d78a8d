# A cluster for each team, with a policy of nothing and an owner.

data "databricks_current_user" "me" {}

locals {
  teams = {
    sales   = { workers = 1, runtime = "STANDARD" }
    science = { workers = 2, runtime = "PHOTON" }
  }
}

resource "databricks_cluster" "team" {
  for_each = local.teams

  cluster_name            = "team ${each.key}"
  spark_version           = "15.4.x-scala2.12"
  node_type_id            = "i3.xlarge"
  autotermination_minutes = 10
  num_workers             = each.value.workers
  runtime_engine          = each.value.runtime
  data_security_mode      = "SINGLE_USER"
  single_user_name        = data.databricks_current_user.me.user_name
}

output "ids" {
  value = { for team, cluster in databricks_cluster.team : team => cluster.cluster_id }
}
