action "databricks_command" "example" {
  config {
    cluster_id = databricks_cluster.example.id
    language   = "sql"
    command    = "CREATE SCHEMA IF NOT EXISTS main.example"
  }
}

resource "terraform_data" "example" {
  input = "schema 1"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_command.example]
    }
  }
}

resource "databricks_cluster" "example" {
  cluster_name            = "example"
  spark_version           = "17.3.x-scala2.13"
  node_type_id            = "m6gd.large"
  autotermination_minutes = 30
}
