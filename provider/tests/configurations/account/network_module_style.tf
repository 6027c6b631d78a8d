# A module's inputs as lists and flags: what is switched off is null or empty.

variable "create_nat" {
  default = false
}

variable "extra_tags" {
  type    = map(string)
  default = {}
}

variable "peer_cidrs" {
  type    = list(string)
  default = []
}

resource "databricks_aws_vpc" "this" {
  cidr_block = "10.10.0.0/16"
  tags       = merge({ Name = "module-style" }, var.extra_tags)
}

resource "databricks_aws_subnet" "this" {
  count = 2

  vpc_id            = databricks_aws_vpc.this.id
  cidr_block        = cidrsubnet("10.10.0.0/16", 4, count.index)
  availability_zone = element(["eu-west-1a", "eu-west-1b"], count.index)
  tags              = var.extra_tags
}

resource "databricks_aws_eip" "nat" {
  count = var.create_nat ? 1 : 0
}

resource "databricks_aws_security_group" "this" {
  name   = "module-style"
  vpc_id = databricks_aws_vpc.this.id

  dynamic "ingress" {
    for_each = var.peer_cidrs
    content {
      from_port   = 443
      to_port     = 443
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }
}

resource "databricks_mws_networks" "this" {
  network_name       = "module-style"
  vpc_id             = databricks_aws_vpc.this.id
  subnet_ids         = databricks_aws_subnet.this.*.id
  security_group_ids = [databricks_aws_security_group.this.id]

  dynamic "vpc_endpoints" {
    for_each = length(var.peer_cidrs) > 0 ? [1] : []
    content {
      dataplane_relay = []
      rest_api        = []
    }
  }
}
