resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_subnet" "first" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.64.0/20"
}

resource "databricks_aws_subnet" "second" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.80.0/20"
}

resource "databricks_aws_route_table" "blue" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_route_table" "green" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_route_table_association" "example" {
  subnet_id      = databricks_aws_subnet.first.id
  route_table_id = databricks_aws_route_table.blue.id
}
