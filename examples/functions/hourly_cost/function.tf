output "example" {
  value = format("%.2f USD a month", provider::databricks::hourly_cost(
    { nat_gateway = 1, interface_endpoint = 4 },
    { nat_gateway = 0.045, interface_endpoint = 0.01, public_address = 0.005 },
  ).month)
}
