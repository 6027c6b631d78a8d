output "notebooks" {
  description = "Addresses of the notebooks, in the order of the steps."
  value       = [for name in sort(keys(databricks_notebook.steps)) : databricks_notebook.steps[name].url]
}

output "notebook_parameters" {
  description = "What the notebooks' widgets are to be set to, where the names are not the default ones."
  value = {
    scope      = databricks_secret_scope.sftp.name
    connection = databricks_connection.source.name
    catalog    = databricks_catalog.sftp.name
    schema     = databricks_schema.config.name
  }
}
