resource "databricks_mws_network_connectivity_config" "example" {
  name   = "example"
  region = "eu-west-1"
}
