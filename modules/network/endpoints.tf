# VPC endpoints: the ways to AWS and to Databricks that do not cross the internet. S3's gateway endpoint is free and stays. STS's
# and Kinesis' cost by the hour and sleep with the network. PrivateLink's cost by the hour too, but Databricks knows them by their
# ids: one that was made anew would have to be registered anew, so they stay.

locals {
  everything = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "*", Resource = "*" }]
  })

  # A policy that is taken out of a configuration is left alone: what lets everything through is said too.
  endpoint_policy = {
    for service in ["s3", "sts", "kinesis-streams"] : service => var.restrict_endpoints ? provider::databricks::aws_vpc_endpoint_policy(
      service, var.aws_account_id, var.region, { root_buckets = var.root_buckets, buckets = var.buckets },
    ) : local.everything
  }

  private_link_service = var.back_end_private_link ? provider::databricks::aws_privatelink_services(var.region) : null
  private_link = var.back_end_private_link ? {
    workspace = local.private_link_service.workspace
    relay     = local.private_link_service.relay
  } : {}

  interface_endpoints = var.vpc_endpoints && var.awake ? toset(["sts", "kinesis-streams"]) : toset([])
}

# Their own subnets, one a zone: they stay where they are when the clusters' move.
resource "databricks_aws_subnet" "endpoints" {
  for_each = var.vpc_endpoints || var.back_end_private_link ? local.endpoint_range : {}

  vpc_id            = local.vpc_id
  cidr_block        = each.value
  availability_zone = each.key

  tags = { Name = "${var.name}-endpoints-${each.key}" }
}

resource "databricks_aws_route_table_association" "endpoints" {
  for_each = databricks_aws_subnet.endpoints

  subnet_id      = each.value.id
  route_table_id = databricks_aws_route_table.private[each.key].id
}

resource "databricks_aws_vpc_endpoint" "s3" {
  count = var.vpc_endpoints ? 1 : 0

  vpc_id            = local.vpc_id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  policy            = local.endpoint_policy.s3
  route_table_ids = local.is_own ? concat(
    [for table in databricks_aws_route_table.private : table.id], databricks_aws_route_table.public[*].id,
  ) : var.existing_network.route_table_ids

  tags = { Name = "${var.name}-s3" }
}

resource "databricks_aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  vpc_id              = local.vpc_id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  policy              = local.endpoint_policy[each.key]
  subnet_ids          = local.endpoint_subnet_ids
  security_group_ids  = databricks_aws_security_group.endpoints[*].id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "databricks_aws_vpc_endpoint" "private_link" {
  for_each = local.private_link

  vpc_id              = local.vpc_id
  service_name        = each.value
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = local.endpoint_subnet_ids
  security_group_ids  = databricks_aws_security_group.private_link[*].id

  tags = { Name = "${var.name}-databricks-${each.key}" }
}
