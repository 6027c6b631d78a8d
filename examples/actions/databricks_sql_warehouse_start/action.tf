action "databricks_sql_warehouse_start" "example" {
  config {
    id = "0123456789abcdef"
  }
}

resource "terraform_data" "example" {
  input = "nightly"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_sql_warehouse_start.example]
    }
  }
}
