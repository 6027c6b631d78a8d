resource "databricks_ip_access_list" "example" {
  label        = "office"
  list_type    = "ALLOW"
  ip_addresses = ["192.0.2.0/24", "198.51.100.7"]
}
