action "databricks_cluster_restart" "example" {
  config {
    cluster_id = databricks_cluster.example.id
  }
}

resource "terraform_data" "example" {
  input = "packages of 2026-11-30"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_cluster_restart.example]
    }
  }
}

resource "databricks_cluster" "example" {
  cluster_name            = "example"
  spark_version           = "17.3.x-scala2.13"
  node_type_id            = "m6gd.large"
  autotermination_minutes = 30
}
