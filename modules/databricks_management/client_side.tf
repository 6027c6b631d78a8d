# The cluster that encrypts what it writes before it leaves it, and decrypts what it reads: S3A's client-side encryption.
# https://hadoop.apache.org/docs/current/hadoop-aws/tools/hadoop-aws/encryption.html
#
# It is one without Unity Catalog, whose compute reaches data by other ways than S3A's settings, and would write plain text. As what is in lake.tf it is
# made by way of the account.

resource "databricks_cluster" "client_side" {
  count    = length(var.client_side) > 0 ? 1 : 0
  provider = databricks.account

  cluster_name            = "${var.name}-client-side"
  spark_version           = var.spark_version
  node_type_id            = var.node_type_id
  num_workers             = 0
  data_security_mode      = "NONE"
  autotermination_minutes = var.autotermination_minutes

  enable_local_disk_encryption = true

  # By bucket: all others stay as S3 encrypts them.
  spark_conf = merge(
    { "spark.databricks.cluster.profile" = "singleNode", "spark.master" = "local[*]" },
    [for bucket, key in var.client_side : {
      "spark.hadoop.fs.s3a.bucket.${bucket}.encryption.algorithm" = "CSE-KMS"
      "spark.hadoop.fs.s3a.bucket.${bucket}.encryption.key"       = key
    }]...
  )
  custom_tags = { ResourceClass = "SingleNode" }

  provider_config {
    workspace_id = var.workspace_id
  }

  aws_attributes {
    instance_profile_arn = databricks_instance_profile.this["client-side"].instance_profile_arn
  }
}
