# S3 goes through a gateway endpoint, which is free and stays. STS and Kinesis are interface endpoints, which cost by the
# hour and sleep with the network.

resource "databricks_aws_vpc_endpoint" "s3" {
  vpc_id            = databricks_aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [databricks_aws_route_table.private.id, databricks_aws_route_table.public.id]

  tags = { Name = "${var.name}-s3" }
}

resource "databricks_aws_vpc_endpoint" "interface" {
  for_each = var.awake ? toset(["sts", "kinesis-streams"]) : toset([])

  vpc_id              = databricks_aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in databricks_aws_subnet.private : subnet.id]
  security_group_ids  = [databricks_aws_security_group.endpoints.id]

  tags = { Name = "${var.name}-${each.value}" }
}
