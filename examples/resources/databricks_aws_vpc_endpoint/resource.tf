resource "databricks_aws_vpc" "example" {
  cidr_block           = "10.40.0.0/16"
  enable_dns_hostnames = true
}

resource "databricks_aws_subnet" "example" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.64.0/20"
}

resource "databricks_aws_security_group" "example" {
  name   = "analytics-endpoints"
  vpc_id = databricks_aws_vpc.example.id

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["10.40.0.0/16"]
  }
}

resource "databricks_aws_vpc_endpoint" "example" {
  vpc_id              = databricks_aws_vpc.example.id
  service_name        = "com.amazonaws.eu-west-1.sts"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [databricks_aws_subnet.example.id]
  security_group_ids  = [databricks_aws_security_group.example.id]

  tags = { Name = "analytics-sts" }
}
