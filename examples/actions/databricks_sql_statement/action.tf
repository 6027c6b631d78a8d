action "databricks_sql_statement" "example" {
  config {
    warehouse_id = "0123456789abcdef"
    statement    = "DELETE FROM main.default.events WHERE day < :day"

    parameters {
      name  = "day"
      value = "2026-01-01"
      type  = "DATE"
    }
  }
}

resource "terraform_data" "example" {
  input = "events since 2026"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_sql_statement.example]
    }
  }
}
