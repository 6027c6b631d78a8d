# What runs in the workspace: a single-node cluster, and SSH to it.

resource "databricks_cluster" "this" {
  cluster_name            = var.name
  spark_version           = var.spark_version
  node_type_id            = var.node_type_id
  num_workers             = 0
  is_single_node          = true
  kind                    = "CLASSIC_PREVIEW"
  data_security_mode      = "SINGLE_USER"
  single_user_name        = one(compact([var.cluster_user, var.cluster_group]))
  autotermination_minutes = var.autotermination_minutes
}

resource "databricks_ssh_endpoint" "this" {
  cluster_id         = databricks_cluster.this.id
  name               = var.name
  client_public_keys = var.ssh_clients
  max_clients        = var.ssh_max_clients

  # A dedicated cluster serves nobody else.
  users  = compact([var.cluster_user])
  groups = compact([var.cluster_group])
}
