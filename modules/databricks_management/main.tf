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

  enable_local_disk_encryption = true

  dynamic "aws_attributes" {
    for_each = [for id, profile in databricks_instance_profile.this : profile.instance_profile_arn if id == "lake"]
    content {
      instance_profile_arn = aws_attributes.value
    }
  }

  # Otherwise a cluster keeps the profile of a data lake that goes, and does not start any more.
  clear_cloud_attributes_on_remove = true
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
