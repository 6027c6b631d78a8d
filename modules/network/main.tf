# A VPC with private subnets for the workspace, which reach the internet through one NAT gateway, and AWS's services
# through endpoints. Source of the rules: https://docs.databricks.com/aws/en/security/network/classic/customer-managed-vpc

resource "databricks_aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.name }
}

resource "databricks_aws_subnet" "public" {
  vpc_id            = databricks_aws_vpc.this.id
  cidr_block        = var.public_subnet_cidr
  availability_zone = keys(var.private_subnets)[0]

  tags = { Name = "${var.name}-public" }
}

resource "databricks_aws_subnet" "private" {
  for_each = var.private_subnets

  vpc_id            = databricks_aws_vpc.this.id
  cidr_block        = each.value
  availability_zone = each.key

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "databricks_aws_internet_gateway" "this" {
  vpc_id = databricks_aws_vpc.this.id

  tags = { Name = var.name }
}

resource "databricks_aws_route_table" "public" {
  vpc_id = databricks_aws_vpc.this.id

  tags = { Name = "${var.name}-public" }
}

resource "databricks_aws_route" "internet" {
  route_table_id         = databricks_aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = databricks_aws_internet_gateway.this.id
}

resource "databricks_aws_route_table_association" "public" {
  subnet_id      = databricks_aws_subnet.public.id
  route_table_id = databricks_aws_route_table.public.id
}

resource "databricks_aws_route_table" "private" {
  vpc_id = databricks_aws_vpc.this.id

  tags = { Name = "${var.name}-private" }
}

resource "databricks_aws_route_table_association" "private" {
  for_each = databricks_aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = databricks_aws_route_table.private.id
}

# The way out, which costs by the hour: gone while the network sleeps.

resource "databricks_aws_eip" "nat" {
  count = var.awake ? 1 : 0

  tags = { Name = "${var.name}-nat" }

  # An address is mapped only where the VPC has a way to the internet.
  depends_on = [databricks_aws_internet_gateway.this]
}

resource "databricks_aws_nat_gateway" "this" {
  count = var.awake ? 1 : 0

  subnet_id     = databricks_aws_subnet.public.id
  allocation_id = databricks_aws_eip.nat[0].id

  tags = { Name = var.name }

  depends_on = [databricks_aws_route.internet, databricks_aws_route_table_association.public]
}

resource "databricks_aws_route" "nat" {
  count = var.awake ? 1 : 0

  route_table_id         = databricks_aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = databricks_aws_nat_gateway.this[0].id
}
