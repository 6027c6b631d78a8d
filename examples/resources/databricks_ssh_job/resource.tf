resource "databricks_cluster" "example" {
  cluster_name       = "bootstrapped"
  spark_version      = "17.3.x-scala2.13"
  node_type_id       = "m5d.large"
  kind               = "CLASSIC_PREVIEW"
  is_single_node     = true
  data_security_mode = "SINGLE_USER"
}

resource "databricks_ssh_endpoint" "example" {
  name       = "bootstrapped"
  cluster_id = databricks_cluster.example.id
}

resource "databricks_ssh_job" "example" {
  name     = "prepare"
  endpoint = databricks_ssh_endpoint.example.endpoint
  command  = ["sh", "-c", "mkdir -p \"$SCRATCH\" && touch \"$SCRATCH/ready\" && echo ready"]
  environment = {
    SCRATCH = "/tmp/databricks-ssh-job-example"
  }
  timeout    = "10m"
  on_destroy = ["sh", "-c", "rm -r \"$SCRATCH\""]
  triggers = {
    endpoint = databricks_ssh_endpoint.example.id
    cluster  = databricks_cluster.example.id
  }
}

output "prepared" {
  value = databricks_ssh_job.example.stdout_tail
}
