output "vpc_id" {
  description = "The VPC."
  value       = local.vpc_id
}

output "private_subnet_ids" {
  description = "The private subnets of the clusters."
  value       = local.private_subnet_ids

  # Whoever uses the network finds it whole.
  depends_on = [databricks_aws_route_table_association.private]
}

output "security_group_ids" {
  description = "The clusters' security groups."
  value       = local.security_group_ids
}

output "private_link_endpoint_ids" {
  description = "PrivateLink's endpoints to Databricks, by their use: workspace and relay. Empty without back_end_private_link."
  value       = { for use, endpoint in databricks_aws_vpc_endpoint.private_link : use => endpoint.id }
}

output "addresses" {
  description = "Public addresses from which clusters reach the internet."
  value       = [for address in databricks_aws_eip.nat : address.public_ip]
}

output "nodes_per_zone" {
  description = "How many nodes fit into a zone at once; null in an existing network."
  value       = local.is_own ? local.nodes_per_zone : null
}

locals {
  subnets_of_endpoints = local.is_own ? length(local.endpoint_range) : length(local.endpoint_subnet_ids)
}

output "hourly" {
  description = "How many things cost by the hour, by their kind, awake and asleep. An endpoint counts once for each of its subnets."
  value = {
    awake = {
      nat_gateway        = length(local.nat_zones)
      public_address     = length(local.nat_zones)
      interface_endpoint = local.subnets_of_endpoints * (length(local.private_link) + (var.vpc_endpoints ? 2 : 0))
    }
    asleep = {
      nat_gateway        = 0
      public_address     = var.keep_addresses ? length(local.nat_zones) : 0
      interface_endpoint = local.subnets_of_endpoints * length(local.private_link)
    }
  }
}
