resource "databricks_workspace_conf" "example" {
  custom_config = {
    enableResultsDownloading = "false"
    maxTokenLifetimeDays     = "90"
  }
}
