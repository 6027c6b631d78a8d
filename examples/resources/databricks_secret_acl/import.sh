terraform import databricks_secret_acl.example scope|||principal
