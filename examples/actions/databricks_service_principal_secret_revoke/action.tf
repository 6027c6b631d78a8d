action "databricks_service_principal_secret_revoke" "example" {
  config {
    service_principal_id = "1234567890123456"
    secret_id            = "0e1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b"
  }
}

resource "terraform_data" "example" {
  input = "incident 7"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_service_principal_secret_revoke.example]
    }
  }
}
