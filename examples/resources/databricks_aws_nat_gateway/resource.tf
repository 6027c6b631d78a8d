resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_internet_gateway" "example" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_subnet" "public" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.0.0/24"
}

resource "databricks_aws_route_table" "public" {
  vpc_id = databricks_aws_vpc.example.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = databricks_aws_internet_gateway.example.id
  }
}

resource "databricks_aws_route_table_association" "public" {
  subnet_id      = databricks_aws_subnet.public.id
  route_table_id = databricks_aws_route_table.public.id
}

resource "databricks_aws_eip" "first" {
  depends_on = [databricks_aws_internet_gateway.example]
}

resource "databricks_aws_eip" "second" {
  depends_on = [databricks_aws_internet_gateway.example]
}

resource "databricks_aws_nat_gateway" "example" {
  subnet_id     = databricks_aws_subnet.public.id
  allocation_id = databricks_aws_eip.first.id

  tags = { Name = "analytics" }

  depends_on = [databricks_aws_route_table_association.public]
}
