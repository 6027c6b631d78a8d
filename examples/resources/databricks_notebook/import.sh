terraform import databricks_notebook.example /path/to/notebook
