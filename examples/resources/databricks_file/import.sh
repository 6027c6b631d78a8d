terraform import databricks_file.example /Volumes/catalog/schema/volume/file
