action "databricks_token_revoke" "example" {
  config {
    token_id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
}

resource "terraform_data" "example" {
  input = "incident 7"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_token_revoke.example]
    }
  }
}
