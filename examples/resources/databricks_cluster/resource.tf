resource "databricks_cluster" "example" {
  cluster_name            = "example"
  spark_version           = "17.3.x-scala2.13"
  node_type_id            = "m6gd.large"
  kind                    = "CLASSIC_PREVIEW"
  is_single_node          = true
  data_security_mode      = "SINGLE_USER"
  autotermination_minutes = 30

  aws_attributes {
    zone_id = "auto"
  }

  custom_tags = {
    team = "data"
  }
}
