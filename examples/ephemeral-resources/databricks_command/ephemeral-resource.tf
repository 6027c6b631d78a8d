ephemeral "databricks_command" "example" {
  cluster_id = databricks_cluster.example.id
  language   = "python"
  command    = "print(1 + 1)"
}

resource "databricks_cluster" "example" {
  cluster_name            = "example"
  spark_version           = "17.3.x-scala2.13"
  node_type_id            = "m6gd.large"
  autotermination_minutes = 30
}
