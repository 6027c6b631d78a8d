# A gateway endpoint for S3 and interface endpoints for STS and Kinesis.

resource "databricks_aws_vpc" "this" {
  cidr_block           = "10.6.0.0/16"
  enable_dns_hostnames = true
}

resource "databricks_aws_subnet" "this" {
  vpc_id     = databricks_aws_vpc.this.id
  cidr_block = "10.6.1.0/24"
}

resource "databricks_aws_route_table" "this" {
  vpc_id = databricks_aws_vpc.this.id
}

resource "databricks_aws_security_group" "endpoints" {
  name        = "endpoints"
  description = "To the interface endpoints"
  vpc_id      = databricks_aws_vpc.this.id

  ingress {
    description = "HTTPS"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [databricks_aws_vpc.this.cidr_block]
  }
}

resource "databricks_aws_vpc_endpoint" "s3" {
  vpc_id            = databricks_aws_vpc.this.id
  service_name      = "com.amazonaws.eu-west-1.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [databricks_aws_route_table.this.id]
}

resource "databricks_aws_vpc_endpoint" "interface" {
  for_each = toset(["sts", "kinesis-streams"])

  vpc_id              = databricks_aws_vpc.this.id
  service_name        = "com.amazonaws.eu-west-1.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [databricks_aws_subnet.this.id]
  security_group_ids  = [databricks_aws_security_group.endpoints.id]
  private_dns_enabled = true
}
