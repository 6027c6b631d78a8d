resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_internet_gateway" "example" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_subnet" "example" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.0.0/24"
}

resource "databricks_aws_eip" "example" {
  depends_on = [databricks_aws_internet_gateway.example]
}

resource "databricks_aws_nat_gateway" "example" {
  subnet_id     = databricks_aws_subnet.example.id
  allocation_id = databricks_aws_eip.example.id

  depends_on = [databricks_aws_internet_gateway.example]
}

resource "databricks_aws_route_table" "example" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_route" "example" {
  route_table_id         = databricks_aws_route_table.example.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = databricks_aws_nat_gateway.example.id
}
