action "databricks_aws_network_sleep" "example" {
  config {
    vpc_id           = "vpc-0123456789abcdef0"
    vpc_endpoint_ids = ["vpce-0123456789abcdef0"]
  }
}

resource "terraform_data" "example" {
  input = "weekend"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_aws_network_sleep.example]
    }
  }
}
