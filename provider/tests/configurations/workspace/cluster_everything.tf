# What larger deployments set: AWS attributes, scripts, logs, environment, libraries.

variable "pypi" {
  type    = list(string)
  default = ["prophet==1.1.5", "faker"]
}

resource "databricks_cluster" "this" {
  cluster_name            = "everything"
  spark_version           = "15.4.x-scala2.12"
  node_type_id            = "i3.xlarge"
  driver_node_type_id     = "i3.xlarge"
  autotermination_minutes = 60
  num_workers             = 2
  data_security_mode      = "USER_ISOLATION"
  is_pinned               = true

  aws_attributes {
    availability           = "SPOT"
    zone_id                = "auto"
    first_on_demand        = 1
    spot_bid_price_percent = 100
  }

  init_scripts {
    workspace {
      destination = "/Shared/init.sh"
    }
  }

  cluster_log_conf {
    dbfs {
      destination = "dbfs:/cluster-logs"
    }
  }

  spark_conf = {
    "spark.databricks.io.cache.enabled" = true
  }

  spark_env_vars = {
    STAGE = "dev"
    GONE  = null
  }

  custom_tags = {
    Department = "Engineering"
  }

  dynamic "library" {
    for_each = toset(var.pypi)
    content {
      pypi {
        package = library.value
      }
    }
  }

  library {
    maven {
      coordinates = "com.amazon.deequ:deequ:2.0.7-spark-3.5"
      exclusions  = ["org.apache.avro:avro"]
    }
  }
}
