resource "databricks_mws_network_connectivity_config" "example" {
  name   = "example"
  region = "eu-west-1"
}

data "databricks_mws_network_connectivity_config" "example" {
  name = databricks_mws_network_connectivity_config.example.name
}
