action "databricks_cluster_terminate" "example" {
  config {
    cluster_id = databricks_cluster.example.id
  }
}

resource "terraform_data" "example" {
  input = "the end of a deployment"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_cluster_terminate.example]
    }
  }
}

resource "databricks_cluster" "example" {
  cluster_name            = "example"
  spark_version           = "17.3.x-scala2.13"
  node_type_id            = "m6gd.large"
  autotermination_minutes = 30
}
