# A workspace behind PrivateLink: endpoints, private access settings, the network with both.

resource "databricks_mws_credentials" "this" {
  credentials_name = "workspace-private-link-creds"
  role_arn         = "arn:aws:iam::123456789012:role/workspace-private-link"
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = "workspace-private-link-storage"
  bucket_name                = "workspace-private-link-root"
}

resource "databricks_aws_vpc" "this" {
  cidr_block           = "10.7.0.0/16"
  enable_dns_hostnames = true
}

resource "databricks_aws_subnet" "this" {
  count = 3

  vpc_id            = databricks_aws_vpc.this.id
  cidr_block        = cidrsubnet(databricks_aws_vpc.this.cidr_block, 8, count.index)
  availability_zone = "eu-west-1${["a", "b", "c"][count.index]}"
}

resource "databricks_aws_security_group" "this" {
  name   = "private-link"
  vpc_id = databricks_aws_vpc.this.id
}

resource "databricks_aws_vpc_endpoint" "backend" {
  for_each = {
    rest  = "com.amazonaws.vpce.eu-west-1.vpce-svc-0da6ebf1461278016"
    relay = "com.amazonaws.vpce.eu-west-1.vpce-svc-09b4eb2bc775f4e8c"
  }

  vpc_id             = databricks_aws_vpc.this.id
  service_name       = each.value
  vpc_endpoint_type  = "Interface"
  subnet_ids         = [databricks_aws_subnet.this[2].id]
  security_group_ids = [databricks_aws_security_group.this.id]
}

resource "databricks_mws_vpc_endpoint" "this" {
  for_each = databricks_aws_vpc_endpoint.backend

  aws_vpc_endpoint_id = each.value.id
  vpc_endpoint_name   = "private-link-${each.key}"
  region              = "eu-west-1"
}

resource "databricks_mws_private_access_settings" "this" {
  private_access_settings_name = "private-link"
  region                       = "eu-west-1"
  public_access_enabled        = true
}

resource "databricks_mws_networks" "this" {
  network_name       = "private-link"
  vpc_id             = databricks_aws_vpc.this.id
  subnet_ids         = slice(databricks_aws_subnet.this[*].id, 0, 2)
  security_group_ids = [databricks_aws_security_group.this.id]

  vpc_endpoints {
    dataplane_relay = [databricks_mws_vpc_endpoint.this["relay"].vpc_endpoint_id]
    rest_api        = [databricks_mws_vpc_endpoint.this["rest"].vpc_endpoint_id]
  }
}

resource "databricks_mws_workspaces" "this" {
  workspace_name = "private-link"
  aws_region     = "eu-west-1"
  pricing_tier   = "ENTERPRISE"

  credentials_id             = databricks_mws_credentials.this.credentials_id
  storage_configuration_id   = databricks_mws_storage_configurations.this.storage_configuration_id
  network_id                 = databricks_mws_networks.this.network_id
  private_access_settings_id = databricks_mws_private_access_settings.this.private_access_settings_id
}

output "rest_endpoint" {
  value = one(databricks_mws_networks.this.vpc_endpoints[0].rest_api)
}
