terraform import databricks_secret.example scope|||key
