resource "databricks_mws_network_connectivity_config" "example" {
  name   = "example"
  region = "eu-west-1"
}

resource "databricks_mws_ncc_private_endpoint_rule" "example" {
  network_connectivity_config_id = databricks_mws_network_connectivity_config.example.network_connectivity_config_id
  endpoint_service               = "com.amazonaws.eu-west-1.s3"
  resource_names                 = ["example-bucket"]
}
