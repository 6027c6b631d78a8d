terraform import databricks_grant.example securable/name/principal
