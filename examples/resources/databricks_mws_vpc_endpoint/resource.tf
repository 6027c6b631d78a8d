resource "databricks_mws_vpc_endpoint" "example" {
  vpc_endpoint_name   = "example"
  aws_vpc_endpoint_id = "vpce-0123456789abcdef0"
  region              = "eu-west-1"
}
