# An autoscaling cluster, and its bounds read back.

resource "databricks_cluster" "shared" {
  cluster_name            = "shared autoscaling"
  spark_version           = "15.4.x-scala2.12"
  node_type_id            = "i3.xlarge"
  autotermination_minutes = 20

  autoscale {
    min_workers = 1
    max_workers = 4
  }
}

output "most_workers" {
  value = databricks_cluster.shared.autoscale[0].max_workers
}
