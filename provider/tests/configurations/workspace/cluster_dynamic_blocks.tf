# Blocks that are there or not, by variables and by a value that is known only after the apply.

resource "terraform_data" "size" {
  input = "fixed"
}

variable "on_demand" {
  default = true
}

resource "databricks_cluster" "this" {
  cluster_name            = "dynamic blocks"
  spark_version           = "15.4.x-scala2.12"
  node_type_id            = "i3.xlarge"
  autotermination_minutes = 15
  num_workers             = 1

  dynamic "autoscale" {
    for_each = terraform_data.size.output == "elastic" ? [1] : []
    content {
      min_workers = 1
      max_workers = 2
    }
  }

  dynamic "aws_attributes" {
    for_each = var.on_demand ? [{ availability = "ON_DEMAND" }] : []
    content {
      availability = aws_attributes.value.availability
    }
  }
}
