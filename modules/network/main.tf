# A VPC with private subnets for the workspace's clusters, one a zone. How they reach the internet stands in internet.tf,
# how they reach AWS and Databricks without it in endpoints.tf. An existing network takes the place of all that is here.

resource "databricks_aws_vpc" "this" {
  count = local.is_own ? 1 : 0

  cidr_block           = var.vpc_cidr
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.name }

  lifecycle {
    precondition {
      condition     = length(local.zones) >= 2 && length(local.zones) <= local.most_zones
      error_message = "zone_count or zones: this network has ${length(local.zones)} zones, and in ${var.region} with vpc_cidr = ${local.range} there is room for 2 to ${min(local.most_zones, length(local.known_zones))}."
    }
    precondition {
      condition     = var.zones == null ? var.zone_count <= length(local.known_zones) : length(setsubtract(var.zones, local.known_zones)) == 0
      error_message = "zones or zone_count: the zones of ${var.region} are ${join(", ", local.known_zones)}."
    }
    precondition {
      condition     = coalesce(var.nodes, 1) <= local.nodes_per_zone
      error_message = "nodes: ${coalesce(var.nodes, 1)} nodes do not fit into a zone's subnet of vpc_cidr = ${local.range}: ${local.nodes_per_zone} do. Each takes two addresses, and AWS keeps five."
    }
  }
}

resource "databricks_aws_subnet" "private" {
  for_each = local.private

  vpc_id            = local.vpc_id
  cidr_block        = each.value.range
  availability_zone = each.value.zone

  tags = { Name = "${var.name}-private-${each.key}" }
}

# A table a zone, whether or not the zone has a NAT gateway of its own: it can get one later.
resource "databricks_aws_route_table" "private" {
  for_each = toset(local.zones)

  vpc_id = local.vpc_id

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "databricks_aws_route_table_association" "private" {
  for_each = local.private

  subnet_id      = databricks_aws_subnet.private[each.key].id
  route_table_id = databricks_aws_route_table.private[each.value.zone].id
}

# Who talked to whom, in files of a bucket whose policy lets AWS write them.
resource "databricks_aws_flow_log" "this" {
  count = var.flow_logs ? 1 : 0

  vpc_id               = local.vpc_id
  log_destination_type = "s3"
  log_destination      = var.flow_log_bucket_arn
  traffic_type         = "ALL"

  tags = { Name = var.name }
}
