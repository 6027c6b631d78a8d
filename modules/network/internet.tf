# The way to the internet: NAT gateways in public subnets. They cost by the hour, and are gone while the network sleeps; their
# addresses stay where they are to be kept, since allow lists elsewhere name them. A network without internet has none of it.

resource "databricks_aws_internet_gateway" "this" {
  count = length(local.nat_zones) > 0 ? 1 : 0

  vpc_id = local.vpc_id

  tags = { Name = var.name }
}

resource "databricks_aws_subnet" "public" {
  for_each = local.nat_zones

  vpc_id            = local.vpc_id
  cidr_block        = local.public_range[each.key]
  availability_zone = each.key

  tags = { Name = "${var.name}-public-${each.key}" }
}

resource "databricks_aws_route_table" "public" {
  count = length(local.nat_zones) > 0 ? 1 : 0

  vpc_id = local.vpc_id

  tags = { Name = "${var.name}-public" }
}

resource "databricks_aws_route" "internet" {
  count = length(local.nat_zones) > 0 ? 1 : 0

  route_table_id         = databricks_aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = databricks_aws_internet_gateway.this[0].id
}

resource "databricks_aws_route_table_association" "public" {
  for_each = local.nat_zones

  subnet_id      = databricks_aws_subnet.public[each.key].id
  route_table_id = databricks_aws_route_table.public[0].id
}

resource "databricks_aws_eip" "nat" {
  for_each = var.awake || var.keep_addresses ? local.nat_zones : toset([])

  tags = { Name = "${var.name}-nat-${each.key}" }

  # An address is mapped only where the VPC has a way to the internet.
  depends_on = [databricks_aws_internet_gateway.this]
}

resource "databricks_aws_nat_gateway" "this" {
  for_each = var.awake ? local.nat_zones : toset([])

  subnet_id     = databricks_aws_subnet.public[each.key].id
  allocation_id = databricks_aws_eip.nat[each.key].id

  tags = { Name = "${var.name}-${each.key}" }

  depends_on = [databricks_aws_route.internet, databricks_aws_route_table_association.public]
}

resource "databricks_aws_route" "nat" {
  for_each = var.awake ? local.nat_zone : {}

  route_table_id         = databricks_aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = databricks_aws_nat_gateway.this[each.value].id
}
