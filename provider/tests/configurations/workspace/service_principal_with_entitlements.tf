# A principal of the workspace that may make clusters, and one that already has its application id.

resource "databricks_service_principal" "jobs" {
  display_name               = "jobs"
  allow_cluster_create       = true
  allow_instance_pool_create = false
  databricks_sql_access      = true
  workspace_access           = true
}
