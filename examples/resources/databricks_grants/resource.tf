resource "databricks_catalog" "example" {
  name = "example_of_grants"
}

resource "databricks_grants" "example" {
  catalog = databricks_catalog.example.name
  grant {
    principal  = "account users"
    privileges = ["USE_CATALOG", "BROWSE"]
  }
  grant {
    principal  = "data-engineers"
    privileges = ["ALL_PRIVILEGES"]
  }
}
