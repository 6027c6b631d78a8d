# The workspace's group: its members reach each other, and outside just the ports that Databricks uses.

locals {
  outbound_ports = {
    443  = "Databricks control plane, libraries, data"
    2443 = "FIPS encryption"
    3306 = "Legacy Hive metastore"
    6666 = "Secure cluster connectivity"
    8443 = "Calls from compute to the control plane"
    8444 = "Unity Catalog logging and lineage"
    8451 = "Future use"
  }
}

resource "databricks_aws_security_group" "workspace" {
  name        = "${var.name}-workspace"
  description = "Databricks clusters of ${var.name}"
  vpc_id      = databricks_aws_vpc.this.id

  dynamic "ingress" {
    for_each = ["tcp", "udp"]
    content {
      description = "Between the nodes"
      protocol    = ingress.value
      from_port   = 0
      to_port     = 65535
      self        = true
    }
  }

  dynamic "egress" {
    for_each = ["tcp", "udp"]
    content {
      description = "Between the nodes"
      protocol    = egress.value
      from_port   = 0
      to_port     = 65535
      self        = true
    }
  }

  dynamic "egress" {
    for_each = local.outbound_ports
    content {
      description = egress.value
      protocol    = "tcp"
      from_port   = egress.key == "8451" ? 8445 : tonumber(egress.key)
      to_port     = tonumber(egress.key)
      cidr_blocks = ["0.0.0.0/0"]
    }
  }

  tags = { Name = "${var.name}-workspace" }
}

resource "databricks_aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Interface endpoints of ${var.name}"
  vpc_id      = databricks_aws_vpc.this.id

  ingress {
    description     = "From the clusters"
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
    security_groups = [databricks_aws_security_group.workspace.id]
  }

  tags = { Name = "${var.name}-endpoints" }
}
