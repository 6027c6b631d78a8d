# A module's optional texts, all of them empty.

variable "policy_id" {
  default = ""
}

resource "databricks_cluster" "this" {
  cluster_name            = "empty texts"
  spark_version           = "15.4.x-scala2.12"
  node_type_id            = "i3.xlarge"
  driver_node_type_id     = ""
  autotermination_minutes = 15
  num_workers             = 1
  policy_id               = var.policy_id
  instance_pool_id        = ""
  single_user_name        = ""
  custom_tags             = {}
  ssh_public_keys         = []

  timeouts {
    create = "30m"
  }
}
