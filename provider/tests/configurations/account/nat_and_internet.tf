# Public and private subnets with count, one NAT gateway, default routes in their own resources.

resource "databricks_aws_vpc" "main" {
  cidr_block = "10.5.0.0/16"
}

resource "databricks_aws_internet_gateway" "main" {
  vpc_id = databricks_aws_vpc.main.id
}

resource "databricks_aws_subnet" "public" {
  count = 2

  vpc_id                  = databricks_aws_vpc.main.id
  cidr_block              = cidrsubnet(databricks_aws_vpc.main.cidr_block, 4, count.index)
  map_public_ip_on_launch = true
}

resource "databricks_aws_subnet" "private" {
  count = 2

  vpc_id     = databricks_aws_vpc.main.id
  cidr_block = cidrsubnet(databricks_aws_vpc.main.cidr_block, 4, count.index + 8)
}

resource "databricks_aws_eip" "nat" {
  depends_on = [databricks_aws_internet_gateway.main]
}

resource "databricks_aws_nat_gateway" "main" {
  allocation_id = databricks_aws_eip.nat.id
  subnet_id     = databricks_aws_subnet.public[0].id
}

resource "databricks_aws_route_table" "public" {
  vpc_id = databricks_aws_vpc.main.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = databricks_aws_internet_gateway.main.id
  }
}

resource "databricks_aws_route_table" "private" {
  vpc_id = databricks_aws_vpc.main.id
}

resource "databricks_aws_route" "private" {
  route_table_id         = databricks_aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = databricks_aws_nat_gateway.main.id
}

resource "databricks_aws_route_table_association" "public" {
  count = length(databricks_aws_subnet.public)

  subnet_id      = databricks_aws_subnet.public[count.index].id
  route_table_id = databricks_aws_route_table.public.id
}

resource "databricks_aws_route_table_association" "private" {
  count = length(databricks_aws_subnet.private)

  subnet_id      = databricks_aws_subnet.private[count.index].id
  route_table_id = databricks_aws_route_table.private.id
}
