# The workspace's group: its members reach each other, and outside just the ports that Databricks uses. The endpoints' groups:
# what the clusters reach them by.

locals {
  # By the last port of each range.
  outbound_ports = {
    443  = "Databricks control plane, libraries, data"
    2443 = "FIPS encryption"
    3306 = "Legacy Hive metastore"
    6666 = "Secure cluster connectivity"
    8443 = "Calls from compute to the control plane"
    8444 = "Unity Catalog logging and lineage"
    8451 = "Future use"
  }
  # Of these, what goes through PrivateLink.
  private_link_ports = { for port, use in local.outbound_ports : port => use if port != "3306" }

  # Where clusters stand, on both sides: the endpoints' groups stay as they are when the clusters move.
  cluster_ranges = local.is_own ? flatten([for side in local.side_ranges : values(side)]) : null
  cluster_groups = local.is_own ? null : local.security_group_ids
}

resource "databricks_aws_security_group" "workspace" {
  for_each = local.has_own_group ? toset([tostring(local.side + 1)]) : toset([])

  name        = "${var.name}-workspace-${each.key}"
  description = "Databricks clusters of ${var.name}"
  vpc_id      = local.vpc_id

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

  tags = { Name = "${var.name}-workspace-${each.key}" }
}

resource "databricks_aws_security_group" "endpoints" {
  count = var.vpc_endpoints ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Interface endpoints of ${var.name}"
  vpc_id      = local.vpc_id

  ingress {
    description     = "From the clusters"
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
    cidr_blocks     = local.cluster_ranges
    security_groups = local.cluster_groups
  }

  tags = { Name = "${var.name}-endpoints" }
}

resource "databricks_aws_security_group" "private_link" {
  count = var.back_end_private_link ? 1 : 0

  name        = "${var.name}-private-link"
  description = "Endpoints to Databricks of ${var.name}"
  vpc_id      = local.vpc_id

  dynamic "ingress" {
    for_each = local.private_link_ports
    content {
      description     = ingress.value
      protocol        = "tcp"
      from_port       = ingress.key == "8451" ? 8445 : tonumber(ingress.key)
      to_port         = tonumber(ingress.key)
      cidr_blocks     = local.cluster_ranges
      security_groups = local.cluster_groups
    }
  }

  tags = { Name = "${var.name}-private-link" }
}
