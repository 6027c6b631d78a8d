resource "databricks_mws_private_access_settings" "example" {
  private_access_settings_name = "example"
  region                       = "eu-west-1"
  public_access_enabled        = true
}
