# Subnets from a map, an association for each, and the network registered with Databricks.

variable "zones" {
  type    = map(string)
  default = { a = "10.4.0.0/20", b = "10.4.16.0/20" }
}

resource "databricks_aws_vpc" "this" {
  cidr_block           = "10.4.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = "for-each-vpc" }
}

resource "databricks_aws_subnet" "private" {
  for_each = var.zones

  vpc_id            = databricks_aws_vpc.this.id
  cidr_block        = each.value
  availability_zone = "eu-west-1${each.key}"
  tags              = { Name = "for-each-${each.key}" }
}

resource "databricks_aws_route_table" "private" {
  vpc_id = databricks_aws_vpc.this.id
}

resource "databricks_aws_route_table_association" "private" {
  for_each = databricks_aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = databricks_aws_route_table.private.id
}

resource "databricks_aws_security_group" "this" {
  name   = "for-each-sg"
  vpc_id = databricks_aws_vpc.this.id

  dynamic "ingress" {
    for_each = ["tcp", "udp"]
    content {
      from_port = 0
      to_port   = 65535
      protocol  = ingress.value
      self      = true
    }
  }

  dynamic "egress" {
    for_each = toset([443, 3306, 6666])
    content {
      from_port   = egress.value
      to_port     = egress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}

resource "databricks_mws_networks" "this" {
  network_name       = "for-each-network"
  vpc_id             = databricks_aws_vpc.this.id
  subnet_ids         = [for subnet in databricks_aws_subnet.private : subnet.id]
  security_group_ids = [databricks_aws_security_group.this.id]
}
