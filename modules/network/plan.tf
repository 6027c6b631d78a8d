# What the network looks like, computed before anything is made.
#
# The range is cut once, by its own size, so that no later choice moves what stands: the first part is for gateways and
# endpoints, then come two sides of private subnets. A network configuration of Databricks cannot be changed while a
# workspace uses it, and none of its subnets and security groups can be in a second one. So a workspace whose network changes
# moves to the other side, and comes back with the next change.
# Sources: https://docs.databricks.com/aws/en/security/network/classic/customer-managed-vpc,
# https://docs.databricks.com/api/account/networks/create

data "databricks_aws_availability_zones" "this" {
  count = local.is_own ? 1 : 0
}

locals {
  is_own = var.existing_network == null

  # Zones.
  known_zones = flatten(data.databricks_aws_availability_zones.this[*].names)
  first_zones = slice(local.known_zones, 0, min(var.zone_count, length(local.known_zones)))
  zones       = local.is_own ? coalesce(var.zones, local.first_zones) : []

  # How the range is cut: /16 to /20 into 16 parts for six zones, /21 and /22 into 8 for three, /23 into 8 for two.
  range      = coalesce(var.vpc_cidr, "10.0.0.0/16")
  prefix     = tonumber(split("/", local.range)[1])
  most_zones = local.prefix <= 20 ? 6 : local.prefix <= 22 ? 3 : 2
  bits       = local.prefix <= 20 ? 4 : 3
  part_bits  = local.prefix <= 20 ? 4 : local.prefix <= 22 ? 3 : 2
  first_part = cidrsubnet(local.range, local.bits, 0)

  # Beyond what there is room for, the numbers begin anew: a precondition refuses that, in its own words. The first part has no
  # other side: there a zone has the same ranges whatever other zones are chosen, where there is room for all of the region's.
  number_of      = { for number, zone in local.zones : zone => number % local.most_zones }
  is_roomy       = local.most_zones >= length(local.known_zones)
  place_of       = { for zone, number in local.number_of : zone => local.is_roomy ? try(index(local.known_zones, zone), number) : number }
  public_range   = { for zone, place in local.place_of : zone => cidrsubnet(local.first_part, local.part_bits, place) }
  endpoint_range = { for zone, place in local.place_of : zone => cidrsubnet(local.first_part, local.part_bits, local.most_zones + place) }
  side_ranges = [
    for side in [0, 1] : {
      for zone, number in local.number_of : zone => cidrsubnet(local.range, local.bits, 1 + side * local.most_zones + number)
    }
  ]

  # A switch of PrivateLink and a zone more or less lead to the other side by themselves.
  side    = (var.network_generation + 1 + length(local.zones) + (var.back_end_private_link ? 1 : 0)) % 2
  private = { for zone, range in local.side_ranges[local.side] : "${zone}-${local.side + 1}" => { zone = zone, range = range } }

  # A node takes two addresses; AWS keeps five of a subnet.
  nodes_per_zone = floor((pow(2, 32 - local.prefix - local.bits) - 5) / 2)

  # Where NAT gateways stand: by the zones whose clusters use them.
  nat_zone  = { for zone in local.zones : zone => var.nat_gateways == "one" ? local.zones[0] : zone if var.nat_gateways != "none" }
  nat_zones = toset(values(local.nat_zone))

  vpc_id             = local.is_own ? one(databricks_aws_vpc.this[*].id) : var.existing_network.vpc_id
  private_subnet_ids = local.is_own ? [for subnet in databricks_aws_subnet.private : subnet.id] : var.existing_network.private_subnet_ids
  endpoint_subnet_ids = local.is_own ? [for subnet in databricks_aws_subnet.endpoints : subnet.id] : coalesce(
    var.existing_network.endpoint_subnet_ids, var.existing_network.private_subnet_ids,
  )
  has_own_group = local.is_own || try(var.existing_network.security_group_ids, null) == null
  security_group_ids = local.has_own_group ? (
    [for group in databricks_aws_security_group.workspace : group.id]
  ) : var.existing_network.security_group_ids
}
