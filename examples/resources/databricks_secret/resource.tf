resource "databricks_secret_scope" "example" {
  name = "example-secrets"
}

resource "databricks_secret" "example" {
  scope        = databricks_secret_scope.example.name
  key          = "password"
  string_value = "not-a-real-password"
}
