# What Databricks knows of the network: PrivateLink's endpoints, the network configuration, and who reaches the workspace.
#
# On a living workspace Terraform makes what is new, moves the workspace to it, and then takes away what was before: endpoints,
# their registrations and the new network configuration; the workspace; the former configuration, its subnets and groups.

# Their names have the endpoint's id, since a name is taken once and the new registration comes before the old one goes.
resource "databricks_mws_vpc_endpoint" "back_end" {
  for_each = toset(var.back_end_private_link ? ["workspace", "relay"] : [])

  vpc_endpoint_name   = "${var.name}-${each.key}-${trimprefix(var.private_link_endpoint_ids[each.key], "vpce-")}"
  aws_vpc_endpoint_id = var.private_link_endpoint_ids[each.key]
  region              = var.region

  lifecycle {
    create_before_destroy = true
  }
}

resource "databricks_mws_vpc_endpoint" "front_end" {
  for_each = var.front_end_vpc_endpoints

  vpc_endpoint_name   = "${var.name}-front-end-${each.key}-${trimprefix(each.value, "vpce-")}"
  aws_vpc_endpoint_id = each.value
  region              = var.region

  # The private access settings let go of it first.
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  back_end = databricks_mws_vpc_endpoint.back_end
  network = {
    vpc_id             = var.vpc_id
    subnet_ids         = sort(var.subnet_ids)
    security_group_ids = sort(var.security_group_ids)
    endpoints          = { for use, endpoint in local.back_end : use => endpoint.vpc_endpoint_id }
  }
}

# It cannot be changed, nor go while the workspace uses it. So its name is of what it contains: another content is another
# configuration, and the workspace moves to that one.
resource "databricks_mws_networks" "this" {
  network_name       = "${var.name}-${substr(sha256(jsonencode(local.network)), 0, 8)}"
  vpc_id             = var.vpc_id
  subnet_ids         = var.subnet_ids
  security_group_ids = var.security_group_ids

  dynamic "vpc_endpoints" {
    for_each = var.back_end_private_link ? [local.back_end] : []
    content {
      rest_api        = [vpc_endpoints.value["workspace"].vpc_endpoint_id]
      dataplane_relay = [vpc_endpoints.value["relay"].vpc_endpoint_id]
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# The service never takes them back off a workspace. So a workspace of the tier that can have them has them from the
# beginning, and a switch changes them in place.
resource "databricks_mws_private_access_settings" "this" {
  count = var.pricing_tier == "ENTERPRISE" ? 1 : 0

  private_access_settings_name = var.name
  region                       = var.region
  public_access_enabled        = !var.front_end_private_link

  # Where endpoints of people's own networks are named, these and the clusters' have access, and no other of the account.
  private_access_level = length(var.front_end_vpc_endpoints) > 0 ? "ENDPOINT" : "ACCOUNT"
  allowed_vpc_endpoint_ids = length(var.front_end_vpc_endpoints) > 0 ? concat(
    [for endpoint in databricks_mws_vpc_endpoint.front_end : endpoint.vpc_endpoint_id],
    [for use, endpoint in local.back_end : endpoint.vpc_endpoint_id if use == "workspace"],
  ) : []
}
