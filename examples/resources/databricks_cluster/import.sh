terraform import databricks_cluster.example 0123-456789-abcdefgh
