terraform import databricks_grants.example securable/name
