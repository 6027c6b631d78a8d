data "databricks_mws_network_connectivity_configs" "example" {
  region = "eu-west-1"
}
